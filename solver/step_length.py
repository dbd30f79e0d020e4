"""Whether the integration steps of a trajectory are to blame for what it is, and what would do.

Steps can be past their stability bound (``stability``), or only too long for what happens within
them (``accuracy``).  Either can make a rollout diverge, and an optimiser live on errors: torques
that chatter, costs that no robot would reach.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.model import Model
from vgps.solver.accuracy import (
    FINER,
    GOOD,
    Accuracy,
    accuracy,
    finer_cost,
    good_substeps,
    rolled_out,
    step_error,
    step_with,
)
from vgps.solver.stability import Stability, stability

Array = NDArray[np.float64]

_CALLS = 50_000  # of the acceleration, about a second: a longer rollout is not tried


class StepLength(NamedTuple):
    """What is known about the integration steps of a trajectory."""

    stability: Stability
    accuracy: Accuracy | None  # None where it was not measured
    fault: str | None  # what is wrong with them; None where nothing is
    ways: tuple[str, ...] = ()  # what would do, as it is written in the robot's file
    substeps: int | None = None  # that would do; None where nothing is wrong or none would

    @property
    def sentence(self) -> str | None:
        """What is wrong and what would do; None where nothing is wrong."""
        return self.fault if self.fault is None else _sentence(self.fault, self.ways)


def step_length(model: Model, X: Array, U: Array, measured: bool = True) -> StepLength:
    """About the trajectory X (T+1, nx), U (T, nu), which is finite.

    Args:
        model: the robot.
        X: states.
        U: actions within the limits.
        measured: whether steps are compared with finer ones, which builds another robot where the
            integrator is implicit.
    """
    stable = stability(model, X, U)
    exact = accuracy(model, X, U) if measured else None
    if not stable.ok:
        fault, ways = _unstable(model, stable)
        return StepLength(stable, exact, fault, ways, stable.substeps)
    if exact is not None and not exact.ok:
        substeps = good_substeps(model, X, U) if model.robot.task.integrator == "rk4" else None
        ways = (f"task.substeps: {substeps}",) if substeps else ()
        return StepLength(stable, exact, _too_long(model, exact, X, U), ways, substeps)
    return StepLength(stable, exact, None)


def step_length_to_blame(model: Model, x0: Array, U: Array) -> str | None:
    """The sentence about steps that spoil the rollout of U (T, nu) from x0 (nx,), if they do."""
    first = stability(model, x0[None], U[:1])
    if first.growth > 1.0:
        return _sentence(*_unstable(model, first))
    task, U = model.robot.task, np.clip(U, *model.limits)
    if task.integrator != "rk4" or _finite(model, x0, U, task.substeps) is not None:
        return None
    substeps = 2 * task.substeps
    while 4 * substeps * len(U) <= _CALLS:
        X = _finite(model, x0, U, substeps)
        if X is not None and step_error(model, X, U, substeps) < GOOD:
            return f"{_steps(model)} are too long for it: task.substeps: {substeps} would do"
        substeps *= 2
    return None


def _finite(model: Model, x0: Array, U: Array, substeps: int) -> Array | None:
    """The rollout (T+1, nx) of U from x0 with so many substeps, None where it is not finite."""
    X = rolled_out(step_with(model, substeps), x0, U)
    return X if np.isfinite(X).all() else None


def _unstable(model: Model, found: Stability) -> tuple[str, tuple[str, ...]]:
    """What is wrong, and the ways out."""
    ways = [f"task.substeps: {found.substeps}"] if found.substeps else []
    if model.robot.task.integrator == "rk4" and found.implicit_substeps is not None:
        more = found.implicit_substeps > model.robot.task.substeps
        fewer = f" with {found.implicit_substeps} substeps" if more else ""
        ways.append(f"task.integrator: implicit{fewer}")
    fault = (
        f"{_steps(model)} are past their stability bound at step {found.step}, where "
        f"{found.coordinate} moves fastest"
    )
    return fault, tuple(ways)


def _too_long(model: Model, found: Accuracy, X: Array, U: Array) -> str:
    fault = (
        f"{_steps(model)} are too long: in step {found.step} {found.coordinate} errs by "
        f"{found.error:.0%} of its largest change"
    )
    if 4 * FINER * model.robot.task.substeps * len(U) > _CALLS:
        return fault
    with_finer, cost = finer_cost(model, X[0], U), float(model.cost(X, U).sum())
    return (
        f"{fault}, and with {FINER} times as many substeps the same actions cost {with_finer:.4g} "
        f"instead of {cost:.4g}"
    )


def _sentence(fault: str, ways: tuple[str, ...]) -> str:
    return fault + (f": {' or '.join(ways)} would do" if ways else "")


def _steps(model: Model) -> str:
    task = model.robot.task
    return f"{task.integrator} steps of {task.dt / task.substeps:g} s"
