"""A run: what it learned, with all that it was learned from."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.archive import Schema, numbers, of_each, read_arrays, split_each
from vgps.codegen.build import build
from vgps.codegen.description.robot import Robot
from vgps.codegen.model import Model
from vgps.experiments.changes import robot_of
from vgps.experiments.errors import RunFolderError
from vgps.experiments.metrics import Metrics
from vgps.experiments.policies import read_thetas
from vgps.experiments.run_folder import RunFolder
from vgps.policy import finish
from vgps.policy.gaussian import Policy
from vgps.policy.settings import RunSettings
from vgps.policy.store import read_policy

Array = NDArray[np.float64]

_TRAJECTORY: Schema = {
    "X": numbers("states", "nx", each="S"),
    "U": numbers("T", "nu", each="S"),
    "cost": numbers(each="S"),
}


class Trajectory(NamedTuple):
    """The initial DDP solution from one of the initial states."""

    X: Array  # (T+1, nx)
    U: Array  # (T, nu)
    cost: float  # the task's own, summed over the horizon


@dataclass(frozen=True, eq=False)
class Run:
    """A finished or interrupted run.

    trajectories  the initial DDP solution from each initial state
    metrics       columns of metrics.csv by name, (K,) each: a row an iteration, then one a round of
                  the finish
    folder        None for a run that nobody asked to keep
    iteration     whose policy it is, a number of metrics.csv; None for the result of the finish
    """

    model: Model
    settings: RunSettings
    trajectories: tuple[Trajectory, ...]
    policy: Policy
    metrics: Metrics
    folder: RunFolder | None
    iteration: int | None = None

    @property
    def trajectory(self) -> Trajectory:
        """That from the first initial state."""
        return self.trajectories[0]

    @property
    def ddp_cost(self) -> float:
        """Mean cost of the trajectories, beside which that of rollouts is put."""
        return float(np.mean([trajectory.cost for trajectory in self.trajectories]))


def read_run(path: str | Path, iteration: int | Literal["best", "last"] = "best") -> Run:
    """The run that a folder holds, as far as it has come.

    Args:
        path: of the folder.
        iteration: whose policy: a number of metrics.csv, the last one, or the best that the run
            has, which is the result of the finish after that.

    Raises:
        InputError: when the folder is not, or not yet, a run with a policy, when it has no such
            iteration, or one of its files is damaged, edited or of another robot.
    """
    folder = RunFolder(path)
    config = folder.read_config()
    robot = robot_of(folder, config)
    policy, rows = read_policy(folder.existing("policy.npz"), robot, last_row(config, robot))
    trajectories = read_trajectories(folder, robot)
    # The row of an iteration is written before its policy.
    metrics = folder.read_metrics(rows)
    if iteration == "best":
        number = best_row(metrics)
    else:
        number = len(metrics["iteration"]) if iteration == "last" else iteration
        policy = policy.with_theta(_theta_of(folder, config, robot, number, metrics))
    model = build(robot)
    return Run(model, config, trajectories, policy.bound(model), metrics, folder, number)


def best_row(metrics: Metrics) -> int | None:
    """The iteration of which policy.npz has the policy; None after the finish.

    Runs of early versions have the last one.
    """
    if metrics["stage"][-1] == "finish":
        return None
    return int(metrics["best"][-1]) if "best" in metrics else len(metrics["iteration"])


def _theta_of(
    folder: RunFolder, settings: RunSettings, robot: Robot, number: int, metrics: Metrics
) -> Array:
    """(n_theta,) of an iteration."""
    count = len(metrics["iteration"])
    if not 1 <= number <= count:
        raise RunFolderError(f"{folder.path} has iterations 1 to {count}, not {number}")
    thetas = read_thetas(folder, settings, robot)
    if len(thetas) < number or np.isnan(thetas[number - 1]).any():
        raise RunFolderError(f"{folder.path} has kept no policy of iteration {number}")
    return np.asarray(thetas[number - 1])


def last_row(settings: RunSettings, robot: Robot) -> int:
    """Most rows of metrics.csv that the whole run can have."""
    rounds = finish.PASSES * finish.ROUNDS if settings.finish == "average-cost" else 0
    return settings.last_iteration(robot) + rounds


def store_trajectories(folder: RunFolder, robot: Robot, trajectories: Sequence[Trajectory]) -> None:
    """Write trajectory.npz."""
    arrays = {
        name: of_each([getattr(trajectory, name) for trajectory in trajectories])
        for name in _TRAJECTORY
    }
    folder.write_arrays("trajectory.npz", robot, arrays)


def read_trajectories(folder: RunFolder, robot: Robot) -> tuple[Trajectory, ...]:
    """The initial DDP solutions of a run folder.

    Raises:
        InputError: when it is missing, damaged, or of another robot.
    """
    horizon, S = robot.task.horizon, len(robot.task.initials)
    sizes = {"S": S, "T": horizon, "states": horizon + 1, "nx": robot.nx, "nu": robot.nu}
    path = folder.existing("trajectory.npz")
    arrays = read_arrays(path, "a trajectory of a run", _TRAJECTORY, sizes, robot)
    X, U, cost = (split_each(arrays[name], entry) for name, entry in _TRAJECTORY.items())
    return tuple(Trajectory(X[s], U[s], float(cost[s])) for s in range(S))
