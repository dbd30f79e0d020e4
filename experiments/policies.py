"""policies.npz of a run: what it learned after every row of metrics.csv, to be looked at again."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.archive import ArrayFileError, Schema, numbers, read_arrays
from vgps.codegen.description.robot import Robot
from vgps.experiments.run_folder import RunFolder
from vgps.policy.settings import RunSettings
from vgps.policy.store import state_sizes

Array = NDArray[np.float64]

POLICIES = "policies.npz"
_SCHEMA: Schema = {"theta": numbers("rows", "n_theta", finite=False)}


def store_thetas(folder: RunFolder, robot: Robot, thetas: Sequence[Array]) -> None:
    """Write policies.npz; each theta (n_theta,) is that of a row."""
    folder.write_arrays(POLICIES, robot, {"theta": np.array(thetas)})


def read_thetas(folder: RunFolder, settings: RunSettings, robot: Robot) -> Array:
    """(rows, n_theta), with rows of NaN where the run was at an early version that kept none.

    Raises:
        InputError: when the file is missing, damaged or of another robot.
    """
    path, sizes = folder.existing(POLICIES), state_sizes(robot, settings)
    return read_arrays(path, "the policies of a run", _SCHEMA, sizes, robot)["theta"]


def kept_thetas(folder: RunFolder, settings: RunSettings, robot: Robot, count: int) -> list[Array]:
    """Those of the first ``count`` rows, for a run that goes on from there; NaN where it has none.

    What is damaged here is no reason not to go on: nothing is learned from it.
    """
    kept = np.full((count, state_sizes(robot, settings)["n_theta"]), np.nan)
    if folder.file(POLICIES).exists():
        try:
            found = read_thetas(folder, settings, robot)[:count]
        except ArrayFileError:
            return list(kept)
        kept[: len(found)] = found
    return list(kept)
