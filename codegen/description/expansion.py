"""What a file says once and means several times: `repeat` and `mirror`, written out.

    {name: body, repeat: 3, mass: 1}                      body1, body2, body3
    {name: bend, repeat: 2, parent: body, child: body}    bend1 between body1 and body2, and bend2
    mirror: {_l: _r}                                      a twin hip_r of hip_l, with its numbers

It happens in the file's plain data before these are validated, so that nothing after it knows of
either.  What is wrong with a count or an ending stays as it is, for the validation to refuse.
"""

import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from functools import partial
from typing import Annotated, Any, NamedTuple, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter, ValidationError

from vgps.codegen.description.fields import Location, Parameters, Part, refuse, whole
from vgps.codegen.description.source import MAX_VALUES
from vgps.codegen.errors import found

# The lists of parts that may be repeated and mirrored, each with the keys that name other parts.
REFERENCES: dict[str, tuple[str, ...]] = {
    "links": (),
    "joints": ("parent", "child"),
    "actuators": ("link", "between", "joint", "joints"),
    "points": ("link",),
}
ENDING = re.compile(r"[A-Za-z0-9_]{1,63}")
SIDES = ("left", "right")


def _to_endings(value: Any) -> Any:
    if not isinstance(value, dict):
        text = "must be a mapping from endings of names to those of their twins, such as {_l: _r}"
        raise refuse(f"{text}, found {found(value)}")
    for ending, other in value.items():
        for text in (ending, other):
            if not isinstance(text, str) or not ENDING.fullmatch(text):
                rule = "letters, digits and underscores, such as {_l: _r}"
                raise refuse(f"must go from one ending to another, of {rule}", at=(ending,))
        if ending == other:
            raise refuse("must be another ending, so that twins differ in name", at=(ending,))
    return value


Count = Annotated[int, whole(1)]
Endings = Annotated[dict[str, str], BeforeValidator(_to_endings)]

_COUNT, _ENDINGS, _PARAMETERS = TypeAdapter(Count), TypeAdapter(Endings), TypeAdapter(Parameters)


def _single(value: int) -> int:
    if value != 1:
        raise refuse(f"must be 1 for a single part, found {value}")
    return value


class RepeatablePart(Part):
    """Base of the parts that a file may repeat.

    repeat  how many there are, with 1, 2, 3, ... after their names; each has a part of its own in
            the robot, where this is always 1
    """

    repeat: Annotated[Count, AfterValidator(_single)] = Field(default=1, exclude=True)


class Expanded(NamedTuple):
    """Data in which every part stands for itself."""

    data: dict[str, Any]
    origins: dict[Location, Location]  # where in it a part stands -> where in the given data


# A part, behind the index in its list of what stands for it in the file.
_Written: TypeAlias = tuple[int, Any]


def expand(data: Mapping[str, Any]) -> Expanded:
    """Write out what is mirrored and, after that, what is repeated.

    Mirrored, each run of parts with an ending is followed by its twins; a twin that the file has
    itself stays as it is there.  The gait is given the leg of the other side and, where all of its
    states have the same leg in stance, once more as many for the other.

    Repeated, a part that another one names has the number of the latter, such as the body1 of leg1;
    where a joint names the same one as parent and as child, the child is the next.

    Args:
        data: of a file, whose keys all exist.

    Raises:
        PydanticCustomError: more would come out than a file may hold.
    """
    result = dict(data)
    origins: dict[Location, Location] = {}
    endings = _endings(data)
    if endings:
        result["mirror"] = _without_use(endings, data)
    sections = {
        section: _with_twins(list(enumerate(data[section])), keys, endings)
        for section, keys in REFERENCES.items()
        if isinstance(data.get(section), list)
    }
    sections = _repeated(sections, _context(data))
    for section, parts in sections.items():
        result[section] = [part for _, part in parts]
        origins |= {(section, at): (section, index) for at, (index, _) in enumerate(parts)}
    if "mirror" in data and isinstance(data.get("gait"), dict):
        result["gait"] = _both_sides(data["gait"], endings, origins)
    return Expanded(result, origins)


def is_expanded(key: str) -> bool:
    """Whether a dotted place, such as "joints.knee.damping", is one in expanded data."""
    section, _, below = key.partition(".")
    return bool(below) and section in (*REFERENCES, "gait")


def _endings(data: Mapping[str, Any]) -> dict[str, str]:
    try:
        return _ENDINGS.validate_python(data.get("mirror", {}))
    except ValidationError:
        return {}


def _without_use(endings: Mapping[str, str], data: Mapping[str, Any]) -> dict[str, str]:
    """The endings that no name has."""
    lists = [data[section] for section in REFERENCES if isinstance(data.get(section), list)]
    names = [name for parts in lists for part in parts if (name := _name(part)) is not None]
    return {
        ending: other
        for ending, other in endings.items()
        if not any(name.endswith(ending) for name in names)
    }


