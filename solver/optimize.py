"""A trajectory for a robot's own task, from where its file says that optimisation starts."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vgps.codegen.model import Model
from vgps.solver.ilqr import Iteration, Settings, Solution, ilqr
from vgps.solver.objective import task_objective
from vgps.solver.walking import walk

Array = NDArray[np.float64]

INITIAL = Settings(cost_tolerance=1e-3)


def optimize(
    model: Model,
    U: ArrayLike | None = None,
    rng: np.random.Generator | None = None,
    *,
    horizon: int | None = None,
    alpha: float = 1.0,
    settings: Settings = INITIAL,
    callback: Callable[[Iteration], None] | None = None,
) -> Solution:
    """Locally optimal trajectory of the task's horizon, from its mean initial state.

    Line 1 of Levine & Koltun (2013), Algorithm 1.

    Args:
        model: the robot.
        U: (T, nu) actions to start from, N·m or N; as the robot's file says when absent.
        rng: draws the start that the file describes, if that is noise; seed 0 when absent.
        horizon: number of steps T; the task's when absent.
        alpha: weight of the task's cost.
        settings: of iLQR.
        callback: called after each iteration.

    Raises:
        ValueError: when U has another shape.
        FloatingPointError: when the first rollout diverges, or no descent can be computed.
    """
    T = model.robot.task.horizon if horizon is None else horizon
    if U is None:
        U = _described_start(model, T, np.random.default_rng(0) if rng is None else rng)
    objective = task_objective(model, T, alpha)
    return ilqr(model, objective, model.x0, np.asarray(U, dtype=float), settings, callback)


def _described_start(model: Model, T: int, rng: np.random.Generator) -> Array:
    described = model.robot.task.start
    if described.gait:
        return walk(model, model.x0, T).U
    return described.noise * rng.standard_normal((T, model.nu))
