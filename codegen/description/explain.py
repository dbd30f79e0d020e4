"""From what a validation refuses to sentences with a place in the file."""

import re
from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from vgps.codegen.description.fields import NAME, Location, refuse
from vgps.codegen.description.source import Source
from vgps.codegen.description.unsupported import SYNONYMS, UNSUPPORTED
from vgps.codegen.errors import RobotFileError, found, hint

PLAIN = re.compile(r"\w{1,64}")
LONGEST = 300  # characters of what is wrong; what is allowed comes on top


def refused(failure: ValidationError) -> Iterator[PydanticCustomError]:
    """What a validation refuses, but for what follows from another refusal, by full paths."""
    for error in failure.errors(include_url=False):
        loc, context = error["loc"], error.get("ctx", {})
        if error["type"] != "refused":
            context = {"kind": "value", "at": (), "offset": None, "tail": "", **_builtin(error)}
        if error["type"] == "missing":
            loc = loc[:-1]  # the place is that of the mapping which lacks the key
        if context["kind"] != "follows":
            yield refuse(**context | {"at": loc + tuple(context["at"])})


def explain(source: Source, refusals: Iterable[PydanticCustomError]) -> Iterator[RobotFileError]:
    """A sentence for each refusal, whose path begins at the top of the data.

    What the file says once and means several times is told once, of the first.
    """
    first: dict[Hashable, Location] = {}
    for refusal in refusals:
        context = refusal.context or {}
        loc = tuple(context["at"])
        if first.setdefault(source.cause(loc, context["kind"] == "key"), loc) == loc:
            yield _sentence(source, loc, context)


def unread(failure: ValidationError) -> Iterator[Location]:
    """Where in the data a value is missing or wrong."""
    for error in failure.errors(include_url=False):
        loc = error["loc"]
        whole_part = len(loc) == 2 and isinstance(loc[1], int)
        if loc and not (whole_part and error["type"] == "refused"):
            yield loc  # the values of a refused part are known, each by itself


def _sentence(source: Source, loc: Location, context: Mapping[str, Any]) -> RobotFileError:
    text, tail, spelled = context["text"], context["tail"], source.in_file(loc)
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]}..."
    if context["kind"] == "key":
        return source.error(loc, f"{text} in {_spell(spelled[:-1])}{tail}", key=True)
    if context["kind"] == "text":
        word = source.written(loc)
        if word is not None and NAME.fullmatch(word):
            tail += f"; to mean the word, put it in quotes: '{word}'"
    subject = "" if context["kind"] == "sentence" else f"{_spell(spelled)} "
    return source.error(loc, f"{subject}{text}{tail}", offset=context["offset"])


def _builtin(error: ErrorDetails) -> dict[str, Any]:
    """What to say instead of pydantic's own message."""
    given = found(error["input"])
    match error["type"]:
        case "missing":
            return {"text": f"lacks the key {error['loc'][-1]!r}"}
        case "literal_error":
            expected = error["ctx"]["expected"]
            choices = expected.replace("'", "").replace(" or ", ", ").split(", ")
            word = str(error["input"])
            text = f"must be {expected}, found {given}"
            if word in UNSUPPORTED:
                return {"text": text, "tail": f"; {UNSUPPORTED[word]}"}
            return {"text": text, "tail": hint(SYNONYMS.get(word, word), choices)}
        case "tuple_type":
            return {"text": f"must be a list, found {given}"}
        case "model_type" | "model_attributes_type" | "dict_type":
            return {"text": f"must be a mapping, found {given}"}
    return {"text": f"cannot be used: {error['msg']}"}


def _spell(loc: Location) -> str:
    spelled = ""
    for step in loc:
        if isinstance(step, int):
            spelled += f"[{step}]"
        else:  # which may hold anything, line breaks too, where the file chooses the key
            spelled += f".{step}" if PLAIN.fullmatch(step) else f".{step!r:.60}"
    return spelled.removeprefix(".") or "the robot"
