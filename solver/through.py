"""Actions that carry the robot through postures at given times (keyframes).

    min_U  1/2 sum_k |q(t_k) - q_k|^2 / miss^2  +  1/2 mean_t |(u_t - rest) / scale|^2

where keyframe k counts in the coordinates that it names.  A miss, in rad or m, weighs as much as
actions of the whole scale throughout; with a small one the robot goes through the keyframes
wherever its actions can take it there.  The miss is lowered in stages, each from the actions of the
last: with the smallest at once, DDP is caught where keyframes pull against each other.

Every iterate is a rollout, so that no gap is left to close.  Multiple shooting from states that
interpolate the keyframes, with the gaps of FDDP (Mastalli et al., ICRA 2020), was tried beside it:
no nearer on a cart-pole, at times 0.2 m off a hopper's jump, and divergent on an acrobot that pumps
through two keyframes, since interpolation knows nothing of the coordinates that these leave free.
"""

import logging
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.description.robot import Keyframe
from vgps.codegen.model import Model
from vgps.solver.ilqr import Settings, ilqr
from vgps.solver.objective import task_objective, with_extra
from vgps.solver.quadratic import quadratic

Array = NDArray[np.float64]
_log = logging.getLogger(__name__)

MISSES = (1.0, 0.2, 0.05)  # rad or m, of the stages
STAGE = Settings(max_iterations=100, regularization_start=0.0)
REACHED = 0.02  # rad or m from all keyframes, at which no other beginning is tried


class Targets(NamedTuple):
    """What the keyframes ask of the state before each of T steps and after the last."""

    X: Array  # (T+1, nx)
    named: Array  # (T+1, nx), 1 for what a keyframe names and 0 elsewhere


def through(
    model: Model,
    x0: Array,
    keyframes: Sequence[Keyframe],
    rest: Array,
    scale: Array,
    noises: Sequence[Array],
) -> Array:
    """Actions (T, nu) from x0 through the keyframes, or as near to them as is found.

    Args:
        model: the robot.
        x0: (nx,) initial state.
        keyframes: those after the last step do not count.
        rest: (nu,) actions that cost no effort, from which DDP begins.
        scale: (nu,) size of the actions.
        noises: (T, nu) each, at least one.  One after another is added to ``rest`` at the
            beginning, until no keyframe is missed.

    Raises:
        FloatingPointError: when it diverges from every beginning, as it does from the first.
    """
    targets = targets_of(model, keyframes, len(noises[0]))
    found: list[tuple[float, str, Array]] = []
    faults = []
    for noise in noises:
        try:
            X, U = _led(model, x0, rest + noise, targets, rest, scale)
        except FloatingPointError as fault:
            faults.append(fault)
            continue
        found.append((*_largest_miss(model, X, targets), U))
        if found[-1][0] <= REACHED:
            break
    if not found:
        raise faults[0]
    miss, which, U = min(found, key=lambda one: one[0])
    if miss > REACHED:
        _log.warning("the start, through %d keyframes, misses %s", len(keyframes), which)
    return U


def targets_of(model: Model, keyframes: Sequence[Keyframe], T: int) -> Targets:
    """Each keyframe at the step that is nearest to its time."""
    targets = Targets(np.zeros((T + 1, model.nx)), np.zeros((T + 1, model.nx)))
    for keyframe in keyframes:
        t = int(keyframe.t / model.dt + 0.5)  # those a step apart stay apart
        for name, value in keyframe.q.items() if t <= T else ():
            i = model.q_names.index(name)
            targets.X[t, i], targets.named[t, i] = value, 1.0
    return targets


def _led(
    model: Model, x0: Array, U: Array, targets: Targets, rest: Array, scale: Array
) -> tuple[Array, Array]:
    """States (T+1, nx) and actions (T, nu) after all stages."""
    # With a step more than the task has, the cost of a step reaches the last state.
    T = len(U) + 1
    U, rests = np.concatenate([U, rest[None]]), np.tile(rest, (T, 1))  # (T+1, nu)
    efforts = np.tile(1.0 / (T * scale**2), (T, 1))  # (T+1, nu)
    nothing = task_objective(model, T, alpha=0.0)
    for miss in MISSES:
        term = quadratic(targets.X, rests, targets.named / miss**2, efforts)
        solution = ilqr(model, with_extra(nothing, term), x0, U, STAGE)
        U = solution.U
    return solution.X[:-1], solution.U[:-1]


def _largest_miss(model: Model, X: Array, targets: Targets) -> tuple[float, str]:
    """How far the states X (T+1, nx) stay from a keyframe at most, and from which."""
    misses = targets.named * np.abs(X - targets.X)  # (T+1, nx)
    t, i = np.unravel_index(misses.argmax(), misses.shape)
    return float(misses[t, i]), f"{model.x_names[i]} at {t * model.dt:g} s by {misses[t, i]:.2g}"
