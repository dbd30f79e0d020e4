"""From a failed validation to one sentence about the first mistake in the file."""

from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from vgps.codegen.description.fields import Location
from vgps.codegen.description.source import Source
from vgps.codegen.errors import RobotFileError, found, hint


def explain(source: Source, failure: ValidationError) -> RobotFileError:
    """The first mistake in the parameters, from which others may follow, or else in the file."""
    errors = [_explain_one(source, error) for error in failure.errors(include_url=False)]
    # An override has no line, and comes first.
    return min(errors, key=lambda pair: (not pair[0], pair[1].line or 0, pair[1].column or 0))[1]


def _explain_one(source: Source, error: ErrorDetails) -> tuple[bool, RobotFileError]:
    context = error.get("ctx", {})
    if error["type"] != "refused":
        context = {"kind": "value", "at": (), "offset": None, **_builtin(error, context)}
    loc = tuple(error["loc"]) + tuple(context["at"])
    text, tail = context["text"], context["tail"]
    if context["kind"] == "key":
        refusal = source.error(loc, f"{text} in {_spell(loc[:-1])}{tail}", key=True)
    else:
        subject = "" if context["kind"] == "sentence" else f"{_spell(loc)} "
        refusal = source.error(loc, f"{subject}{text}{tail}", offset=context["offset"])
    return loc[:1] == ("parameters",), refusal


def _builtin(error: ErrorDetails, context: dict[str, Any]) -> dict[str, str]:
    if error["type"] == "literal_error":
        choices = context["expected"].replace("'", "").replace(" or ", ", ").split(", ")
        text = f"must be {context['expected']}, found {found(error['input'])}"
        return {"text": text, "tail": hint(str(error["input"]), choices)}
    if error["type"] == "tuple_type":
        return {"text": f"must be a list, found {found(error['input'])}", "tail": ""}
    return {"text": f"cannot be used: {error['msg']}", "tail": ""}


def _spell(loc: Location) -> str:
    spelled = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in loc)
    return spelled.removeprefix(".") or "the robot"
