"""SymPy expressions as CasADi ones."""

import math
from collections.abc import Callable

import casadi as ca
import sympy as sp

from vgps.codegen.mechanics import equations_of_motion as mechanics
from vgps.codegen.mechanics import operators


def to_casadi(matrices: tuple[sp.Matrix, ...], symbols: dict[sp.Symbol, ca.SX]) -> list[ca.SX]:
    """SymPy matrices as CasADi ones after one common-subexpression elimination over all of them."""
    replacements, reduced = sp.cse(matrices, order="none")
    table = dict(symbols)
    for symbol, expression in replacements:
        table[symbol] = _convert(expression, table)
    return [
        ca.sparsify(
            ca.vertcat(
                *(ca.horzcat(*(_convert(e, table) for e in m.row(i))) for i in range(m.rows))
            )
        )
        for m in reduced
    ]


def _convert(expression: sp.Expr, table: dict[sp.Symbol, ca.SX]) -> ca.SX:
    if expression.is_Symbol:
        return table[expression]
    if expression.is_Number:
        return ca.SX(float(expression))
    if isinstance(expression, mechanics.cos_between | mechanics.sin_between):
        return _between(type(expression), *(table[angle] for angle in expression.args))
    arguments = [_convert(argument, table) for argument in expression.args]
    if expression.is_Add:
        return sum(arguments[1:], arguments[0])
    if expression.is_Mul:
        return math.prod(arguments[1:], start=arguments[0])
    if expression.is_Pow:
        return arguments[0] ** arguments[1]
    return _ELEMENTARY[type(expression)](*arguments)


def _between(kind: type[sp.Function], a: ca.SX, b: ca.SX) -> ca.SX:
    """cos or sin of b - a from those of a and b, which every angle has anyway."""
    if kind is mechanics.cos_between:
        return ca.cos(a) * ca.cos(b) + ca.sin(a) * ca.sin(b)
    return ca.cos(a) * ca.sin(b) - ca.sin(a) * ca.cos(b)


_ELEMENTARY: dict[type[sp.Function], Callable[[ca.SX], ca.SX]] = {
    sp.sin: ca.sin,
    sp.cos: ca.cos,
    mechanics.softplus: operators.softplus,
}
