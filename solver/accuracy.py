"""How much a trajectory owes to the length of its integration steps.

The reference has ``FINER`` times as many substeps.  Compared are single steps, from the states of
the trajectory, because two rollouts of the same actions part in time however small the steps are
where the motion itself is unstable, as in walking.  The error of a coordinate is given as a share
of its largest change in any step.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.build import build
from vgps.codegen.model import Model

Array = NDArray[np.float64]
# (X (N, nx), U (N, nu)) -> the states (N, nx) one control period later
Step = Callable[[Array, Array], Array]

FINER = 4
FAIR = 0.1  # error of a step from which on a trajectory is not to be trusted
GOOD = 0.01  # error of steps that are short enough
_MOST_SUBSTEPS = 2**10
_ROUNDING = 1e-9  # share of a coordinate's size, at least 1, up to which a change is none


class Accuracy(NamedTuple):
    """A trajectory beside finer steps."""

    error: float  # the largest of one step
    step: int  # where it is
    coordinate: str  # whose it is, such as swivel.v

    @property
    def ok(self) -> bool:
        """Whether the trajectory is to be trusted."""
        return self.error < FAIR


def accuracy(model: Model, X: Array, U: Array) -> Accuracy:
    """Of the robot's own steps along X (T+1, nx), U (T, nu) within the limits, all finite.

    Robots with implicit steps are built anew with finer ones, which takes seconds the first time.
    """
    finer = step_with(model, FINER * model.robot.task.substeps)
    errors = _errors(X[1:], finer(X[:-1], U), X[:-1])
    step, i = np.unravel_index(np.argmax(errors), errors.shape)
    return Accuracy(float(errors[step, i]), int(step), model.x_names[i])


def finer_cost(model: Model, x0: Array, U: Array) -> float:
    """Task cost of the actions U (T, nu) from x0 (nx,) with finer steps; inf if not finite."""
    finer = step_with(model, FINER * model.robot.task.substeps)
    with np.errstate(over="ignore", invalid="ignore"):
        cost = float(model.cost(rolled_out(finer, x0, U), U).sum())
    return cost if np.isfinite(cost) else np.inf


def good_substeps(model: Model, X: Array, U: Array) -> int | None:
    """Substeps of Runge-Kutta, doubled until each single step along X, U is GOOD."""
    substeps = model.robot.task.substeps
    while substeps <= _MOST_SUBSTEPS:
        if step_error(model, X, U, substeps) < GOOD:
            return substeps
        substeps *= 2
    return None


def step_error(model: Model, X: Array, U: Array, substeps: int) -> float:
    """The largest error of one step with so many substeps from the states X (T+1, nx) under U."""
    coarse, finer = step_with(model, substeps), step_with(model, FINER * substeps)
    return float(_errors(coarse(X[:-1], U), finer(X[:-1], U), X[:-1]).max())


def step_with(model: Model, substeps: int) -> Step:
    """The robot's step with another number of substeps."""
    robot = model.robot
    if robot.task.integrator == "rk4":
        return partial(_runge_kutta, model, substeps)
    task = robot.task.model_copy(update={"substeps": substeps})
    return build(robot.model_copy(update={"task": task})).steps


def rolled_out(step: Step, x0: Array, U: Array) -> Array:
    """States (T+1, nx) from x0 (nx,) under U (T, nu), not finite from where they diverge."""
    X = np.empty((len(U) + 1, len(x0)))
    X[0] = x0
    for t in range(len(U)):
        X[t + 1] = step(X[t : t + 1], U[t : t + 1])[0]
    return X


def _runge_kutta(model: Model, substeps: int, X: Array, U: Array) -> Array:
    """`codegen/c/step_rk4.c` at N states side by side."""
    h = model.dt / substeps

    def slope(X: Array) -> Array:
        return np.hstack([X[:, model.nq :], model.accelerations(X, U)])

    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(substeps):
            k_1 = slope(X)
            k_2 = slope(X + h / 2 * k_1)
            k_3 = slope(X + h / 2 * k_2)
            k_4 = slope(X + h * k_3)
            X = X + h / 6 * (k_1 + 2 * k_2 + 2 * k_3 + k_4)
    for last in model.robot.last_actions:
        X[:, last.coordinate] = U[:, last.action]
    return X


def _errors(coarse: Array, finer: Array, start: Array) -> Array:
    """Errors (T, nx) of steps that lead from ``start`` to ``coarse``; inf where a state is."""
    with np.errstate(over="ignore", invalid="ignore"):
        change = abs(finer - start).max(axis=0)
        rounding = _ROUNDING * np.maximum(1.0, abs(start).max(axis=0))
        errors = abs(coarse - finer) / np.maximum(change, rounding)
    return np.where(np.isfinite(errors), errors, np.inf)
