"""A task's expressions term by term: what the cost is a sum of, what success asks for.

cost = t_1 + t_2 - t_3 ...        success = part_1 and part_2 ...
"""

import operator
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.description.expression import (
    Expression,
    ExpressionError,
    decide,
    parse,
    split_aggregates,
)
from vgps.codegen.description.grammar import VECTORS, Node
from vgps.codegen.description.trial import FUNCTIONS
from vgps.codegen.model import Model

Array = NDArray[np.float64]

_SUM = (operator.add, operator.sub)


class CostTerm(NamedTuple):
    """One of those that the cost is a sum of."""

    expression: Expression
    quantities: frozenset[str]  # what it names but parameters
    share: float  # of the cost of a trajectory

    @property
    def is_of_actions(self) -> bool:
        """Whether it depends on the actions alone."""
        return all(name.rpartition(".")[2] in VECTORS for name in self.quantities)


class Part(NamedTuple):
    """One of the conditions that success requires together."""

    expression: Expression  # in the whole of the text
    quantities: set[str]  # what its aggregates name but parameters
    holds: bool
    values: dict[str, float]  # of its aggregates, by how they are written


def cost_terms(model: Model, X: Array, U: Array) -> list[CostTerm]:
    """The terms of the cost along X (T or T+1, nx), U (T, nu).

    There are none where all are zero, or one is too large to be computed on its way.
    A term's share is that of its absolute values, since terms may be of either sign.
    """
    cost = parse(model.robot.task.cost)
    terms = [Expression(cost.text, node) for node in _summands(cost.node)]
    names = [model.cost_quantities(x, u) for x, u in zip(X[: len(U)], U, strict=True)]
    try:
        sizes = [sum(abs(float(term.evaluate(at, FUNCTIONS))) for at in names) for term in terms]
    except ExpressionError:
        return []
    total = sum(sizes)
    if not total:
        return []
    return [
        CostTerm(term, term.names - set(model.robot.parameters), size / total)
        for term, size in zip(terms, sizes, strict=True)
    ]


def success_parts(model: Model, X: Array, U: Array) -> list[Part]:
    """The parts of the condition of success for a rollout X (T or T+1, nx), U (T, nu)."""
    success, parameters = parse(model.robot.task.success), model.robot.parameters
    outer, terms = split_aggregates(success)
    values = model.aggregates(X, U)
    parts = []
    for node in _conditions(outer.node):
        own = [int(name[1:]) for name, _ in Expression(outer.text, node).places if name[0] == "#"]
        parts.append(
            Part(
                Expression(outer.text, node),
                set().union(*(terms[k].inner.names for k in own)) - set(parameters),
                decide(Expression(outer.text, node), values, parameters),
                {_written(terms[k].aggregate, terms[k].inner): values[k] for k in own},
            )
        )
    return parts


def _written(aggregate: str, inner: Expression) -> str:
    return f"{aggregate}({inner.written})"


def _summands(node: Node) -> Iterator[Node]:
    """What the value of a node is a sum of, but for signs."""
    if node.kind == "sign":
        yield from _summands(node.children[0])
        return
    if node.kind != "arithmetic" or node.value[-1].operator not in _SUM:
        yield node
        return
    # Operations go from left to right: the last of a sum adds its last operand to all before.
    *before, last = node.children
    *operations, _ = node.value
    first = before[0]
    if operations:
        end = operations[-1]
        first = Node("arithmetic", tuple(operations), tuple(before), end.column, end.end)
    yield from _summands(first)
    yield from _summands(last)


def _conditions(node: Node) -> Iterator[Node]:
    if node.kind == "logic" and node.value == "and":
        for child in node.children:
            yield from _conditions(child)
    else:
        yield node
