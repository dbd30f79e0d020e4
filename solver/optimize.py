"""A trajectory for a robot's own task, from where its file says that optimisation starts."""

import logging
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vgps.codegen.description.task import Start
from vgps.codegen.model import Model
from vgps.solver.ilqr import Iteration, Reason, Settings, Solution, ilqr
from vgps.solver.objective import task_objective
from vgps.solver.step_length import step_length, step_length_to_blame
from vgps.solver.walking import walk

Array = NDArray[np.float64]
_log = logging.getLogger(__name__)

INITIAL = Settings(cost_tolerance=1e-3)


def optimize(
    model: Model,
    U: ArrayLike | None = None,
    rng: np.random.Generator | None = None,
    *,
    initial: int = 0,
    horizon: int | None = None,
    alpha: float = 1.0,
    settings: Settings = INITIAL,
    callback: Callable[[Iteration], None] | None = None,
) -> Solution:
    """Locally optimal trajectory of the task's horizon, from the mean of its initial state.

    Line 1 of Levine & Koltun (2013), Algorithm 1.

    Args:
        model: the robot.
        U: (T, nu) actions to start from, N·m or N; as the robot's file says when absent.
        rng: draws the start that the file describes, if that is noise; seed 0 when absent.
        initial: number of the task's initial state where it begins; the first when absent.
        horizon: number of steps T; the task's when absent.
        alpha: weight of the task's cost.
        settings: of iLQR.
        callback: called after each iteration.

    Raises:
        ValueError: when U has another shape.
        FloatingPointError: when the first rollout diverges, or no descent can be computed; with the
            integration steps that are to blame, where they are.
    """
    T = model.robot.task.horizon if horizon is None else horizon
    x0 = model.x0s[initial]
    if U is None:
        U = _described_start(model, x0, T, np.random.default_rng(0) if rng is None else rng)
    U = np.asarray(U, dtype=float)
    objective = task_objective(model, T, alpha)
    try:
        solution = ilqr(model, objective, x0, U, settings, callback)
    except FloatingPointError as error:
        if blame := step_length_to_blame(model, x0, U):
            raise FloatingPointError(f"{error}; {blame}") from error
        raise
    _warn(model, solution, model.robot.task.of_initial(initial))
    return solution


def _warn(model: Model, solution: Solution, which: str) -> None:
    """Say what a user should know of a trajectory before building on it, and of which."""
    steps = step_length(
        model, solution.X, solution.U, measured=model.robot.task.integrator == "rk4"
    )
    if steps.sentence:
        _log.warning("the trajectory%s is not to be trusted: %s", which, steps.sentence)
    if solution.reason is Reason.STATIONARY and solution.iterations == 1:
        start = model.robot.task.start
        way_out = ": task.start: {noise: 1} would leave it" if start == Start() else ""
        text = "the start%s is a stationary point, from which no descent begins%s"
        _log.warning(text, which, way_out)


def _described_start(model: Model, x0: Array, T: int, rng: np.random.Generator) -> Array:
    described = model.robot.task.start
    if described.gait:
        return walk(model, x0, T).U
    return described.noise * rng.standard_normal((T, model.nu))
