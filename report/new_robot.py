"""A robot file to start from: the commented one beside this module, or another robot's."""

import os
import re
from pathlib import Path

import yaml
from pydantic_core import PydanticCustomError

from vgps.codegen.description.fields import to_file_name
from vgps.codegen.description.robot import load
from vgps.codegen.description.yaml_nodes import compose
from vgps.codegen.files import write_atomically
from vgps.codegen.folders import PACKAGE, SCHEMA
from vgps.report.options import UsageError

START = PACKAGE / "report" / "new_robot.yaml"

_MODELINE = re.compile(r"^# yaml-language-server:.*\n", re.MULTILINE)


def new_robot(name: str, like: str | Path = START) -> Path:
    """Write NAME.yaml into the current folder.

    Args:
        name: of the robot and of the file.
        like: the robot that it is a copy of but for the name.

    Raises:
        UsageError: when no robot can have the name, or the file is there.
        RobotFileError: when there is no such robot to copy.
    """
    try:
        path = Path(f"{to_file_name(name)}.yaml")
    except PydanticCustomError as refusal:
        raise UsageError(f"the name of a robot {refusal.message()}") from None
    require_free(path)
    text = modeline(path.parent) + _MODELINE.sub("", _renamed(load(like).text, name))
    write_atomically(path, lambda file: file.write_text(text, encoding="utf-8"))
    return path


def require_free(path: Path) -> None:
    """Refuse to write over what is there.

    Raises:
        UsageError: when there is something.
    """
    if os.path.lexists(path):
        raise UsageError(f"{path} is there already: choose another name, or remove it")


def modeline(folder: Path) -> str:
    """The first line of a robot file in a folder, by which an editor finds the schema."""
    return f"# yaml-language-server: $schema={_schema(folder.resolve())}\n"


def _renamed(text: str, name: str) -> str:
    """The text of a robot with another name in it."""
    top = compose(name, text)
    assert isinstance(top, yaml.MappingNode)  # since it was loaded
    given = next(value for key, value in top.value if key.value == "name")
    start, end = given.start_mark.index, given.end_mark.index
    # As a word such as `on` it would be read as a truth value.
    written = yaml.safe_dump(name, explicit_end=False).split()[0]
    return text[:start] + written + text[end:]


def _schema(folder: Path) -> str:
    """Where an editor finds the schema, seen from a folder."""
    schema = SCHEMA.resolve()
    # A checkout may be moved; elsewhere the place may hold spaces, which end a modeline.
    inside = folder.is_relative_to(PACKAGE.resolve())
    return os.path.relpath(schema, folder) if inside else schema.as_uri()
