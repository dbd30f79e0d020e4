"""Arithmetic and conditions as text, evaluated over any kind of number.

The grammar is in `grammar`.  An expression is parsed once, checked against the names and functions
that its place allows, and evaluated over floats, SymPy or CasADi objects alike.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

from vgps.codegen.description import grammar
from vgps.codegen.description.grammar import (
    AGGREGATE_CALLS,
    NUMERIC_CALLS,
    ExpressionError,
    Node,
    unknown_call,
    unknown_name,
)


def wrap(a: Any, ceil: Callable[[Any], Any]) -> Any:
    """The angle in (-pi, pi] that is whole turns away from ``a``, rad, over any kind of number."""
    return a - 2.0 * math.pi * ceil((a - math.pi) / (2.0 * math.pi))


NUMERIC_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sqrt": math.sqrt,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "exp": math.exp,
    "log": math.log,
    "abs": abs,
    "tanh": math.tanh,
    "atan2": math.atan2,
    "wrap": lambda a: wrap(a, math.ceil),
    "min": min,
    "max": max,
}


@dataclass(frozen=True)
class Expression:
    """A parsed expression: `node`, whose columns count in `text`."""

    text: str
    node: Node

    @property
    def column(self) -> int:
        """Where it begins in the text, from 0."""
        return self.node.column

    @property
    def written(self) -> str:
        """Its own part of the text, on one line."""
        return " ".join(self.text[self.node.column : self.node.end].split())

    @property
    def is_condition(self) -> bool:
        """Whether its value is true or false, and not a number."""
        return self.node.is_condition

    @property
    def places(self) -> list[tuple[str, int]]:
        """(name, column) of every name, in order of appearance."""
        return [(node.value, node.column) for node in self.node.walk() if node.kind == "name"]

    @cached_property
    def names(self) -> frozenset[str]:
        """The names it uses, with a dot where they have an owner: {'com.vx', 'v_target'}."""
        return frozenset(name for name, _ in self.places)

    @property
    def calls(self) -> set[tuple[str, int]]:
        """(function, number of arguments) of its calls."""
        return {node.signature for node in self.node.walk() if node.kind == "call"}

    def is_vector(self, vectors: set[str]) -> bool:
        """Whether its value is a vector when the names in `vectors` are."""
        return _is_vector(self.node, vectors)

    def check(self, names: set[str], calls: frozenset[tuple[str, int]]) -> None:
        """Refuse names and calls that are not among the given ones.

        Raises:
            ExpressionError: for the first that is not.
        """
        for fault in self.faults(names, calls):
            raise fault

    def faults(
        self, names: set[str], calls: frozenset[tuple[str, int]]
    ) -> Iterator[ExpressionError]:
        """An error for each name and call that is not among the given ones.

        The names of terms, "#k" in the outer part of a success, are always known.
        """
        for node in self.node.walk():
            if node.kind == "name" and node.value not in names and node.value[0] != "#":
                yield unknown_name(node, names)
            if node.kind == "call" and node.signature not in calls:
                yield unknown_call(node, calls)

    def evaluate(self, names: Mapping[str, Any], functions: Mapping[str, Callable]) -> Any:
        """The value over whatever `names` and `functions` work with: floats, SymPy or CasADi.

        Conditions can be evaluated over floats only.

        Raises:
            ExpressionError: for a name or function that is not given, and where floats have no
                finite real result.
        """
        return self._value(self.node, names, functions)

    def _value(
        self, node: Node, names: Mapping[str, Any], functions: Mapping[str, Callable]
    ) -> Any:
        if node.kind == "constant":
            return node.value
        if node.kind == "name":
            if node.value not in names:
                raise unknown_name(node, set(names))
            return names[node.value]
        if node.kind == "logic":
            decided = (self._value(child, names, functions) for child in node.children)
            return _LOGIC[node.value](decided)
        values = [self._value(child, names, functions) for child in node.children]
        if node.kind == "compare":
            steps = zip(node.value, pairwise(values), strict=True)
            results = [compare(*pair) for compare, pair in steps]
            return results[0] if len(results) == 1 else all(results)
        if node.kind == "call":
            if node.value not in functions:
                raise unknown_call(node, {(name, len(values)) for name in functions})
            return self._apply(functions[node.value], values, node.column, node.end)
        if node.kind == "sign":
            return self._apply(node.value, values, node.column, node.end)
        result, *others = values
        for operation, other in zip(node.value, others, strict=True):
            result = self._apply(operation.operator, (result, other), *operation[1:])
        return result

    def _apply(self, function: Callable, values: Sequence, column: int, end: int) -> Any:
        try:
            result = function(*values)
        except ZeroDivisionError:
            reason = "divides by zero"
        except OverflowError:
            reason = "is too large"
        except ValueError:
            reason = "is not defined"
        else:
            finite = not isinstance(result, float) or math.isfinite(result)
            if finite and not isinstance(result, complex):
                return result
            reason = "is not a finite real number"
        raise ExpressionError(f"{self.text[column:end]!r} {reason}", column, end)


_LOGIC: dict[str, Callable[[Iterator], bool]] = {
    "and": all,
    "or": any,
    "not": lambda values: not next(values),
}


class Term(NamedTuple):
    """An aggregate over time: its name, the quantity that it aggregates, and over which part.

    ``last`` gives the seconds at the end of the rollout that count; None: all of it.
    """

    aggregate: str
    inner: Expression
    last: Expression | None = None


@lru_cache(maxsize=1000)
def parse(text: str) -> Expression:
    """Read an expression.

    Raises:
        ExpressionError: for anything that is not on the whitelist.
    """
    return Expression(text, grammar.read(text))


def number(text: str, parameters: Mapping[str, float]) -> float:
    """The value of an arithmetic expression over parameters.

    Raises:
        ExpressionError: it is a condition, uses another name, or has no finite real value.
    """
    return value_of(parse(text), parameters)


def value_of(expression: Expression, parameters: Mapping[str, float]) -> float:
    """As `number`, of an expression that has been read."""
    if expression.is_condition:
        raise ExpressionError("a number is expected, not a condition", expression.column)
    expression.check(set(parameters), NUMERIC_CALLS)
    return float(expression.evaluate(parameters, NUMERIC_FUNCTIONS))


def split_aggregates(expression: Expression) -> tuple[Expression, tuple[Term, ...]]:
    """Separate what happens over time from what is decided at the end.

    Returns:
        `outer` and the terms in order of appearance; `outer` refers to the value of terms[k] by the
        name "#k", which no text can spell.

    Raises:
        ExpressionError: for an aggregate inside another.
    """
    terms: list[Term] = []

    def outside(node: Node) -> Node:
        if not _is_aggregate(node):
            return replace(node, children=tuple(outside(child) for child in node.children))
        for within in node.children[0].walk():
            if _is_aggregate(within):
                text = f"{within.value} stands inside another aggregate, {node.value}"
                raise ExpressionError(text, within.column)
        inner = Expression(expression.text, node.children[0])
        last = None if node.last is None else Expression(expression.text, node.last)
        terms.append(Term(node.value, inner, last))
        return Node("name", f"#{len(terms) - 1}", (), node.column, node.end)

    return Expression(expression.text, outside(expression.node)), tuple(terms)


def decide(outer: Expression, values: Sequence[float], parameters: Mapping[str, float]) -> bool:
    """Whether a condition from `split_aggregates` holds for the values of its terms.

    The values are in the order of the terms.  A rollout with a value that is not finite, or for
    which the condition is not defined, does not succeed.
    """
    if not all(math.isfinite(value) for value in values):
        return False
    terms = {f"#{k}": float(value) for k, value in enumerate(values)}
    try:
        return bool(outer.evaluate({**parameters, **terms}, NUMERIC_FUNCTIONS))
    except ExpressionError:
        return False


def _is_aggregate(node: Node) -> bool:
    return node.kind == "call" and node.signature in AGGREGATE_CALLS


def _is_vector(node: Node, vectors: set[str]) -> bool:
    if node.kind == "name":
        return node.value in vectors
    if node.kind == "call" and node.value == "sum":
        return False
    return any(_is_vector(child, vectors) for child in node.children)
