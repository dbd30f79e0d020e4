"""A run: what it learned, with all that it was learned from."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.build import build
from vgps.codegen.description.robot import Robot
from vgps.codegen.model import Model
from vgps.experiments.changes import robot_of
from vgps.experiments.metrics import Metrics
from vgps.experiments.run_folder import RunFolder
from vgps.policy import finish
from vgps.policy.archive import Schema, numbers, read_arrays
from vgps.policy.gaussian import Policy
from vgps.policy.settings import RunSettings
from vgps.policy.store import read_policy

Array = NDArray[np.float64]

_TRAJECTORY: Schema = {
    "X": numbers("states", "nx"),
    "U": numbers("T", "nu"),
    "cost": numbers(),
}


class Trajectory(NamedTuple):
    """The initial DDP solution."""

    X: Array  # (T+1, nx)
    U: Array  # (T, nu)
    cost: float  # the task's own, summed over the horizon


@dataclass(frozen=True, eq=False)
class Run:
    """A finished or interrupted run.

    metrics  columns of metrics.csv by name, (K,) each: a row an iteration, then one a round of the
             finish
    folder   None for a run that nobody asked to keep
    """

    model: Model
    settings: RunSettings
    trajectory: Trajectory
    policy: Policy
    metrics: Metrics
    folder: RunFolder | None


def read_run(path: str | Path) -> Run:
    """The run that a folder holds, as far as it has come.

    Raises:
        InputError: when the folder is not, or not yet, a run with a policy, or one of its files is
            damaged, edited or of another robot.
    """
    folder = RunFolder(path)
    config = folder.read_config()
    robot = robot_of(folder, config)
    policy, iteration = read_policy(folder.existing("policy.npz"), robot, last_row(config, robot))
    trajectory = read_trajectory(folder, robot)
    # The row of an iteration is written before its policy.
    metrics = folder.read_metrics(iteration)
    return Run(build(robot), config, trajectory, policy, metrics, folder)


def last_row(settings: RunSettings, robot: Robot) -> int:
    """Rows of metrics.csv of the whole run."""
    rounds = finish.ROUNDS if settings.finish == "average-cost" else 0
    return settings.last_iteration(robot) + rounds


def read_trajectory(folder: RunFolder, robot: Robot) -> Trajectory:
    """The initial DDP solution of a run folder.

    Raises:
        InputError: when it is missing, damaged, or of another robot.
    """
    horizon = robot.task.horizon
    sizes = {"T": horizon, "states": horizon + 1, "nx": robot.nx, "nu": robot.nu}
    path = folder.existing("trajectory.npz")
    arrays = read_arrays(path, "a trajectory of a run", _TRAJECTORY, sizes, robot)
    return Trajectory(arrays["X"], arrays["U"], float(arrays["cost"]))
