"""A validated robot: every number is a float, every name exists, the links form a tree.

`load` reads one from a file.  The parts are in `parts`, the task in `task`, both together in
`blueprint`, the rules that span several parts in `rules`; other modules import all of them from
here.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import PrivateAttr, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from vgps.codegen.description.actuators import Actuator
from vgps.codegen.description.blueprint import Blueprint
from vgps.codegen.description.expansion import expand, is_expanded
from vgps.codegen.description.explain import explain, refused, unread
from vgps.codegen.description.fields import several
from vgps.codegen.description.gait import Gait
from vgps.codegen.description.keyframe import Keyframe
from vgps.codegen.description.keys import spell
from vgps.codegen.description.parts import (
    BaseArmature,
    Drag,
    Fluid,
    Ground,
    Joint,
    Link,
    Point,
    QuadraticDrag,
)
from vgps.codegen.description.rules import refusals, refusals_of_sketch
from vgps.codegen.description.slips import slips
from vgps.codegen.description.source import Source, override, read
from vgps.codegen.description.targets import Target
from vgps.codegen.description.task import (
    Deviation,
    Initial,
    Observe,
    ProcessNoise,
    Push,
    Start,
    Task,
    Training,
)
from vgps.codegen.description.trial import doubts
from vgps.codegen.errors import ENOUGH, RobotFileError, hint, joined
from vgps.codegen.folders import MODELS

__all__ = [
    "Actuator",
    "BaseArmature",
    "Deviation",
    "Drag",
    "Fluid",
    "Gait",
    "Ground",
    "Initial",
    "Joint",
    "Keyframe",
    "Link",
    "Observe",
    "Point",
    "ProcessNoise",
    "Push",
    "QuadraticDrag",
    "Robot",
    "Start",
    "Target",
    "Task",
    "Training",
    "load",
]


class Robot(Blueprint):
    """One robot and its task, consistent.

    Validate plain data with an empty dict as context: through it the parameters reach the other
    numbers.  What is repeated or mirrored in them must have been written out (`expansion`).
    """

    _path: str | None = PrivateAttr(None)
    _text: str = PrivateAttr("")
    _overrides: dict[str, Any] = PrivateAttr(default_factory=dict)
    _initial_place: str | None = PrivateAttr(None)
    _demo_place: tuple[str, int | None, int | None] | None = PrivateAttr(None)
    _warnings: tuple[str, ...] = PrivateAttr(())

    @model_validator(mode="after")
    def _rules(self) -> "Robot":
        if faults := list(refusals(self)):
            raise several(((), fault) for fault in faults)
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

    @property
    def initial_place(self) -> str:
        """Where its initial states stand, `path:line:column`; its name where it has no file."""
        return self._initial_place or self.name

    @property
    def demo(self) -> Path | None:
        """The file with recorded actions that it starts from, where its own file names one."""
        start = self.task.start
        if start is None or start.demo is None:
            return None
        return Path(self.path or "").parent / start.demo

    def demo_error(self, message: str) -> RobotFileError:
        """The error about what it starts from, with the place that names it."""
        return RobotFileError(*(self._demo_place or (self.name, None, None)), message)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is allowed in the file but probably a slip: `path:line:column: warning: ...`."""
        return self._warnings


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
        RobotFileError: one sentence with file, line and column for each mistake in the file.
    """
    source, mistakes = read_expanded(robot_file(robot), overrides)
    context: dict[str, Any] = {}
    try:
        valid = Robot.model_validate(source.data, context=context)
    except ValidationError as failure:
        mistakes += _all_mistakes(source, failure, context)
    if mistakes:
        raise joined(mistakes)
    valid._path, valid._text, valid._overrides = source.path, source.text, dict(overrides)
    valid._initial_place = source.error(("task", "initial"), "").place
    demo = source.error(("task", "start", "demo"), "")
    valid._demo_place = demo.path, demo.line, demo.column
    warnings = sorted(
        explain(source, [*slips(valid), *doubts(valid)]),
        key=lambda warning: (warning.line or 0, warning.column or 0),
    )
    valid._warnings = tuple(map(str, warnings))
    return valid


def read_expanded(
    path: Path, overrides: Mapping[str, object]
) -> tuple[Source, list[RobotFileError]]:
    """The file with all parts written out, and the mistakes in its YAML and its keys.

    An override of a part, such as of one twin alone, changes what is written out; any other, such
    as of a parameter, decides on it.
    """
    of_parts = {key: value for key, value in overrides.items() if is_expanded(key)}
    others = {key: value for key, value in overrides.items() if key not in of_parts}
    written = override(read(path), others)
    keys = spell(Robot, written.data)
    written = replace(written, data=keys.data, spelling=keys.spelling)
    mistakes = list(islice(explain(written, keys.faults), ENOUGH))
    try:
        data, origins = expand(written.data)
    except PydanticCustomError as fault:
        raise joined([*written.mistakes, *mistakes, *explain(written, [fault])]) from None
    source = override(replace(written, data=data, origins=origins), of_parts)
    keys = spell(Robot, source.data)
    mistakes += [*source.mistakes, *explain(source, keys.faults)]
    return replace(source, data=keys.data), mistakes


def _all_mistakes(
    source: Source, failure: ValidationError, context: dict[str, Any]
) -> Iterator[RobotFileError]:
    """Those that were found, and those that rules find in what is right of a file."""
    yield from islice(explain(source, refused(failure)), ENOUGH)
    if any(error["loc"] for error in failure.errors()):  # otherwise rules have refused the whole
        names = source.data.get("parameters")
        parameters = dict.fromkeys(names if isinstance(names, dict) else (), math.nan)
        parameters |= context.get("parameters", {})
        yield from explain(source, refusals_of_sketch(source.data, unread(failure), parameters))
