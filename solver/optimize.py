"""A trajectory for a robot's own task, from the start in its file or the best of those tried."""

import logging
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vgps.codegen.model import Model
from vgps.solver.demonstrated import own_demonstration
from vgps.solver.ilqr import Iteration, Reason, Settings, Solution, ilqr
from vgps.solver.objective import task_objective
from vgps.solver.starts import Start, all_starts
from vgps.solver.step_length import step_length, step_length_to_blame
from vgps.solver.trials import best_of

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
        rng: draws what is random in the starts; seed 0 when absent.
        initial: number of the task's initial state where it begins; the first when absent.
        horizon: number of steps T; the task's when absent.
        alpha: weight of the task's cost.
        settings: of DDP.
        callback: called after each iteration.

    Raises:
        ValueError: when U has another shape.
        RobotFileError: when the robot's file names a recording that cannot be used.
        FloatingPointError: when the first rollout from every start diverges, or no descent can be
            computed; with the integration steps that are to blame, where they are.
    """
    T = model.robot.task.horizon if horizon is None else horizon
    x0 = model.x0s[initial]
    if U is None:
        rng = np.random.default_rng(0) if rng is None else rng
        starts = list(_starts(model, initial, T, rng))
    else:
        given = np.asarray(U, dtype=float)
        starts = [Start("given", "", lambda: given)]
    objective = task_objective(model, T, alpha)
    try:
        if len(starts) == 1:
            solution = ilqr(model, objective, x0, starts[0].actions(), settings, callback)
            solution = solution._replace(start=starts[0].name)
        else:
            solution = best_of(model, objective, x0, starts, settings, callback)
    except FloatingPointError as error:
        if blame := step_length_to_blame(model, x0, starts[0].actions()):
            raise FloatingPointError(f"{error}; {blame}") from error
        raise
    _warn(model, solution, model.robot.task.of_initial(initial), tried=len(starts))
    return solution


def _warn(model: Model, solution: Solution, which: str, tried: int) -> None:
    """Say what a user should know of a trajectory, and of which, when so many starts were tried."""
    steps = step_length(
        model, solution.X, solution.U, measured=model.robot.task.integrator == "rk4"
    )
    if steps.sentence:
        _log.warning("the trajectory%s is not to be trusted: %s", which, steps.sentence)
    if solution.reason is Reason.STATIONARY and solution.iterations == 1 and tried == 1:
        described = model.robot.task.start
        at_rest = described is not None and described.noise == 0.0
        way_out = ": without task.start, others would be tried" if at_rest else ""
        text = "the start%s is a stationary point, from which no descent begins%s"
        _log.warning(text, which, way_out)


def _starts(model: Model, initial: int, T: int, rng: np.random.Generator) -> Iterator[Start]:
    """The start that the robot's file describes, or all that there are."""
    described = model.robot.task.start
    if described is not None and described.noise is not None:
        noise = described.noise * rng.standard_normal((T, model.nu))
        yield Start("noise", f"{described.noise:g}", lambda: noise)
    elif described is not None and (recorded := own_demonstration(model)) is not None:
        actions = _lasting(recorded[initial], T)
        yield Start("demo", f"{described.demo}", lambda: actions)
    else:
        for start in all_starts(model, model.x0s[initial], T, rng):
            if described is None or start.kind == described.kind:
                yield start


def _lasting(U: Array, T: int) -> Array:
    """The first T actions (T, nu); where there are fewer, the last one goes on."""
    return U[np.minimum(np.arange(T), len(U) - 1)]
