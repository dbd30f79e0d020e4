"""Types of the values in a robot file: numbers that may be expressions, names, points, expressions.

Every refusal is a `PydanticCustomError` made by `refuse`, which also says where in the file to
point. Numbers given as text are evaluated over the parameters found under "parameters" in the
validation context.
"""

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainValidator,
    ValidationInfo,
    model_validator,
)
from pydantic_core import PydanticCustomError

from vgps.codegen.description.expression import ExpressionError, number, parse
from vgps.codegen.description.grammar import FUNCTION_NAMES
from vgps.codegen.errors import found, hint

Location: TypeAlias = tuple[str | int, ...]  # keys and indices, such as ("links", 1, "mass")

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
RESERVED = frozenset({"world", "com", "u", "pi"}) | FUNCTION_NAMES


def refuse(
    text: str, kind: str = "value", at: Location = (), offset: int | None = None, tail: str = ""
) -> PydanticCustomError:
    """A refusal that the loader turns into one sentence with a position.

    kind    "value": the sentence is "<path> <text><tail>"; "sentence": the text alone; "key":
            about the key `at[-1]` itself, "<text> in <path><tail>"
    at      path from the value under validation to the value at fault
    offset  0-based character inside that value, when it is text
    """
    context = {"text": text, "kind": kind, "at": at, "offset": offset, "tail": tail}
    return PydanticCustomError("refused", "{text}{tail}", context)


@contextmanager
def inside(*path: str | int) -> Iterator[None]:
    """Let refusals from the block point at `path` below the value under validation."""
    try:
        yield
    except PydanticCustomError as error:
        context = error.context or {}
        raise refuse(
            context["text"],
            context["kind"],
            path + context["at"],
            context["offset"],
            context["tail"],
        ) from None


class Part(BaseModel):
    """Base of whatever a mapping in the file describes: immutable, strict about its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _keys(cls, data: Any) -> Any:
        if isinstance(data, cls):
            return data
        if not isinstance(data, dict):
            raise refuse(f"must be a mapping, found {found(data)}")
        for key in data:
            if key not in cls.model_fields:
                raise refuse(
                    f"unknown key {key!r}", "key", (key,), tail=hint(str(key), cls.model_fields)
                )
        for key, field in cls.model_fields.items():
            if field.is_required() and key not in data:
                raise refuse(f"lacks the key {key!r}")
        return data


def to_number(value: Any, info: ValidationInfo) -> float:
    """A finite float from a number or an expression over the parameters known so far."""
    if isinstance(value, str):
        try:
            return number(value, (info.context or {}).get("parameters", {}))
        except ExpressionError as error:
            raise refuse(f"is not a number: {error}", offset=error.column) from None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise refuse(f"must be a number, found {found(value)}")
    try:
        result = float(value)
    except OverflowError:
        result = math.inf
    if not math.isfinite(result):
        raise refuse(f"must be a finite number, found {found(value)}")
    return result


def _value_and_text(value: Any, result: float) -> str:
    return f"{result!r} = {value}" if isinstance(value, str) else f"{result!r}"


def _positive(value: Any, info: ValidationInfo) -> float:
    result = to_number(value, info)
    if result <= 0:
        raise refuse(f"must be positive, found {_value_and_text(value, result)}")
    return result


def to_non_negative(value: Any, info: ValidationInfo) -> float:
    """As `to_number`, and refuses numbers below zero."""
    result = to_number(value, info)
    if result < 0:
        raise refuse(f"must not be negative, found {_value_and_text(value, result)}")
    return result


def whole(least: int) -> BeforeValidator:
    """A validator of whole numbers of at least `least`."""

    def check(value: Any, info: ValidationInfo) -> int:
        result = to_number(value, info)
        if result != int(result) or result < least:
            given = _value_and_text(value, result)
            raise refuse(f"must be a whole number of at least {least}, found {given}")
        return int(result)

    return BeforeValidator(check)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise refuse(f"must be text, found {found(value)}")
    return value


def _plain_name(value: Any) -> str:
    if not NAME.fullmatch(_text(value)):
        rule = "a letter followed by at most 63 letters, digits or underscores"
        raise refuse(f"must be {rule}, found {found(value)}")
    return value


def to_name(value: Any) -> str:
    """A name that expressions can use: letters, digits, underscores, and no reserved word."""
    if _plain_name(value) in RESERVED:
        raise refuse(f"must not be {value!r}, which is a reserved word")
    return value


def _two(value: Any) -> Any:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise refuse(f"must be a list of two numbers, found {found(value)}")
    return value


def _expression(value: Any) -> str:
    try:
        parse(_text(value))
    except ExpressionError as error:
        raise refuse(f"cannot be used: {error}", offset=error.column) from None
    return value


def _profile(value: Any) -> str:
    """An expression, or the number that a level profile is."""
    level = isinstance(value, int | float) and not isinstance(value, bool)
    return _expression(repr(value) if level else value)


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise refuse(f"must be true or false, found {found(value)}")
    return value


def _each(value: Any, info: ValidationInfo) -> float | dict[str, float]:
    if not isinstance(value, dict):
        return to_non_negative(value, info)
    result = {}
    for key, item in value.items():
        with inside(key):
            result[key] = to_non_negative(item, info)
    return result


Number = Annotated[float, BeforeValidator(to_number)]
Positive = Annotated[float, BeforeValidator(_positive)]
NonNegative = Annotated[float, BeforeValidator(to_non_negative)]
Pair = Annotated[tuple[Number, Number], BeforeValidator(_two)]
PerCoordinate = Annotated[float | dict[str, float], PlainValidator(_each)]
Text = Annotated[str, BeforeValidator(_text)]
Truth = Annotated[bool, BeforeValidator(_truth)]
Name = Annotated[str, BeforeValidator(to_name)]
FileName = Annotated[str, BeforeValidator(_plain_name)]
ExpressionText = Annotated[str, BeforeValidator(_expression)]
ProfileText = Annotated[str, BeforeValidator(_profile)]
