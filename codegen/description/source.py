"""YAML text as plain data that remembers where each value stood.

Scalars are int, float, bool, None or, for everything else, the text as written; keys are always
text.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from vgps.codegen.description.fields import Location
from vgps.codegen.description.overrides import replace
from vgps.codegen.description.yaml11 import misreading
from vgps.codegen.description.yaml_nodes import at, compose, place, text_of
from vgps.codegen.errors import RobotFileError, found

MAX_DIGITS = 100
MAX_VALUES = 20_000  # of the data, in which an alias counts as often as it is used

TAG = "tag:yaml.org,2002:"
SCALARS = yaml.constructor.SafeConstructor()
CONVERTED = {
    TAG + "int": SCALARS.construct_yaml_int,
    TAG + "float": SCALARS.construct_yaml_float,
    TAG + "bool": SCALARS.construct_yaml_bool,
    TAG + "null": SCALARS.construct_yaml_null,
}
AS_TEXT = {TAG + kind for kind in ("str", "timestamp", "binary", "merge", "value")}


@dataclass(frozen=True)
class Source:
    """A read file.

    path        as the caller gave it
    data        dicts, lists and scalars, with overrides
    top         the file's nodes, for places in it
    text        the file's
    overridden  where in the data something else stands than in the file -> the override as it was
                given, key=value
    mistakes    what is wrong with the YAML, although it can be read
    spelling    where in the data a key stands -> how the file spells it, where that differs
    """

    path: str
    data: dict
    top: yaml.MappingNode
    text: str
    overridden: dict[Location, str]
    mistakes: tuple[RobotFileError, ...] = ()
    spelling: dict[Location, str] = field(default_factory=dict)

    def error(
        self, loc: Location, message: str, key: bool = False, offset: int | None = None
    ) -> RobotFileError:
        """The error about the value at `loc`, with its place: an override or one in the file."""
        for overridden, override in self.overridden.items():
            if loc[: len(overridden)] == overridden:
                return RobotFileError(f"{self.path} with {override}", None, None, message)
        return RobotFileError(self.path, *self.position(loc, key, offset), message)

    def position(
        self, loc: Location, key: bool = False, offset: int | None = None
    ) -> tuple[int, int]:
        """(line, column), 1-based, of the value at `loc` or of its nearest ancestor.

        loc     such as ('links', 1, 'mass')
        key     point at the key in place of its value
        offset  point at this 0-based character inside the value, when it is text on one line
                without escapes
        """
        node: yaml.Node = self.top
        mark = node.start_mark
        for depth, (key_node, child) in enumerate(self._path(loc)):
            if child is None:
                return place(mark)
            node, mark = child, child.start_mark
            if key and key_node is not None and depth == len(loc) - 1:
                return place(key_node.start_mark)
        line, column = place(mark)
        return line, column + (0 if offset is None else _shift(node, offset))

    def written(self, loc: Location) -> str | None:
        """The scalar at `loc` as it stands in the file: 'no', where the data say False."""
        *_, (_, node) = [(None, self.top), *self._path(loc)]
        return node.value if isinstance(node, yaml.ScalarNode) else None

    def _path(self, loc: Location) -> Iterator[tuple[yaml.Node | None, yaml.Node | None]]:
        """The key and the value of each step, until there is none."""
        node: yaml.Node | None = self.top
        for depth, step in enumerate(loc):
            if node is None:
                return
            key, node = _child(node, self.spelling.get(loc[: depth + 1], step))
            yield key, node


def read(path: str | Path, overrides: Mapping[str, object] = MappingProxyType({})) -> Source:
    """Read a robot file, with other values in place of some of its own.

    Args:
        path: the file.
        overrides: values by their dotted place, such as {"training.iterations": 80}; an item of a
            list goes by its name, as in "joints.knee.damping".  Text is read as YAML.

    Raises:
        RobotFileError: when the file is not one readable YAML mapping, or has no such place.
    """
    text = text_of(path)
    top = compose(path, text)
    if top is None:
        raise RobotFileError(path, 1, 1, "the file is empty")
    if not isinstance(top, yaml.MappingNode):
        raise at(path, top.start_mark, "the file must be a mapping at its top level")
    reader = _Reader(path)
    data, overridden = reader.value(top, ()), {}
    mistakes = reader.mistakes
    for key, value in overrides.items():
        given = f"{key}={value}"
        if isinstance(value, str):
            reader = _Reader(f"{path} with {given}")
            node = compose(reader.path, value)
            value = None if node is None else reader.value(node, ())
            mistakes += reader.mistakes
        overridden[replace(data, key, value, f"{path} with {given}")] = given
    return Source(str(path), data, top, text, overridden, tuple(mistakes))


class _Reader:
    """Turns nodes into data, with a bound on how much aliases may multiply."""

    def __init__(self, path: str | Path) -> None:
        self.path, self.visited = path, 0
        self.mistakes: list[RobotFileError] = []  # after which it can read on

    def value(self, node: yaml.Node, ancestors: tuple[yaml.Node, ...]) -> Any:
        self._visit(node, ancestors, 1)
        inside = (*ancestors, node)
        if isinstance(node, yaml.ScalarNode):
            return self.scalar(node)
        if isinstance(node, yaml.SequenceNode) and node.tag == TAG + "seq":
            return [self.value(item, inside) for item in node.value]
        if isinstance(node, yaml.MappingNode) and node.tag == TAG + "map":
            return self.mapping(node, inside)
        raise self.tagged(node)

    def _visit(self, node: yaml.Node, ancestors: tuple[yaml.Node, ...], values: int) -> None:
        self.visited += values
        if self.visited > MAX_VALUES:
            raise at(
                self.path, node.start_mark, f"the file expands to more than {MAX_VALUES} values"
            )
        if any(node is ancestor for ancestor in ancestors):
            raise at(self.path, node.start_mark, "an alias refers to a value that contains it")

    def mapping(self, node: yaml.MappingNode, inside: tuple[yaml.Node, ...]) -> dict:
        result: dict[str, Any] = {}
        lines: dict[str, int] = {}
        # Positions are looked up in the nodes, so what is merged has to stand there, too.
        node.value = self.merged(node, inside)
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._note(key, "a key must be plain text")
            elif key.value in result:
                first = lines[key.value]
                self._note(key, f"the key {found(key.value)} is given twice, first in line {first}")
            else:
                lines[key.value] = key.start_mark.line + 1
                result[key.value] = self.value(value, inside)
        return result

    def merged(
        self, node: yaml.MappingNode, inside: tuple[yaml.Node, ...]
    ) -> list[tuple[yaml.Node, yaml.Node]]:
        """Keys and values of a mapping, then those that its merge keys '<<' add to them."""
        pairs = [pair for pair in node.value if pair[0].tag != TAG + "merge"]
        taken = {key.value for key, _ in pairs if isinstance(key, yaml.ScalarNode)}
        for key, value in node.value:
            if key.tag != TAG + "merge":
                continue
            for other in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                if not isinstance(other, yaml.MappingNode):
                    self._note(other, "'<<' takes a mapping, or a list of mappings, to merge")
                    continue
                self._visit(other, inside, len(other.value))
                for pair in self.merged(other, (*inside, other)):
                    if isinstance(pair[0], yaml.ScalarNode) and pair[0].value not in taken:
                        taken.add(pair[0].value)
                        pairs.append(pair)
        return pairs

    def scalar(self, node: yaml.ScalarNode) -> Any:
        if node.tag in AS_TEXT:
            return node.value
        if node.tag not in CONVERTED:
            raise self.tagged(node)
        if len(node.value) > MAX_DIGITS:
            text = f"a number has at most {MAX_DIGITS} characters, found {len(node.value)}"
            raise at(self.path, node.start_mark, text)
        try:
            value = CONVERTED[node.tag](node)
        except (ValueError, KeyError, IndexError, OverflowError):
            kind = node.tag.removeprefix(TAG)
            raise at(
                self.path, node.start_mark, f"{node.value[:60]!r} cannot be read as {kind}"
            ) from None
        if node.tag in (TAG + "int", TAG + "float"):
            wrong = misreading(node.value, value)  # type: ignore[arg-type]  # null is no number
            if wrong is not None:
                self._note(node, wrong)
        return value

    def tagged(self, node: yaml.Node) -> RobotFileError:
        return at(self.path, node.start_mark, f"the tag {found(node.tag)} is not supported")

    def _note(self, node: yaml.Node, message: str) -> None:
        self.mistakes.append(at(self.path, node.start_mark, message))


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
