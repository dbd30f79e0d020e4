"""The keys of a file against those that there are.

A key that is nearly right is read as the one that was probably meant: then its value is checked as
well, and what depends on it is not called unknown.
"""

from collections.abc import Iterator
from difflib import get_close_matches
from importlib.metadata import version
from typing import Any, NamedTuple, get_args

from pydantic_core import PydanticCustomError

from vgps.codegen.description.fields import Location, Part, refuse
from vgps.codegen.description.unsupported import UNSUPPORTED
from vgps.codegen.errors import hint


class Spelled(NamedTuple):
    """Data of a file whose keys all exist."""

    data: Any
    faults: list[PydanticCustomError]  # with paths from the top of the file
    spelling: dict[Location, str]  # where a key stands in the data -> how the file spells it


def spell(model: type[Part], data: Any) -> Spelled:
    """Read misspelt keys as those that were meant, and leave out unknown and empty ones."""
    faults: list[PydanticCustomError] = []
    spelling: dict[Location, str] = {}

    def part(model: type[Part], data: Any, loc: Location) -> Any:
        if not isinstance(data, dict):
            return data
        result = {}
        for key, value in data.items():
            meant = key
            if key not in model.model_fields:
                free = [name for name in model.model_fields if name not in data]
                meant = _meant(key, free)
                faults.append(_unknown(key, model, (*loc, key)))
            elif value is None and not model.model_fields[key].is_required():
                faults.append(refuse("has no value; leave the key out", at=(*loc, key)))
            if meant is None or meant in result:
                continue
            if value is None and not model.model_fields[meant].is_required():
                continue
            if meant != key:
                spelling[*loc, meant] = key
            below = part_of(model, meant)
            result[meant] = value if below is None else several(below, value, (*loc, meant))
        return result

    def several(model: type[Part], data: Any, loc: Location) -> Any:
        if not isinstance(data, list):
            return part(model, data, loc)
        return [part(model, item, (*loc, index)) for index, item in enumerate(data)]

    return Spelled(part(model, data, ()), faults, spelling)


def part_of(model: type[Part], key: str) -> type[Part] | None:
    """What kind of mapping, or list of mappings, stands under a key; None for anything else."""
    return next(_parts(model.model_fields[key].annotation), None)


def _parts(annotation: Any) -> Iterator[type[Part]]:
    if isinstance(annotation, type) and issubclass(annotation, Part):
        yield annotation
    for argument in get_args(annotation):
        yield from _parts(argument)


def _meant(key: str, free: list[str]) -> str | None:
    if key in UNSUPPORTED:
        return None
    return next(iter(get_close_matches(key, free, n=1, cutoff=0.6)), None)


def _unknown(key: str, model: type[Part], loc: Location) -> PydanticCustomError:
    if key in UNSUPPORTED:
        return refuse(f"unknown key {key!r}", "key", loc, tail=f"; {UNSUPPORTED[key]}")
    allowed = hint(key, model.model_fields)
    if not allowed.startswith("; did you mean"):
        newer = f", which vgps {version('vgps')} does not have (a newer version may)"
        allowed = newer + allowed
    return refuse(f"unknown key {key!r}", "key", loc, tail=allowed)
