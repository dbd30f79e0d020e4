"""How C writes the instructions of a CasADi function.

There are two dialects: SCALAR, plain doubles, and LANES, in which every variable holds the values
of several independent evaluations (lanes.c, lanes_math.c).
"""

from typing import Any, NamedTuple

import casadi as ca
import numpy as np
from numpy.typing import ArrayLike, NDArray


class Dialect(NamedTuple):
    """How one kind of C writes a number, an instruction and the name of a function."""

    type: str
    prefix: str
    constant: str
    softplus_tail: str  # log1p(exp(-a)) of a >= 0
    operators: dict[int, str]


_ARITHMETIC = {
    ca.OP_ASSIGN: "{0}",
    ca.OP_ADD: "{} + {}",
    ca.OP_SUB: "{} - {}",
    ca.OP_MUL: "{} * {}",
    ca.OP_DIV: "{} / {}",
    ca.OP_NEG: "-{0}",
    ca.OP_SQ: "{0} * {0}",
    ca.OP_TWICE: "{0} + {0}",
    ca.OP_INV: "1.0 / {0}",
}
_FUNCTIONS = {
    ca.OP_POW: "pow({}, {})",
    ca.OP_CONSTPOW: "pow({}, {})",
    ca.OP_FMIN: "fmin({}, {})",
    ca.OP_FMAX: "fmax({}, {})",
    ca.OP_SQRT: "sqrt({})",
    ca.OP_SIN: "sin({})",
    ca.OP_COS: "cos({})",
    ca.OP_TAN: "tan({})",
    ca.OP_EXP: "exp({})",
    ca.OP_LOG: "log({})",
    ca.OP_LOG1P: "log1p({})",
    ca.OP_TANH: "tanh({})",
    ca.OP_FABS: "fabs({})",
    ca.OP_CEIL: "ceil({})",
    ca.OP_ATAN2: "atan2({}, {})",
}
_SCALAR_LOGIC = {
    ca.OP_LT: "({} < {})",
    ca.OP_LE: "({} <= {})",
    ca.OP_EQ: "({} == {})",
    ca.OP_NE: "({} != {})",
    ca.OP_AND: "({} && {})",
    ca.OP_OR: "({} || {})",
    ca.OP_NOT: "(double)(!{0})",
    ca.OP_IF_ELSE_ZERO: "({} ? {} : 0.0)",
    ca.OP_SIGN: "(double)(({0} > 0.0) - ({0} < 0.0))",
}
_LANES_LOGIC = {
    ca.OP_LT: "truth({} < {})",
    ca.OP_LE: "truth({} <= {})",
    ca.OP_EQ: "truth({} == {})",
    ca.OP_NE: "truth({} != {})",
    ca.OP_AND: "truth(({} != 0.0) & ({} != 0.0))",
    ca.OP_OR: "truth(({} != 0.0) | ({} != 0.0))",
    ca.OP_NOT: "truth({0} == 0.0)",
    ca.OP_IF_ELSE_ZERO: "choose({} != 0.0, {}, splat(0.0))",
    ca.OP_SIGN: "lanes_sign({0})",
}
# The prefix keeps the dynamic linker from binding a name such as `step` to the C library's.
SCALAR = Dialect(
    "double", "robot_", "{}", "softplus_tail({})", _ARITHMETIC | _FUNCTIONS | _SCALAR_LOGIC
)
LANES = Dialect(
    "lanes",
    "lanes_",
    "splat({})",
    "lanes_softplus_tail({})",
    _ARITHMETIC | {op: f"lanes_{call}" for op, call in _FUNCTIONS.items()} | _LANES_LOGIC,
)


def constant_array(what: str, numbers: ArrayLike) -> str:
    """The declaration of a constant array ("int ORDER[]"), row by row where it has several axes."""
    array = np.asarray(numbers)
    # An array of C has at least one element.
    return f"static const {what} = {_braced(array) if array.size else '{0}'};"


def _braced(numbers: NDArray[Any]) -> str:
    rows = map(_braced, numbers) if numbers.ndim > 1 else map(repr, numbers.tolist())
    return f"{{{', '.join(rows)}}}"
