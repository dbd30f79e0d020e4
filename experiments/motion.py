"""A recorded motion, and the robot that it is of."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.archive import numbers, read_arrays, split_each, text
from vgps.codegen.description.identity import named
from vgps.codegen.description.robot import Robot, load
from vgps.codegen.errors import InputError
from vgps.codegen.folders import MODELS
from vgps.experiments.changes import robot_of
from vgps.experiments.run_folder import ROBOT, RunFolder

Array = NDArray[np.float64]
_WHAT = "a trajectory"
_STATES = numbers("states", "nx", each="S")


class UnknownRobot(InputError):
    """A trajectory of a robot that nothing tells of.  One sentence."""


def robot_of_motion(path: Path) -> Robot:
    """The robot of a trajectory.npz: that of the run it stands in, or one in models/.

    Raises:
        InputError: when the file, or the run around it, is damaged, or the robot is unknown.
    """
    folder = RunFolder(path.parent)
    if folder.is_begun() and folder.file(ROBOT).exists():
        return robot_of(folder, folder.read_config())
    arrays = read_arrays(path, _WHAT, {"robot": text(optional=True)}, others=True)
    name = named(str(arrays["robot"])) if "robot" in arrays else ""
    if name in {file.stem for file in MODELS.glob("*.yaml")}:
        return load(name)
    raise UnknownRobot(f"{path}: nothing here says what its robot is: name it by --robot")


def read_motion(path: Path, robot: Robot) -> Array:
    """States (T+1, nx), of several initial states those from the first.

    Raises:
        ArrayFileError: when the file holds none, or those of another robot.
    """
    arrays = read_arrays(path, _WHAT, {"X": _STATES}, {"nx": robot.nx}, robot, others=True)
    return split_each(arrays["X"], _STATES)[0]
