"""Types of the values in a robot file: numbers that may be expressions, names, points, expressions.

Every refusal is a `PydanticCustomError` made by `refuse`, which also says where in the file to
point. Numbers given as text are evaluated over the parameters found under "parameters" in the
validation context; those that themselves could not be read are under "unread", and the number of
refusals so far is under "refused".
"""

import keyword
import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from vgps.codegen.description.check import Check
from vgps.codegen.description.expression import ExpressionError, parse, value_of
from vgps.codegen.description.grammar import CHARACTERS, FUNCTION_NAMES, MAX_LENGTH
from vgps.codegen.errors import ENOUGH, found

Location: TypeAlias = tuple[str | int, ...]  # keys and indices, such as ("links", 1, "mass")

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
RESERVED = frozenset({"world", "com", "u", "du", "t", "pi", *keyword.kwlist}) | FUNCTION_NAMES

# In SI units, numbers beyond these are slips, and their products and quotients overflow.
LARGEST = 1e15
SMALLEST = 1e-15  # of what must be positive
MOST = 10**9  # of what is counted
MOST_PARAMETERS = 500

NAME_RULE = "a letter followed by at most 63 letters, digits or underscores"


def refuse(
    text: str, kind: str = "value", at: Location = (), offset: int | None = None, tail: str = ""
) -> PydanticCustomError:
    """A refusal that the loader turns into one sentence with a position.

    kind    "value": the sentence is "<path> <text><tail>"; "sentence": the text alone; "key":
            about the key `at[-1]` itself, "<text> in <path><tail>"; "text": as "value", where text
            is wanted; "follows": nothing to be said, since another refusal is its cause
    at      path from the value under validation to the value at fault
    offset  0-based character inside that value, when it is text
    """
    context = {"text": text, "kind": kind, "at": at, "offset": offset, "tail": tail}
    return PydanticCustomError("refused", "{text}{tail}", context)


def several(refusals: Iterable[tuple[Location, PydanticCustomError]]) -> ValidationError:
    """Refusals, each below the place that goes with it, as one error."""
    details = [InitErrorDetails(type=fault, loc=loc, input=None) for loc, fault in refusals]
    return ValidationError.from_exception_data("robot", details)


def each(items: Mapping[str, Any], convert: Callable[[str, Any], float]) -> dict[str, float]:
    """The numbers of a mapping by their names.

    Raises:
        ValidationError: with the refusals of all items that `convert` refuses.
    """
    result, faults = {}, {}
    for name, item in items.items():
        try:
            result[name] = convert(name, item)
        except PydanticCustomError as fault:
            faults[name] = fault
    if faults:
        raise several(((name,), fault) for name, fault in faults.items())
    return result


