"""Which number of a trajectory is not finite, where, and what of the cost is to blame.

Sums over a trajectory show only that something in it is not finite.  What is said here is the first
step, and there the coordinate of the state, the part of the cost's expression that is not defined
with the quantities that it was given, or the derivative.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.description.expression import (
    NUMERIC_FUNCTIONS,
    Expression,
    ExpressionError,
    parse,
)
from vgps.codegen.description.grammar import NUMERIC_CALLS, VARIADIC
from vgps.codegen.model import Model
from vgps.solver.objective import Expansion, Objective, costs

Array = NDArray[np.float64]


def _of_each(function: Callable[..., float], arguments: int) -> Callable[..., Any]:
    """A function of numbers for vectors too, with Python's errors where it is not defined."""
    return np.frompyfunc(function, arguments, 1)


_FUNCTIONS = NUMERIC_FUNCTIONS | {
    name: _of_each(NUMERIC_FUNCTIONS[name], arguments)
    for name, arguments in NUMERIC_CALLS
    if name not in VARIADIC
}
_FUNCTIONS |= {"sum": sum}


def require_finite(model: Model, objective: Objective, X: Array, U: Array) -> None:
    """Refuse states X (T+1, nx) and actions U (T, nu) along which something is not finite.

    Raises:
        FloatingPointError: names the first step and what is not finite there.
    """
    model.require_finite_states(X)
    T = len(U)
    _require_finite_task_cost(model, X, U)
    c = np.empty(T)
    costs(objective, X, U, c)
    finite = np.isfinite(c)
    if not finite.all():
        raise FloatingPointError(
            f"what is added to the task's cost is not finite at step {np.argmin(finite)}"
        )
    with np.errstate(over="ignore"):
        total = c.sum()
    if not np.isfinite(total):
        raise FloatingPointError(f"the sum of the costs of {T} steps is too large")


def require_finite_expansion(model: Model, expansion: Expansion) -> None:
    """Refuse an expansion with a number that is not finite.

    Raises:
        FloatingPointError: names the first step, what is differentiated and with respect to what.
    """
    faults = {
        field: places[0]
        for field, part in expansion._asdict().items()
        if not field.startswith("final") and len(places := np.argwhere(~np.isfinite(part)))
    }
    by = {"x": model.x_names, "u": tuple(f"{name}.u" for name in model.u_names)}
    if not faults:
        _require_finite_final_expansion(expansion, by["x"])
        return
    field = min(faults, key=lambda field: faults[field][0])
    step, *indices = (int(index) for index in faults[field])
    differentiated, _, letters = field.partition("_")
    subject = "the cost"
    if differentiated == "f":
        row, *indices = indices
        subject = f"{model.x_names[row]} after the step"
    names = [by[letter][i] for letter, i in zip(letters, indices, strict=True)]
    subject = _derivative(subject, names) if names else subject
    raise FloatingPointError(f"{subject} is not finite at step {step}")


def _require_finite_final_expansion(expansion: Expansion, x_names: tuple[str, ...]) -> None:
    for part in (expansion.final_x, expansion.final_xx):
        for place in np.argwhere(~np.isfinite(part)):
            derivative = _derivative("the final cost", [x_names[i] for i in place])
            raise FloatingPointError(f"{derivative} is not finite")


def _derivative(subject: str, names: list[str]) -> str:
    order = "second derivative" if len(names) == 2 else "derivative"
    return f"the {order} of {subject} with respect to {' and '.join(names)}"


def _require_finite_task_cost(model: Model, X: Array, U: Array) -> None:
    T, task = len(U), model.robot.task
    finite = np.isfinite(model.cost(X[:T], U))
    if not finite.all():
        t = int(np.argmin(finite))
        values = model.cost_quantities(X[t], U[t], t * model.dt)
        blame = _undefined(parse(task.cost), values) or "its value is too large"
        raise FloatingPointError(f"the cost is not finite at step {t}: {blame}")
    if task.final_cost is not None and not np.isfinite(model.final_cost(X[T], T * model.dt)):
        values = model.final_cost_quantities(X[T], T * model.dt)
        blame = _undefined(parse(task.final_cost), values) or "its value is too large"
        raise FloatingPointError(f"the final cost is not finite: {blame}")


def _undefined(expression: Expression, values: dict[str, Any]) -> str | None:
    """The smallest part of an expression that has no finite real value, and what it names."""
    # Python's own numbers say where their arithmetic is not defined.
    values = {
        name: value.astype(object) if isinstance(value, np.ndarray) else value
        for name, value in values.items()
    }
    # Parts come after what they are parts of.
    for node in reversed(list(expression.node.walk())):
        part = Expression(expression.text, node)
        try:
            part.evaluate(values, _FUNCTIONS)
        except ExpressionError as error:
            given = ", ".join(f"{name} = {_shown(values[name])}" for name in sorted(part.names))
            return f"{error} at {given}" if given else str(error)
    return None


def _shown(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"[{', '.join(f'{entry:.4g}' for entry in value)}]"
    return f"{value:.4g}"
