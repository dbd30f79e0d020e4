"""A run: what it learned, with all that it was learned from."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.build import build
from vgps.codegen.description.robot import load
from vgps.codegen.model import Model
from vgps.experiments.run_folder import ROBOT, RunFolder
from vgps.policy.gaussian import Policy
from vgps.policy.settings import RunSettings
from vgps.policy.store import policy_from_arrays

Array = NDArray[np.float64]


class Trajectory(NamedTuple):
    """The initial DDP solution."""

    X: Array  # (T+1, nx)
    U: Array  # (T, nu)
    cost: float  # the task's own, summed over the horizon


@dataclass(frozen=True, eq=False)
class Run:
    """A finished or interrupted run.

    metrics  columns of metrics.csv by name, (K,) each: a row an iteration
    folder   None for a run that nobody asked to keep
    """

    model: Model
    settings: RunSettings
    trajectory: Trajectory
    policy: Policy
    metrics: dict[str, Array]
    folder: RunFolder | None


def read_run(path: str | Path) -> Run:
    """The run that a folder holds, as far as it has come.

    Raises:
        RunFolderError: when the folder is not, or not yet, a run with a policy.
    """
    folder = RunFolder(path)
    config = folder.read_config()
    model = build(load(folder.file(ROBOT), config.overrides))
    return Run(
        model=model,
        settings=config,
        trajectory=read_trajectory(folder),
        policy=policy_from_arrays(folder.read_arrays("policy.npz")),
        metrics=folder.read_metrics(),
        folder=folder,
    )


def read_trajectory(folder: RunFolder) -> Trajectory:
    """The initial DDP solution of a run folder."""
    arrays = folder.read_arrays("trajectory.npz")
    return Trajectory(arrays["X"], arrays["U"], float(arrays["cost"]))
