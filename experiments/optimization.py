"""A trajectory optimised alone, in a folder of its own."""

from pathlib import Path
from typing import Any

import numpy as np

from vgps.codegen.build import build
from vgps.codegen.description.robot import Robot
from vgps.codegen.lock import locked
from vgps.codegen.model import Model
from vgps.experiments.demonstration import read_demonstration
from vgps.experiments.progress import Watch, unwatched
from vgps.experiments.run_folder import DEMO, RunFolder
from vgps.experiments.training import watched_trajectory
from vgps.policy.search import search_settings
from vgps.policy.settings import RunSettings
from vgps.solver.ilqr import Solution


def optimize_into(
    path: str | Path,
    robot: Robot,
    iterations: int | None = None,
    seed: int = 0,
    demo: Path | None = None,
    watch: Watch = unwatched,
) -> tuple[Model, Solution, dict[str, Any]]:
    """The trajectory that training would begin with, as trajectory.npz in a new folder.

    Args:
        path: the folder.
        robot: whose task it is.
        iterations: largest number of iLQR iterations; as many as in training when absent.
        seed: of the noise that the actions start from.
        demo: an .npz with actions U (T, nu) to start from instead.
        watch: shows how far it is.

    Returns:
        The robot's model, the solution, and what `optimize --json` prints.
    """
    model = build(robot)
    U = None if demo is None else read_demonstration(demo, model)
    folder = RunFolder(path)
    settings = search_settings(RunSettings(seed=seed), robot)
    if iterations is not None:
        initial = settings.initial._replace(max_iterations=iterations)
        settings = settings._replace(initial=initial)
    rng = np.random.default_rng(seed)
    with locked(folder.path):
        folder.require_empty()
        solution, seconds = watched_trajectory(model, settings, rng, U, watch)
        if U is not None:
            folder.write_arrays(DEMO, robot, {"U": U})
        folder.write_arrays("trajectory.npz", robot, {"X": solution.X, "U": solution.U})
    result = {
        "robot": robot.name,
        "cost": float(model.cost(solution.X, solution.U).sum()),
        "iterations": solution.iterations,
        "reason": str(solution.reason),
        "success": model.success(solution.X, solution.U),
        "mean_speed": float(model.speed(solution.X, solution.U).mean()),
        "seconds": seconds,
        "out": str(path),
    }
    return model, solution, result
