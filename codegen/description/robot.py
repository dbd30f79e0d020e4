"""A validated robot: every number is a float, every name exists, the links form a tree.

`load` reads one from a file.  The parts are in `parts`, the task in `task`, both together in
`blueprint`, the rules that span several parts in `consistency`; other modules import all of them
from here.
"""

from pathlib import Path

from pydantic import PrivateAttr, ValidationError, model_validator

from vgps.codegen.description import consistency as rules
from vgps.codegen.description.blueprint import Blueprint
from vgps.codegen.description.explain import explain
from vgps.codegen.description.gait import Gait
from vgps.codegen.description.parts import Drag, Ground, Joint, Link, Point
from vgps.codegen.description.source import read
from vgps.codegen.description.task import Deviation, Initial, Observe, Start, Task, Training

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


def load(path: str | Path) -> Robot:
    """Read and validate a robot file.

    Raises RobotFileError, one sentence with file, line and column, for the first mistake in the
    file.
    """
    source = read(path)
    try:
        robot = Robot.model_validate(source.data, context={})
    except ValidationError as error:
        raise explain(source, error) from None
    robot._path = source.path
    return robot
