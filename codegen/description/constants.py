"""What an expression makes of its parameters alone: found before anything varies.

Quantities that vary with state and action are replaced by one value that swallows whatever is done
with it.  What remains is arithmetic on parameters, and a division by one that is zero.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from vgps.codegen.description.expression import NUMERIC_FUNCTIONS, Expression
from vgps.codegen.description.grammar import AGGREGATES, ExpressionError, Node

LARGEST_EXPONENT = 1e6


class _Varying:
    """A number of which nothing is known."""

    def _unknown(self, *_: Any) -> "_Varying":
        return self

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _unknown
    __rpow__ = __rtruediv__ = __pos__ = __neg__ = _unknown

    def __truediv__(self, divisor: Any) -> "_Varying":
        if divisor == 0:
            raise ZeroDivisionError
        return self

    def __pow__(self, exponent: Any) -> "_Varying":
        if exponent is not self and abs(exponent) > LARGEST_EXPONENT:
            raise OverflowError  # in the derivatives, at the latest
        return self


_VARYING = _Varying()


def constant_faults(
    expression: Expression, parameters: Mapping[str, float]
) -> Iterator[ExpressionError]:
    """An error for each number in an expression that parameters alone make undefined or infinite.

    Args:
        expression: its names and calls have been checked.
        parameters: a value that is not known is NaN.
    """
    names = {
        name: _VARYING if math.isnan(parameters.get(name, math.nan)) else parameters[name]
        for name in expression.names
    }
    for node in _numbers(expression.node):
        try:
            Expression(expression.text, node).evaluate(names, _FUNCTIONS)
        except ExpressionError as fault:
            yield fault


def _numbers(node: Node) -> Iterator[Node]:
    """The numbers that a condition compares, or the number itself."""
    if not node.is_condition:
        yield node
        return
    for child in node.children:
        yield from _numbers(child)


def _known(name: str, function: Callable) -> Callable:
    """The function where its arguments are known.  Over time, a constant stays what it is."""

    def apply(*values: Any) -> Any:
        if _VARYING in values:
            return _VARYING
        return values[0] if len(values) == 1 and name in AGGREGATES else function(*values)

    return apply


_FUNCTIONS = {
    name: _known(name, NUMERIC_FUNCTIONS.get(name, float))
    for name in (*NUMERIC_FUNCTIONS, *AGGREGATES, "sum")
}