def _context(data: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters, as the validation of numbers wants them."""
    context: dict[str, Any] = {}
    try:
        _PARAMETERS.validate_python(data.get("parameters", {}), context=context)
    except ValidationError:
        pass  # is refused where all is validated
    return context


def _with_twins(
    parts: list[_Written], keys: tuple[str, ...], endings: Mapping[str, str]
) -> list[_Written]:
    taken = {_name(part) for _, part in parts}
    result: list[_Written] = []
    twins: list[_Written] = []
    for index, part in parts:
        name = _name(part)
        if name is None or _of_twin(endings, name) in taken:
            result, twins = result + twins, []
        else:
            twin = deepcopy(part)
            for key in (key for key in ("name", *keys) if key in part):
                twin[key] = _with_other_names(part[key], partial(_of_twin, endings))
            twins.append((index, twin))
        result.append((index, part))
    return result + twins


def _repeated(
    sections: Mapping[str, list[_Written]], context: dict[str, Any]
) -> dict[str, list[_Written]]:
    result: dict[str, list[_Written]] = {section: [] for section in sections}
    everything = [part for parts in sections.values() for _, part in parts]
    repeated = {_name(part) for part in everything if _count(part, context) is not None}
    values = 0
    for section, parts in sections.items():
        for index, part in parts:
            count = _count(part, context)
            if count is None:
                result[section].append((index, part))
                continue
            values += count * _size(part)
            if values > MAX_VALUES:
                text = f"the file expands to more than {MAX_VALUES} values"
                raise refuse(text, "sentence", (section, index, "repeat"))
            for number in range(1, count + 1):
                copy = _numbered(part, number, REFERENCES[section], repeated)
                result[section].append((index, copy))
    return result


def _count(part: Any, context: dict[str, Any]) -> int | None:
    """How many a part stands for; None where that is not said, or not rightly."""
    if not isinstance(part, dict) or "repeat" not in part:
        return None
    try:
        return _COUNT.validate_python(part["repeat"], context=context)
    except ValidationError:
        return None


def _numbered(
    part: Mapping[str, Any], number: int, keys: tuple[str, ...], repeated: set[str | None]
) -> dict[str, Any]:
    """The part of a number, of those that a repeated one stands for."""
    copy = {key: deepcopy(value) for key, value in part.items() if key != "repeat"}
    named: list[Any] = []
    for key in (key for key in ("name", *keys) if key in part):
        there = number + named.count(part[key])  # named again, it is the next
        copy[key] = _with_other_names(part[key], partial(_of_number, repeated, there))
        named.append(part[key])
    return copy


def _both_sides(
    gait: Mapping[str, Any], endings: Mapping[str, str], origins: dict[Location, Location]
) -> dict[str, Any]:
    result = dict(gait)
    legs, states = gait.get("legs"), gait.get("states")
    for side, other in (SIDES, SIDES[::-1]):
        if isinstance(legs, dict) and side in legs and other not in legs:
            result["legs"] = legs | {other: _renamed(legs[side], partial(_of_twin, endings))}
            origins["gait", "legs", other] = ("gait", "legs", side)
    if isinstance(states, list) and states and all(isinstance(state, dict) for state in states):
        stances = [state.get("left_stance") for state in states]
        if stances in ([True] * len(states), [False] * len(states)):
            twins = [
                deepcopy(state) | {"left_stance": not state["left_stance"]} for state in states
            ]
            result["states"] = states + twins
            for index in range(len(states)):
                origins["gait", "states", len(states) + index] = ("gait", "states", index)
    return result


def _name(part: Any) -> str | None:
    name = part.get("name") if isinstance(part, dict) else None
    return name if isinstance(name, str) else None


def _with_other_names(value: Any, rename: Callable[[str], str]) -> Any:
    """What names other parts: a name, a list of names, or a mapping from names to numbers."""
    if isinstance(value, dict):
        return {_renamed(name, rename): deepcopy(item) for name, item in value.items()}
    return _renamed(value, rename)


def _renamed(value: Any, rename: Callable[[str], str]) -> Any:
    """A name, or those in a list or mapping of names, by other names."""
    if isinstance(value, dict):
        return {key: _renamed(item, rename) for key, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item, rename) for item in value]
    return rename(value) if isinstance(value, str) else value


def _of_twin(endings: Mapping[str, str], name: str) -> str:
    for ending in sorted(endings, key=len, reverse=True):
        if name.endswith(ending):
            return name.removesuffix(ending) + endings[ending]
    return name


def _of_number(repeated: set[str | None], number: int, name: str) -> str:
    return f"{name}{number}" if name in repeated else name


def _size(value: Any) -> int:
    """How many values a value consists of."""
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(_size, items))