class Part(BaseModel):
    """Base of whatever a mapping in the file describes: immutable, strict about its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def to_number(value: Any, info: ValidationInfo) -> float:
    """A float of usual size from a number or an expression over the parameters known so far."""
    result = _computed(value, info.context or {}) if isinstance(value, str) else _plain(value)
    if abs(result) > LARGEST:
        shown = _value_and_text(value, result)
        raise refuse(f"must lie between -{LARGEST:g} and {LARGEST:g}, found {shown}")
    return result


def _plain(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise refuse(f"must be a number, found {found(value)}")
    try:
        result = float(value)
    except OverflowError:
        result = math.inf
    if not math.isfinite(result):
        raise refuse(f"must be a finite number, found {found(value)}")
    return result


def _computed(text: str, context: dict[str, Any]) -> float:
    if context.get("refused", 0) >= ENOUGH:
        raise refuse("is one of too many mistakes", "follows")
    try:
        expression = parse(text)
        if expression.names & context.get("unread", set()):
            raise refuse("follows from a parameter that cannot be read", "follows")
        return value_of(expression, context.get("parameters", {}))
    except ExpressionError as error:
        context["refused"] = context.get("refused", 0) + 1
        raise refuse(f"is not a number: {error}", offset=error.column) from None


def _value_and_text(value: Any, result: float) -> str:
    return f"{result!r} = {value}" if isinstance(value, str) else f"{result!r}"


def _limit(value: Any) -> Any:
    if isinstance(value, float) and math.isinf(value):
        text = f"must be a finite number, found {found(value)}"
        raise refuse(f"{text}; leave the key out where there is no limit")
    return value


def _positive(value: Any, info: ValidationInfo) -> float:
    result = to_number(value, info)
    if result <= 0:
        raise refuse(f"must be positive, found {_value_and_text(value, result)}")
    if result < SMALLEST:
        shown = _value_and_text(value, result)
        raise refuse(f"must be at least {SMALLEST:g}, found {shown}")
    return result


def to_non_negative(value: Any, info: ValidationInfo) -> float:
    """As `to_number`, and refuses numbers below zero."""
    result = to_number(value, info)
    if result < 0:
        raise refuse(f"must not be negative, found {_value_and_text(value, result)}")
    return result


def _time_constant(value: Any, info: ValidationInfo) -> float:
    result = to_non_negative(value, info)
    if 0 < result < SMALLEST:
        shown = _value_and_text(value, result)
        raise refuse(f"must be 0 or at least {SMALLEST:g}, found {shown}")
    return result


def whole(least: int, most: float = MOST) -> Check:
    """A validator of whole numbers from `least` to `most`."""

    def check(value: Any, info: ValidationInfo) -> int:
        result = to_number(value, info)
        if result != int(result) or result < least:
            given = _value_and_text(value, result)
            raise refuse(f"must be a whole number of at least {least}, found {given}")
        if result > most:
            raise refuse(f"must be at most {most}, found {_value_and_text(value, result)}")
        return int(result)

    limits = {"title": f"whole number, at least {least}", "minimum": least, "maximum": most}
    return Check(check, **NUMBER | limits | {"type": ["integer", "string"]})


def at_most(count: int, reason: str = "") -> Check:
    """A validator of lists of parts that hold no more, for a reason."""

    def check(value: Any) -> Any:
        if isinstance(value, list | tuple) and len(value) > count:
            raise refuse(f"must be at most {count}, found {len(value)}{reason}")
        return value

    return Check(check, maxItems=count)


def at_least_one(text: str) -> Check:
    """A validator of lists that are not empty; ``text`` says what one must be."""

    def check(value: Any) -> Any:
        if not isinstance(value, list | tuple) or not value:
            given = "an empty list" if isinstance(value, list | tuple) else found(value)
            raise refuse(f"{text}, found {given}")
        return value

    return Check(check, minItems=1)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise refuse(f"must be text, found {found(value)}", "text")
    return value


def to_file_name(value: Any) -> str:
    """A name that files can have: letters, digits and underscores."""
    if not NAME.fullmatch(_text(value)):
        raise refuse(f"must be {NAME_RULE}, found {found(value)}")
    return value


def to_name(value: Any) -> str:
    """A name that expressions can use: letters, digits, underscores, and no reserved word."""
    if to_file_name(value) in RESERVED:
        raise refuse(f"must not be {value!r}, which is a reserved word of expressions")
    return value


def _two(value: Any) -> Any:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise refuse(f"must be a list of two numbers, found {found(value)}")
    return value


def _expression(value: Any) -> str:
    if not isinstance(value, str):
        raise refuse(f"must be text, found {found(value)}")
    try:
        parse(value)
    except ExpressionError as error:
        raise refuse(f"cannot be used: {error}", offset=error.column) from None
    return value


def _condition(value: Any) -> str:
    if not isinstance(value, str):
        example = "such as final(com.x) > 1"
        raise refuse(f"must be a condition over a rollout, {example}, found {found(value)}")
    return _expression(value)


def _profile(value: Any) -> str:
    """An expression, or the number that a level profile is."""
    level = isinstance(value, int | float) and not isinstance(value, bool)
    return _expression(repr(value) if level else value)


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise refuse(f"must be true or false, found {found(value)}")
    return value


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise refuse(f"must be a mapping from coordinates to numbers, found {found(value)}")
    return value


def _by_coordinate(value: Any, info: ValidationInfo) -> float | dict[str, float]:
    if isinstance(value, dict):
        return each(value, lambda _, item: to_non_negative(item, info))
    return to_non_negative(value, info)


def _one_after_another(value: Any, info: ValidationInfo) -> dict[str, float]:
    context = {} if info.context is None else info.context
    known, unread = context.setdefault("parameters", {}), context.setdefault("unread", set())
    if not isinstance(value, dict) or len(value) > MOST_PARAMETERS:
        context["refused"] = ENOUGH  # what uses parameters would only follow from this
        given = len(value) if isinstance(value, dict) else found(value)
        text = f"must be a mapping from names to at most {MOST_PARAMETERS} numbers"
        raise refuse(f"{text}, found {given}")

    def convert(name: str, item: Any) -> float:
        try:
            known[to_name(name)] = to_number(item, info)
        except PydanticCustomError:
            unread.add(name)
            raise
        return known[name]

    return each(value, convert)


# What these types take, in words of JSON Schema; a title says it to people.
EXPRESSION: dict[str, Any] = {
    "title": "expression",
    "type": "string",
    "minLength": 1,
    "maxLength": MAX_LENGTH,
    "pattern": f"^[{CHARACTERS}]*$",
    "patternErrorMessage": "must not hold a character that no expression has",
}
NUMBER = EXPRESSION | {
    "title": "number",
    "type": ["number", "string"],
    "minimum": -LARGEST,
    "maximum": LARGEST,
}
POSITIVE = NUMBER | {"title": "positive number", "minimum": SMALLEST}
NON_NEGATIVE = NUMBER | {"title": "non-negative number", "minimum": 0}
PER_COORDINATE = NON_NEGATIVE | {
    "title": "non-negative number, or a mapping from coordinates to such",
    "type": [*NON_NEGATIVE["type"], "object"],
    "additionalProperties": NON_NEGATIVE,
}
PLAIN_NAME = {
    "title": "name",
    "pattern": f"^{NAME.pattern}$",
    "patternErrorMessage": f"must be {NAME_RULE}",
}

Number = Annotated[float, Check(to_number, **NUMBER)]
Positive = Annotated[float, Check(_positive, **POSITIVE)]
NonNegative = Annotated[float, Check(to_non_negative, **NON_NEGATIVE)]
TimeConstant = Annotated[float, Check(_time_constant, **NON_NEGATIVE)]
Pair = Annotated[tuple[Number, Number], BeforeValidator(_two)]
NonNegativePair = Annotated[tuple[NonNegative, NonNegative], BeforeValidator(_two)]
PerCoordinate = Annotated[
    float | dict[str, float], PlainValidator(_by_coordinate), WithJsonSchema(PER_COORDINATE)
]
Coordinates = Annotated[dict[str, Number], BeforeValidator(_mapping)]
Limits = Annotated[
    tuple[Annotated[Number, BeforeValidator(_limit)], Annotated[Number, BeforeValidator(_limit)]],
    BeforeValidator(_two),
]
PositiveLimit = Annotated[Positive, BeforeValidator(_limit)]
Text = Annotated[str, BeforeValidator(_text)]
Truth = Annotated[bool, BeforeValidator(_truth)]
Name = Annotated[str, Check(to_name, **PLAIN_NAME, **{"not": {"enum": sorted(RESERVED)}})]
FileName = Annotated[str, Check(to_file_name, **PLAIN_NAME | {"title": "name of a robot"})]
ExpressionText = Annotated[str, Check(_expression, **EXPRESSION)]
ConditionText = Annotated[str, Check(_condition, **EXPRESSION | {"title": "condition"})]
ProfileText = Annotated[str, Check(_profile, **NUMBER | {"title": "number or expression"})]
Parameters = Annotated[
    dict[Name, Number], Field(max_length=MOST_PARAMETERS), BeforeValidator(_one_after_another)
]
