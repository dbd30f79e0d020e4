"""YAML text as plain data that remembers where each value stood.

Scalars are int, float, bool, None or, for everything else, the text as written; keys are always
text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from vgps.codegen.description.overrides import replace
from vgps.codegen.errors import RobotFileError

MAX_BYTES = 256 * 1024
MAX_NODES = 20_000
MAX_DEPTH = 40

TAG = "tag:yaml.org,2002:"
SCALARS = yaml.constructor.SafeConstructor()
CONVERTED = {
    TAG + "int": SCALARS.construct_yaml_int,
    TAG + "float": SCALARS.construct_yaml_float,
    TAG + "bool": SCALARS.construct_yaml_bool,
    TAG + "null": SCALARS.construct_yaml_null,
}
AS_TEXT = {TAG + kind for kind in ("str", "timestamp", "binary", "merge", "value")}


Overridden = dict[tuple, str]  # where in the data -> the override as it was given, key=value


@dataclass(frozen=True)
class Source:
    """A read file.

    path        as the caller gave it
    data        dicts, lists and scalars, with overrides
    top         the file's nodes, for places in it
    text        the file's
    overridden  where in the data something else stands than in the file
    """

    path: str
    data: dict
    top: yaml.MappingNode
    text: str
    overridden: Overridden

    def error(
        self, loc: tuple, message: str, key: bool = False, offset: int | None = None
    ) -> RobotFileError:
        """The error about the value at `loc`, with its place: an override or one in the file."""
        for place, override in self.overridden.items():
            if loc[: len(place)] == place:
                return RobotFileError(f"{self.path} with {override}", None, None, message)
        return RobotFileError(self.path, *self.position(loc, key, offset), message)

    def position(self, loc: tuple, key: bool = False, offset: int | None = None) -> tuple[int, int]:
        """(line, column), 1-based, of the value at `loc` or of its nearest ancestor.

        loc     such as ('links', 1, 'mass')
        key     point at the key in place of its value
        offset  point at this 0-based character inside the value, when it is text on one line
                without escapes
        """
        node: yaml.Node = self.top
        mark = node.start_mark
        for depth, step in enumerate(loc):
            key_node, child = _child(node, step)
            if child is None:
                return _place(mark)
            node, mark = child, child.start_mark
            if key and key_node is not None and depth == len(loc) - 1:
                return _place(key_node.start_mark)
        line, column = _place(mark)
        return line, column + (0 if offset is None else _shift(node, offset))


def read(path: str | Path, overrides: Mapping[str, object] = MappingProxyType({})) -> Source:
    """Read a robot file, with other values in place of some of its own.

    Args:
        path: the file.
        overrides: values by their dotted place, such as {"training.iterations": 80}; an item of a
            list goes by its name, as in "joints.knee.damping".  Text is read as YAML.

    Raises:
        RobotFileError: when the file is not one readable YAML mapping, or has no such place.
    """
    text = _text(path)
    top = _compose(path, text)
    if top is None:
        raise RobotFileError(path, 1, 1, "the file is empty")
    if not isinstance(top, yaml.MappingNode):
        raise _at(path, top.start_mark, "the file must be a mapping at its top level")
    data, overridden = _Reader(path).value(top, ()), {}
    for key, value in overrides.items():
        given = f"{key}={value}"
        if isinstance(value, str):
            place = f"{path} with {given}"
            node = _compose(place, value)
            value = None if node is None else _Reader(place).value(node, ())
        overridden[replace(data, key, value, f"{path} with {given}")] = given
    return Source(str(path), data, top, text, overridden)


def _compose(path: str | Path, text: str) -> yaml.Node | None:
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        raise _at(path, error.problem_mark or error.context_mark, _syntax(error)) from None
    except yaml.reader.ReaderError as error:
        line, column = _count(text[: error.position])
        raise RobotFileError(
            path, line, column, f"the character U+{error.character:04X} is not allowed"
        ) from None
    except (ValueError, OverflowError) as error:
        raise RobotFileError(path, 1, 1, f"not valid YAML: {error}") from None
    except RecursionError:
        raise RobotFileError(path, 1, 1, "the file is nested too deeply") from None


class _Reader:
    """Turns nodes into data, with a bound on how much aliases may multiply."""

    def __init__(self, path: str | Path) -> None:
        self.path, self.visited = path, 0

    def value(self, node: yaml.Node, ancestors: tuple[yaml.Node, ...]) -> Any:
        self.visited += 1
        if self.visited > MAX_NODES:
            raise _at(
                self.path, node.start_mark, f"the file expands to more than {MAX_NODES} values"
            )
        if any(node is ancestor for ancestor in ancestors):
            raise _at(self.path, node.start_mark, "an alias refers to a value that contains it")
        if len(ancestors) > MAX_DEPTH:
            raise _at(self.path, node.start_mark, "the file is nested too deeply")
        inside = (*ancestors, node)
        if isinstance(node, yaml.ScalarNode):
            return self.scalar(node)
        if isinstance(node, yaml.SequenceNode) and node.tag == TAG + "seq":
            return [self.value(item, inside) for item in node.value]
        if isinstance(node, yaml.MappingNode) and node.tag == TAG + "map":
            return self.mapping(node, inside)
        raise self.tagged(node)

    def mapping(self, node: yaml.MappingNode, inside: tuple[yaml.Node, ...]) -> dict:
        result: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _at(self.path, key.start_mark, "a key must be plain text")
            if key.value in result:
                first = lines[key.value]
                raise _at(
                    self.path,
                    key.start_mark,
                    f"the key {key.value!r} is given twice, first in line {first}",
                )
            lines[key.value] = key.start_mark.line + 1
            result[key.value] = self.value(value, inside)
        return result

    def scalar(self, node: yaml.ScalarNode) -> Any:
        if node.tag in AS_TEXT:
            return node.value
        if node.tag not in CONVERTED:
            raise self.tagged(node)
        try:
            return CONVERTED[node.tag](node)
        except (ValueError, KeyError, IndexError, OverflowError):
            kind = node.tag.removeprefix(TAG)
            raise _at(
                self.path, node.start_mark, f"{node.value[:60]!r} cannot be read as {kind}"
            ) from None

    def tagged(self, node: yaml.Node) -> RobotFileError:
        return _at(self.path, node.start_mark, f"the tag {node.tag!r} is not supported")


def _text(path: str | Path) -> str:
    try:
        with Path(path).open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise RobotFileError(path, None, None, f"cannot be read: {reason}") from None
    if len(raw) > MAX_BYTES:
        raise RobotFileError(path, None, None, f"is larger than {MAX_BYTES // 1024} KiB")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, column = _count(raw[: error.start].decode("utf-8", "replace"))
        raise RobotFileError(
            path, line, column, f"the byte 0x{raw[error.start]:02X} is not valid UTF-8"
        ) from None


def _syntax(error: yaml.MarkedYAMLError) -> str:
    if error.context == "expected a single document in the stream":
        return "the file must hold one document, here a second begins"
    return f"not valid YAML: {error.problem}" + (f" ({error.context})" if error.context else "")


def _child(node: yaml.Node, step: str | int) -> tuple[yaml.Node | None, yaml.Node | None]:
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == step), (None, None))
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return None, node.value[step]
    return None, None


def _shift(node: yaml.Node, offset: int) -> int:
    if not isinstance(node, yaml.ScalarNode) or node.start_mark.line != node.end_mark.line:
        return 0
    quotes = node.end_mark.index - node.start_mark.index - len(node.value)
    return offset + quotes // 2 if quotes == (2 if node.style in ("'", '"') else 0) else 0


def _count(before: str) -> tuple[int, int]:
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def _place(mark: yaml.Mark) -> tuple[int, int]:
    return mark.line + 1, mark.column + 1


def _at(path: str | Path, mark: yaml.Mark | None, message: str) -> RobotFileError:
    line, column = (1, 1) if mark is None else _place(mark)
    return RobotFileError(path, line, column, message)
