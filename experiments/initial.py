"""Line 1 of Algorithm 1 in a run: its initial trajectories, watched and, if possible, remembered.

They depend on nothing but the robot, its task and the seed, where their starts are drawn, so that a
process that compares methods meets the same ones for every method and size of the policy.
"""

import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.model import Model
from vgps.experiments.progress import Watch, unwatched
from vgps.policy.search import initial_trajectories
from vgps.policy.state import SearchSettings
from vgps.solver.ilqr import Iteration, Settings, Solution

Array = NDArray[np.float64]
_REMEMBERED = 8  # of different robots and horizons, some megabytes each


class _Task(NamedTuple):
    """What trajectories depend on beside what is drawn."""

    robot: str  # its file's text
    overrides: str
    horizon: int
    alpha: float
    settings: Settings


class _Found(NamedTuple):
    before: Mapping[str, Any]  # state of the generator
    after: Mapping[str, Any]
    solutions: tuple[Solution, ...]


_found: dict[_Task, _Found] = {}  # the least recent first


def watched_trajectories(
    model: Model,
    settings: SearchSettings,
    rng: np.random.Generator,
    U: Array | None = None,
    watch: Watch = unwatched,
) -> tuple[tuple[Solution, ...], float]:
    """The trajectories from U (S, T, nu) or as the file says, and the seconds that they took.

    They are the same, and so is what is left of ``rng``, whether they are computed or remembered.
    """
    started, most = time.perf_counter(), settings.initial.max_iterations
    task = None if U is not None else _remembered_as(model, settings)
    found = None if task is None else _found.pop(task, None)
    before = rng.bit_generator.state
    # Where nothing was drawn, no generator can make a difference.
    if found is None or (found.before != found.after and found.before != before):
        with watch("trajectory", len(model.x0s) * most) as update:

            def show(s: int, i: Iteration) -> None:
                if i.iteration % 25 == 0:  # a line for every iteration would bury a log file
                    update(s * most + i.iteration, f"cost {i.cost:.2f}")

            solutions = initial_trajectories(model, settings, rng, U, show)
        found = _Found(before, rng.bit_generator.state, solutions)
    elif found.before != found.after:
        rng.bit_generator.state = found.after
    if task is not None:
        _found[task] = found
        if len(_found) > _REMEMBERED:
            del _found[next(iter(_found))]
    return found.solutions, time.perf_counter() - started


def _remembered_as(model: Model, settings: SearchSettings) -> _Task | None:
    """None where the robot is from no file, or begins with a file that may change meanwhile."""
    robot = model.robot
    if not robot.text or (robot.task.start is not None and robot.task.start.demo is not None):
        return None
    return _Task(
        robot.text, repr(robot.overrides), settings.horizon, settings.alpha_start, settings.initial
    )
