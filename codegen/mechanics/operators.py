"""The functions of expressions, and those of the mechanics, over CasADi's symbols."""

from collections.abc import Callable
from functools import reduce

import casadi as ca

from vgps.codegen.description.expression import wrap

FUNCTIONS: dict[str, Callable] = {
    "sqrt": ca.sqrt,
    "sin": ca.sin,
    "cos": ca.cos,
    "tan": ca.tan,
    "exp": ca.exp,
    "log": ca.log,
    "abs": ca.fabs,
    "tanh": ca.tanh,
    "atan2": ca.atan2,
    "wrap": lambda a: wrap(a, ca.ceil),
    "min": lambda *values: reduce(ca.fmin, values),
    "max": lambda *values: reduce(ca.fmax, values),
    "sum": ca.sum1,
}


def softplus(z: ca.SX) -> ca.SX:
    """log(1 + exp(z)) without overflow, with the right derivative at 0."""
    return ca.log1p(ca.exp(-ca.fabs(z))) + 0.5 * (z + ca.fabs(z))
