"""YAML text as plain data that remembers where each value stood.

Scalars are int, float, bool, None or, for everything else, the text as written; keys are always
text.
"""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from vgps.codegen.description.fields import Location
from vgps.codegen.description.overrides import put
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
    data        dicts, lists and scalars, with overrides, and written out where `origins` says so
    top         the file's nodes, for places in it
    text        the file's
    overridden  where in the data something else stands than in the file -> the override as it was
                given, key=value
    mistakes    what is wrong with the YAML, although it can be read
    spelling    where in the file a key stands -> how the file spells it, where that differs
    origins     where in the data something stands -> where in the file, where that differs: what
                is repeated or mirrored stands in several places of the data
    """

    path: str
    data: dict
    top: yaml.MappingNode
    text: str
    overridden: dict[Location, str]
    mistakes: tuple[RobotFileError, ...] = ()
    spelling: dict[Location, str] = field(default_factory=dict)
    origins: dict[Location, Location] = field(default_factory=dict)

    def error(
        self, loc: Location, message: str, key: bool = False, offset: int | None = None
    ) -> RobotFileError:
        """The error about the value at `loc`, with its place: an override or one in the file."""
        given = self._override(loc)
        if given is not None:
            return RobotFileError(f"{self.path} with {given}", None, None, message)
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
        node, missing = self._nearest(loc, key)
        line, column = place(node.start_mark)
        return line, column + (0 if offset is None or missing else _shift(node, offset))

    def cause(self, loc: Location, key: bool = False) -> Hashable:
        """Equal for values, or keys, that are one in the file: repeated, mirrored, merged."""
        if self._override(loc) is not None:
            return loc
        node, missing = self._nearest(loc, key)
        return id(node), next((step for step in loc[::-1] if isinstance(step, str)), None), missing

    def in_file(self, loc: Location) -> Location:
        """Where in the file something stands that is at `loc` of the data."""
        if self._override(loc) is None:
            for depth in range(len(loc), 0, -1):
                if loc[:depth] in self.origins:
                    return self.origins[loc[:depth]] + loc[depth:]
        return loc

    def written(self, loc: Location) -> str | None:
        """The scalar at `loc` as it stands in the file: 'no', where the data say False."""
        *_, (_, node) = [(None, self.top), *self._path(loc)]
        return node.value if isinstance(node, yaml.ScalarNode) else None

    def _override(self, loc: Location) -> str | None:
        """The override that stands there in place of what is in the file."""
        places = self.overridden.items()
        return next((given for place, given in places if loc[: len(place)] == place), None)

    def _nearest(self, loc: Location, key: bool) -> tuple[yaml.Node, int]:
        """The value or key at `loc`, or its nearest ancestor, and how many steps are missing."""
        node: yaml.Node = self.top
        missing = len(loc)
        for key_node, child in self._path(loc):
            if child is None:
                break
            missing -= 1
            node = key_node if key and key_node is not None and not missing else child
        return node, missing

    def _path(self, loc: Location) -> Iterator[tuple[yaml.Node | None, yaml.Node | None]]:
        """The key and the value of each step, until there is none."""
        loc = self.in_file(loc)
        node: yaml.Node | None = self.top
        for depth, step in enumerate(loc):
            if node is None:
                return
            key, node = _child(node, self.spelling.get(loc[: depth + 1], step))
            yield key, node


def read(path: str | Path) -> Source:
    """Read a file.

    Raises:
        RobotFileError: when it is not one readable YAML mapping.
    """
    text = text_of(path)
    top = compose(path, text)
    if top is None:
        raise RobotFileError(path, 1, 1, "the file is empty")
    if not isinstance(top, yaml.MappingNode):
        raise at(path, top.start_mark, "the file must be a mapping at its top level")
    reader = _Reader(path)
    data = reader.value(top, ())
    return Source(str(path), data, top, text, {}, tuple(reader.mistakes))


def override(source: Source, overrides: Mapping[str, object]) -> Source:
    """The file with other values in place of some of its own.

    Args:
        source: whose data are changed.
        overrides: values by their dotted place, such as {"training.iterations": 80}; an item of a
            list goes by its name, as in "joints.knee.damping".  Text is read as YAML.

    Raises:
        RobotFileError: there is no such place, or the text is not YAML.
    """
    overridden, mistakes = dict(source.overridden), source.mistakes
    for key, value in overrides.items():
        given = f"{key}={value}"
        path = f"{source.path} with {given}"
        if isinstance(value, str):
            reader = _Reader(path)
            node = compose(path, value)
            value = None if node is None else reader.value(node, ())
            mistakes += tuple(reader.mistakes)
        overridden[put(source.data, key, value, path)] = given
    return replace(source, overridden=overridden, mistakes=mistakes)


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
        # Positions are looked up in the nodes, so what is merged has to stand there, too.
        node.value = self.merged(node, inside)
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value not in result:
                result[key.value] = self.value(value, inside)
        return result

    def merged(
        self, node: yaml.MappingNode, inside: tuple[yaml.Node, ...]
    ) -> list[tuple[yaml.Node, yaml.Node]]:
        """Keys and values of a mapping, then those that its merge keys '<<' add to them."""
        pairs = [pair for pair in node.value if pair[0].tag != TAG + "merge"]
        lines: dict[str, int] = {}
        for key, _ in pairs:
            if not isinstance(key, yaml.ScalarNode):
                self._note(key, "a key must be plain text")
            elif key.value in lines:
                first = lines[key.value]
                self._note(key, f"the key {found(key.value)} is given twice, first in line {first}")
            else:
                lines[key.value] = key.start_mark.line + 1
        taken = set(lines)
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
