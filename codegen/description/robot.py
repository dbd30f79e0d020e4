"""A validated robot: every number is a float, every name exists, the links form a tree.

`load` reads one from a file.  The parts are in `parts`, the task in `task`, both together in
`blueprint`, the rules that span several parts in `consistency`; other modules import all of them
from here.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import PrivateAttr, ValidationError, model_validator

from vgps.codegen.description import consistency as rules
from vgps.codegen.description.blueprint import Blueprint
from vgps.codegen.description.explain import explain
from vgps.codegen.description.gait import Gait
from vgps.codegen.description.parts import Drag, Ground, Joint, Link, Point
from vgps.codegen.description.source import read
from vgps.codegen.description.task import (
    Deviation,
    Initial,
    Observe,
    ProcessNoise,
    Start,
    Task,
    Training,
)
from vgps.codegen.errors import RobotFileError, hint
from vgps.codegen.folders import MODELS

__all__ = [
    "Deviation",
    "Drag",
    "Gait",
    "Ground",
    "Initial",
    "Joint",
    "Link",
    "Observe",
    "Point",
    "ProcessNoise",
    "Robot",
    "Start",
    "Task",
    "Training",
    "load",
]


class Robot(Blueprint):
    """One robot and its task, consistent.

    Validate plain data with an empty dict as context: through it the parameters reach the other
    numbers.
    """

    _path: str | None = PrivateAttr(None)
    _text: str = PrivateAttr("")
    _overrides: dict[str, Any] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _rules(self) -> "Robot":
        rules.check_names(self)
        rules.check_tree(self)
        rules.check_coordinates(self)
        rules.check_expressions(self)
        rules.check_contact(self)
        rules.check_gait(self)
        rules.check_training(self)
        return self

    @property
    def path(self) -> str | None:
        """The file that the robot was loaded from, or None."""
        return self._path

    @property
    def text(self) -> str:
        """The file as it was read, without ``overrides``."""
        return self._text

    @property
    def overrides(self) -> dict[str, Any]:
        """What was put in place of values of the file."""
        return dict(self._overrides)


def robot_file(robot: str | Path) -> Path:
    """The file of a robot given by its name in models/, or by its path.

    Raises:
        RobotFileError: when it is neither, with the nearest name.
    """
    path = Path(robot)
    if path.suffix in (".yaml", ".yml") or len(path.parts) > 1:
        return path
    known = sorted(file.stem for file in MODELS.glob("*.yaml"))
    if str(robot) in known:
        return MODELS / f"{robot}.yaml"
    text = f"no robot of this name in models/{hint(str(robot), known)}, or the path of a YAML file"
    raise RobotFileError(robot, None, None, text)


def load(robot: str | Path, overrides: Mapping[str, object] = MappingProxyType({})) -> Robot:
    """Read and validate a robot.

    Args:
        robot: a name in models/, or the path of a file.
        overrides: values in place of those of the file, by their dotted place, such as
            {"training.iterations": 80, "task.horizon": 100, "joints.knee.damping": 2.0}.

    Raises:
        RobotFileError: one sentence with file, line and column, for the first mistake in the file.
    """
    source = read(robot_file(robot), overrides)
    try:
        valid = Robot.model_validate(source.data, context={})
    except ValidationError as error:
        raise explain(source, error) from None
    valid._path, valid._text, valid._overrides = source.path, source.text, dict(overrides)
    return valid
