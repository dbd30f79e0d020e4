"""A robot's file with some of its values changed, and all else as it was, comments included."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from vgps.codegen.description.robot import Robot
from vgps.codegen.description.source import override, read
from vgps.codegen.description.yaml_nodes import compose, text_of
from vgps.codegen.errors import InputError, RobotFileError
from vgps.codegen.files import write_atomically
from vgps.experiments.finding import Edit


class MendingError(InputError):
    """A robot's file cannot be mended as asked.  One sentence."""


def require_free(target: Path) -> None:
    """Refuse to overwrite a file.

    Raises:
        MendingError: when there is one.
    """
    if target.exists():
        raise MendingError(f"{target} already exists")


def write_mended(robot: Robot, edits: Iterable[Edit], target: Path) -> None:
    """A copy of a robot's file with edits, as a new file.

    Raises:
        MendingError: when the target exists, or an edit would change something else in the file,
            such as what an alias shares.
    """
    path, edits = str(robot.path), list(edits)
    text = text_of(path)
    for edit in edits:
        text = edited(path, text, edit)
    wanted = {edit.place: "null" if edit.value is None else edit.value for edit in edits}

    def write(temporary: Path) -> None:
        temporary.write_bytes(text.encode())
        if not _reads_as(temporary, override(read(path), wanted).data):
            places = " and ".join(wanted)
            raise MendingError(f"{path}: {places} cannot be edited alone, since values are shared")
        require_free(target)

    write_atomically(target, write)


def _reads_as(path: Path, data: dict[str, Any]) -> bool:
    try:
        return read(path).data == data
    except RobotFileError:  # such as an alias whose anchor is gone
        return False


def edited(path: str, text: str, edit: Edit) -> str:
    """The text of a robot's file after one edit.

    Args:
        path: what errors name.
        text: of the file.
        edit: of a key in a mapping that the file has.
    """
    *above, key = edit.place.split(".")
    mapping = _mapping(compose(path, text), above)
    if mapping is None:
        return text
    names = [name.value for name, _ in mapping.value]
    if key not in names:
        return text if edit.value is None else _with_key(text, mapping, f"{key}: {edit.value}")
    i = names.index(key)
    name, value = mapping.value[i]
    if edit.value is not None:
        return text[: value.start_mark.index] + edit.value + text[_end(value) :]
    if not mapping.flow_style:
        begin = text.rfind("\n", 0, name.start_mark.index) + 1
        end = text.find("\n", _end(value))
        return text[:begin] + (text[end + 1 :] if end >= 0 else "")
    if i > 0:
        return text[: _end(mapping.value[i - 1][1])] + text[_end(value) :]
    following = mapping.value[1][0].start_mark.index if names[1:] else _end(value)
    return text[: name.start_mark.index] + text[following:]


def _with_key(text: str, mapping: yaml.MappingNode, entry: str) -> str:
    """The text with one more entry at the beginning of a mapping."""
    start = mapping.start_mark.index
    if mapping.flow_style:
        separator = ", " if mapping.value else ""
        return f"{text[: start + 1]}{entry}{separator}{text[start + 1 :]}"
    line_break = "\r\n" if "\r\n" in text else "\n"
    return f"{text[:start]}{entry}{line_break}{' ' * mapping.start_mark.column}{text[start:]}"


def _mapping(node: yaml.Node | None, keys: Iterable[str]) -> yaml.MappingNode | None:
    for step in keys:
        if not isinstance(node, yaml.MappingNode):
            return None
        node = next((value for key, value in node.value if key.value == step), None)
    return node if isinstance(node, yaml.MappingNode) else None


def _end(node: yaml.Node) -> int:
    """Where a value ends: a block's own mark stands where the next token begins."""
    while isinstance(node, yaml.CollectionNode) and not node.flow_style:
        last = node.value[-1]
        node = last[1] if isinstance(node, yaml.MappingNode) else last
    return int(node.end_mark.index)
