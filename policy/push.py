"""How strong a horizontal push a policy survives.

A push is a constant horizontal force F on one point of the robot over a whole number of control
steps; its impulse is F times its duration.  It acts through the mass matrix, as a kick before each
of those steps,

    v <- v + M(q)^-1 J(q)^T F dt,

after which the policy sees the state and the robot moves on without the force.  This splitting
changes the momentum by exactly F dt a step; compared with a force that acts throughout the step,
the error of the motion is of first order in dt.

A push is survived when the rollout from its first step until 5 s after its last stays finite and
meets the success expression of the robot's file.  Earlier steps do not count, because the walking
before the push would hide the fall after it.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.errors import InputError, hint
from vgps.codegen.model import Model
from vgps.policy.gaussian import Policy
from vgps.policy.rollouts import mean_rollout, run_policy_from

Array = NDArray[np.float64]

# s from the mean of the first initial state: one second of settled motion
INSTANTS = (2.0, 2.2, 2.4, 2.6, 2.8)
RECOVERY = 5.0  # s after the push
IMPULSE_STEP = 1.0  # N·s
LARGEST_IMPULSE = 1000.0  # N·s, where the search gives up


class PushError(InputError):
    """A push that this robot cannot be given, in one sentence."""


class Pushing(NamedTuple):
    """A horizontal push."""

    point: str  # a name in ``model.points(q)``
    impulse: float  # N·s along x, backwards where it is negative
    duration: float  # s
    instant: float  # s at which it begins, rounded to a step


class Survived(NamedTuple):
    """Largest impulse, N·s, that is survived together with all smaller ones of the grid.

    NaN where the policy fails without a push.
    """

    worst: float  # at the instant at which the policy is most sensitive
    best: float  # at the instant at which it is least sensitive


def survived_pushes(
    model: Model, policy: Policy, point: str, duration: float
) -> dict[str, Survived]:
    """The strongest pushes along +x, "forward", and -x, "backward", without the policy's noise.

    Args:
        model: the robot.
        policy: of this robot.
        point: name of the point that is pushed.
        duration: of the push, s.

    Raises:
        PushError: for an unknown point, a duration that is not a positive multiple of dt, or a
            policy that sees the time, whose motion never settles.
    """
    _require_settling(model)
    _require_point(model, point)
    steps = _control_steps(model, duration)
    instants = [round(t / model.dt) for t in INSTANTS]
    no_noise = np.zeros((1, max(instants), model.nu))
    walked = run_policy_from(model, policy, model.x0[None], no_noise)
    starts = walked.X[0, instants]  # (R, nx)
    return {
        name: _largest(model, policy, starts, point, sign, steps)
        for name, sign in (("forward", 1.0), ("backward", -1.0))
    }


def pushed_rollout(model: Model, policy: Policy, horizon: int, push: Pushing) -> Array:
    """States (T+1, nx) without the policy's noise from the mean of the first initial state.

    Args:
        model: the robot.
        policy: of this robot.
        horizon: number of steps T.
        push: what the robot is pushed by.

    Raises:
        PushError: as of `survived_pushes`, and for a push that is not over before the rollout is.
    """
    _require_settling(model)
    _require_point(model, push.point)
    steps, start = _control_steps(model, push.duration), round(push.instant / model.dt)
    rest = horizon - steps - start
    if start < 0 or rest < 0:
        latest = (horizon - steps) * model.dt
        raise PushError(
            f"a push of {push.duration:g} s in {horizon} steps must begin between 0 and "
            f"{latest:g} s, found {push.instant:g} s"
        )
    before = mean_rollout(model, policy, start) if start else model.x0[None]  # (start+1, nx)
    impulse = np.array([push.impulse, 0.0])
    after, _ = pushed(model, policy, before[-1:], push.point, impulse, steps, rest)
    return np.concatenate([before[:-1], after[0]])


def _largest(
    model: Model, policy: Policy, starts: Array, point: str, sign: float, steps: int
) -> Survived:
    recovery = round(RECOVERY / model.dt)
    largest = np.full(len(starts), np.nan)  # (R,)
    standing = np.arange(len(starts))
    for strength in range(round(LARGEST_IMPULSE / IMPULSE_STEP) + 1):
        impulse = np.array([sign * strength * IMPULSE_STEP, 0.0])
        X, U = pushed(model, policy, starts[standing], point, impulse, steps, recovery)
        standing = standing[[survives(model, *one) for one in zip(X, U, strict=True)]]
        if not standing.size:
            break
        largest[standing] = strength * IMPULSE_STEP
    return Survived(float(largest.min()), float(np.fmax.reduce(largest)))


def pushed(
    model: Model,
    policy: Policy,
    starts: Array,
    point: str,
    impulse: Array,
    steps: int,
    recovery: int,
) -> tuple[Array, Array]:
    """States (R, T+1, nx) and actions (R, T, nu) from ``starts`` (R, nx), T = steps + recovery.

    ``point`` gets ``impulse`` (2,) N·s in equal kicks before each of the first ``steps`` steps.
    The state of a pushed step is the one after its kick, which the policy acts on.  After a state
    that is not finite no state is.
    """
    R, T = len(starts), steps + recovery
    X, U = np.empty((R, T + 1, model.nx)), np.empty((R, T, model.nu))
    X[:, 0] = starts
    no_noise = np.zeros((R, 1, model.nu))
    for t in range(steps):
        for x in X[:, t]:
            x[model.nq :] += kick(model, x[: model.nq], point, impulse / steps)
        step = run_policy_from(model, policy, X[:, t], no_noise)
        X[:, t + 1], U[:, t] = step.X[:, 1], step.U[:, 0]
    rest = run_policy_from(model, policy, X[:, steps], np.zeros((R, recovery, model.nu)))
    X[:, steps:], U[:, steps:] = rest.X, rest.U
    return X, U


def kick(model: Model, q: Array, point: str, impulse: Array) -> Array:
    """Change of v (nv,) under ``impulse`` (2,) N·s on ``point``; NaN where q is not finite."""
    return model.velocity_jump(q, model.point_jacobians(q)[point].T @ impulse)


def survives(model: Model, X: Array, U: Array) -> bool:
    """Whether a rollout X (T+1, nx), U (T, nu) stays finite and is a success."""
    return bool(np.isfinite(X).all() and np.isfinite(U).all() and model.success(X, U))


def _require_settling(model: Model) -> None:
    if model.robot.task.observes_time:
        raise PushError(f"the policy of {model.robot.name} observes t: its motion never settles")


def _require_point(model: Model, point: str) -> None:
    known = sorted(model.manifest["points"])
    if point in known:
        return
    raise PushError(f"{model.robot.name} has no point '{point}'{hint(point, known)}")


def _control_steps(model: Model, duration: float) -> int:
    steps = duration / model.dt
    if not (math.isfinite(steps) and round(steps) >= 1 and abs(steps - round(steps)) < 1e-6):
        raise PushError(
            f"a push lasts a whole number of control steps of {model.dt:g} s, found {duration:g} s"
        )
    return round(steps)
