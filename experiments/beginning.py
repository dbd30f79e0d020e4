"""What a run starts from, as its folder keeps it: settings, the robot's file, recorded actions."""

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.archive import of_each
from vgps.codegen.files import remove_leftovers
from vgps.codegen.model import Model
from vgps.experiments.config import RunConfig
from vgps.experiments.errors import RunFolderError
from vgps.experiments.files import read_text
from vgps.experiments.run_folder import DEMO, ROBOT, RunFolder
from vgps.solver.demonstrated import read_demonstration

Array = NDArray[np.float64]


def begin(folder: RunFolder, config: RunConfig, model: Model, U: Array | None) -> None:
    """Write what the run starts from, or make sure that it is what the folder started from.

    Args:
        folder: new, empty, or begun in the same way.
        config: of the run.
        model: the robot.
        U: (S, T, nu) what was recorded, whether it was given or the robot's file names it.

    Raises:
        RunFolderError: when the folder holds something else.
    """
    if folder.is_begun():
        _require_same_beginning(folder, config, model, U)
    else:
        folder.require_empty()
        folder.write_config(config)
    remove_leftovers(folder.path)
    if not folder.file(ROBOT).exists():
        folder.write_text(ROBOT, model.robot.text)
    if U is not None and not folder.file(DEMO).exists():
        folder.write_arrays(DEMO, model.robot, {"U": of_each(U)})


def _require_same_beginning(
    folder: RunFolder, config: RunConfig, model: Model, U: Array | None
) -> None:
    own = folder.read_config()
    held = f"{folder.path} already exists, and holds a run"
    # The same actions may come from another place, and a run may be continued by newer packages.
    for name, value in config.model_dump(
        exclude={"demo", "versions", "machine", "robot_sha256", "recorded_sha256", "chosen"}
    ).items():
        if getattr(own, name) != value:
            raise RunFolderError(f"{held} with {name} {getattr(own, name)}, not {value}")
    if (own.demo is None) != (config.demo is None):
        raise RunFolderError(f"{held} that started from {own.demo or 'no demonstration'}")
    if U is not None and folder.file(DEMO).exists():
        if not np.array_equal(read_demonstration(folder.file(DEMO), model), U):
            raise RunFolderError(f"{held} that started from another demonstration")
    text = read_text(folder.file(ROBOT)) if folder.file(ROBOT).exists() else model.robot.text
    same = own.robot_sha256 in (None, config.robot_sha256) and text == model.robot.text
    if not same:
        raise RunFolderError(f"{held} with another version of the robot's file")
