"""A trajectory optimised alone, in a folder of its own."""

from pathlib import Path
from typing import Any

import numpy as np

from vgps.codegen.archive import of_each
from vgps.codegen.build import build
from vgps.codegen.description.robot import Robot
from vgps.codegen.lock import locked
from vgps.codegen.model import Model
from vgps.experiments.initial import watched_trajectories
from vgps.experiments.progress import Watch, unwatched
from vgps.experiments.run_folder import DEMO, RunFolder
from vgps.policy.search import search_settings
from vgps.policy.settings import RunSettings
from vgps.solver.demonstrated import read_demonstration
from vgps.solver.ilqr import Solution, worst


def optimize_into(
    path: str | Path,
    robot: Robot,
    iterations: int | None = None,
    seed: int = 0,
    demo: Path | None = None,
    watch: Watch = unwatched,
) -> tuple[Model, tuple[Solution, ...], dict[str, Any]]:
    """The trajectories that training would begin with, as trajectory.npz in a new folder.

    Args:
        path: the folder.
        robot: whose task it is.
        iterations: largest number of iterations of DDP; as many as in training when absent.
        seed: of the noise that the actions start from.
        demo: a recording to start from instead (`codegen.demonstration`).
        watch: shows how far it is.

    Returns:
        The robot's model, the solution from each initial state, and what `optimize --json` prints:
        of several the mean cost and speed, the sum of the iterations, the worst reason, the largest
        derivative of the cost by an action and the largest change of one that the gains still
        propose, and whether all succeed; how each began.
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
        solutions, seconds = watched_trajectories(model, settings, rng, U, watch)
        if U is not None:
            folder.write_arrays(DEMO, robot, {"U": of_each(U)})
        X, U = (of_each([getattr(one, name) for one in solutions]) for name in ("X", "U"))
        folder.write_arrays("trajectory.npz", robot, {"X": X, "U": U})
    success = [model.success(one.X, one.U) for one in solutions]
    result = {
        "robot": robot.name,
        "cost": float(np.mean([model.cost(one.X, one.U).sum() for one in solutions])),
        "iterations": sum(one.iterations for one in solutions),
        "reason": str(worst(one.reason for one in solutions)),
        "gradient": max(one.gradient for one in solutions),
        "largest_k": max(one.largest_k for one in solutions),
        "success": all(success),
        "success_by_initial": success,
        "start_by_initial": [one.start for one in solutions],
        "mean_speed": float(np.mean([model.speed(one.X, one.U).mean() for one in solutions])),
        "seconds": seconds,
        "out": str(path),
    }
    return model, solutions, result
