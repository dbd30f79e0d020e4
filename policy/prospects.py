"""When a rollout can no longer succeed, before it has ended.

Success is a condition on a whole rollout.  A minimum over time only falls and a maximum only rises,
so that a part of it such as min(hips.y) > 0.7 or max(abs(hinge.q)) < 0.8, joined to the others by
`and`, is lost for good at the first step whose quantity is on the wrong side.  Means and final
values may still recover, and what is about the last seconds is decided there.
"""

import operator
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vgps.codegen.description.expression import (
    Expression,
    Term,
    parse,
    split_aggregates,
    value_of,
)
from vgps.codegen.description.grammar import Node
from vgps.codegen.description.robot import Robot
from vgps.codegen.model import Model

Array = NDArray[np.float64]
Comparison = Callable[[Array, float], NDArray[np.bool_]]

# How a comparison reads from right to left.
_MIRRORED = {
    operator.lt: operator.gt,
    operator.le: operator.ge,
    operator.gt: operator.lt,
    operator.ge: operator.le,
}
_LOST_AT_ONCE = {"min": (operator.gt, operator.ge), "max": (operator.lt, operator.le)}


class Bound(NamedTuple):
    """holds(quantity of a term, limit), at every step of a rollout that succeeds."""

    term: int  # its place among the terms of the success expression
    holds: Comparison
    limit: float


def bounds(robot: Robot) -> list[Bound]:
    """All that a robot's success asks of every step, as far as it is written in this form."""
    outer, terms = split_aggregates(parse(robot.task.success))
    return [
        bound
        for part in _parts(outer.node)
        for bound in _bounds(part, outer.text, terms, robot.parameters)
    ]


def lost(model: Model, asked: list[Bound], X: Array, U: Array, t: ArrayLike) -> NDArray[np.bool_]:
    """(N,) which of N steps at X (N, nx), U (N, nu) and times t (N,), s, break a bound."""
    if not asked:
        return np.zeros(len(X), dtype=bool)
    quantities = model.terms(X, U, t)  # (N, number of terms)
    kept = [bound.holds(quantities[:, bound.term], bound.limit) for bound in asked]
    return ~np.all(kept, axis=0)  # what is not a number breaks them as well


def _parts(node: Node) -> Iterator[Node]:
    """What `and` joins."""
    if node.kind == "logic" and node.value == "and":
        for child in node.children:
            yield from _parts(child)
    else:
        yield node


def _bounds(
    part: Node, text: str, terms: tuple[Term, ...], parameters: dict[str, float]
) -> Iterator[Bound]:
    """Those of a comparison, which may be a chain such as 1 < min(hips.y) < 2."""
    if part.kind != "compare":
        return
    for compare, sides in zip(part.value, pairwise(part.children), strict=True):
        for (side, other), holds in (
            (sides, compare),
            (sides[::-1], _MIRRORED[compare]),
        ):
            if side.kind != "name" or side.value[0] != "#" or _names_a_term(other):
                continue
            k = int(side.value[1:])
            if terms[k].last is None and holds in _LOST_AT_ONCE.get(terms[k].aggregate, ()):
                yield Bound(k, holds, value_of(Expression(text, other), parameters))


def _names_a_term(node: Node) -> bool:
    return any(below.kind == "name" and below.value[0] == "#" for below in node.walk())
