"""Expressions tried in floating point at the initial states and at states around them.

A cost that is not finite at an initial state is refused: no rollout can begin there.  What is
undefined farther on may never be reached, so that it is only said.
"""

from collections.abc import Callable, Iterator
from functools import reduce
from itertools import islice
from typing import Any

import numpy as np
from pydantic_core import PydanticCustomError

from vgps.codegen.description.blueprint import Blueprint
from vgps.codegen.description.consistency import Refusals
from vgps.codegen.description.expression import (
    NUMERIC_FUNCTIONS,
    Expression,
    ExpressionError,
    Term,
    parse,
    split_aggregates,
    wrap,
)
from vgps.codegen.description.fields import Location, refuse
from vgps.codegen.description.formulas import COST, FINAL_COST, HEIGHT, OBSERVE, SUCCESS
from vgps.codegen.description.grammar import UNARY
from vgps.codegen.description.motion import quantities_at

TRIED = 20  # states, with a single initial one first
LEAST_DEVIATION = 1e-3  # from an initial one in every coordinate, m or rad and per second

Names = dict[str, Any]  # quantities and parameters; u is (nu,), t is 0 unless said otherwise


def check_start(robot: Blueprint) -> Refusals:
    """What is needed at step 0 is finite at every initial state.

    This is the cost, what the policy sees, and the ground below the contact points.
    """
    tried = list(zip(robot.task.initial_names, map(np.array, robot.initial_states), strict=True))
    yield from islice(_undefined_costs(robot, tried), 1)
    yield from islice(_undefined_observations(robot, tried), 1)
    if robot.ground is not None:
        yield from islice(_undefined_heights(robot, parse(robot.ground.height), tried), 1)


def _undefined_costs(robot: Blueprint, tried: list[tuple[str, np.ndarray]]) -> Refusals:
    actions = np.random.default_rng(0).standard_normal(robot.nu)
    cost = parse(robot.task.cost)
    for initial, x0 in tried:
        start = [_names(robot, x0, np.zeros(robot.nu)), _names(robot, x0, actions)]
        faults = [_fault(cost, names) for names in start]
        if all(faults) and (fault := faults[0]):
            text = f"cannot be used: {fault} at step 0, {initial}"
            yield refuse(f"{text}{_where(fault, cost, start[0])}", at=COST, offset=fault.column)


def _undefined_observations(robot: Blueprint, tried: list[tuple[str, np.ndarray]]) -> Refusals:
    for index, text in enumerate(robot.task.expressions):
        expression, at = parse(text), (*OBSERVE, index)
        for initial, x0 in tried:
            names = _names(robot, x0, np.zeros(robot.nu))
            if fault := _fault(expression, names):
                where = f"at step 0, {initial}{_where(fault, expression, names)}"
                yield refuse(f"cannot be used: {fault} {where}", at=at, offset=fault.column)


def _undefined_heights(
    robot: Blueprint, height: Expression, tried: list[tuple[str, np.ndarray]]
) -> Refusals:
    for initial, x0 in tried:
        for names in _below(robot, _names(robot, x0, np.zeros(robot.nu))):
            if fault := _fault(height, names):
                text = f"cannot be used: {fault} below a contact point at {initial}"
                where = _where(fault, height, names)
                yield refuse(f"{text}{where}", at=HEIGHT, offset=fault.column)


def doubts(robot: Blueprint) -> Refusals:
    """What is undefined at some states but may well be meant."""
    tried = list(_tried(robot))
    yield from _doubts_of_number(COST, parse(robot.task.cost), tried)
    for index, text in enumerate(robot.task.expressions):
        yield from _doubts_of_number((*OBSERVE, index), parse(text), tried)
    if robot.task.final_cost is not None:
        end = robot.task.horizon * robot.task.dt
        at_the_end = [{**names, "t": end} for names in tried]
        yield from _doubts_of_number(FINAL_COST, parse(robot.task.final_cost), at_the_end)
    outer, terms = split_aggregates(parse(robot.task.success))
    undefined = [_undecided(robot, outer, terms, names) for names in tried]
    if all(undefined) and (fault := undefined[0]):
        text = f"{fault} at all states tried around where rollouts begin; there, it is no success"
        yield _warning(SUCCESS, text, fault)


def _doubts_of_number(at: Location, number: Expression, tried: list[Names]) -> Refusals:
    faults = [(fault, names) for names in tried if (fault := _fault(number, names))]
    if faults:
        fault, names = faults[0]
        text = f"{fault} at {len(faults)} of {len(tried)} states tried around where rollouts begin"
        yield _warning(at, f"{text}{_where(fault, number, names)}", fault)


def _tried(robot: Blueprint) -> Iterator[Names]:
    """The initial states without an action, then random states and actions, always the same."""
    rng = np.random.default_rng(0)
    x0s = np.array(robot.initial_states)  # (S, nx)
    deviations = np.maximum(robot.initial_deviations, LEAST_DEVIATION)  # (S, nx)
    for x0 in x0s:
        yield _names(robot, x0, np.zeros(robot.nu))
    for i in range(TRIED - 1):
        s = i % len(x0s)
        x = x0s[s] + deviations[s] * rng.standard_normal(robot.nx)
        yield _names(robot, x, rng.standard_normal(robot.nu))


def _names(robot: Blueprint, x: np.ndarray, u: np.ndarray) -> Names:
    u = np.clip(u, *robot.action_limits)
    quantities = quantities_at(robot, x.tolist(), u.tolist())
    changes = np.array([quantities.get(f"{name}.du", np.nan) for name in robot.u_names])
    return {**quantities, "u": u, "du": changes, "t": 0.0, **robot.parameters}


def _warning(at: Location, text: str, fault: ExpressionError) -> PydanticCustomError:
    return refuse(f"warning: {'.'.join(map(str, at))}: {text}", "sentence", at, fault.column)


def _fault(expression: Expression, names: Names) -> ExpressionError | None:
    with np.errstate(all="ignore"):
        try:
            expression.evaluate(names, FUNCTIONS)
        except ExpressionError as fault:
            return fault
    return None


def _undecided(
    robot: Blueprint, outer: Expression, terms: tuple[Term, ...], names: Names
) -> ExpressionError | None:
    """The fault of the success of a rollout that stays at one state."""
    values: Names = dict(robot.parameters)
    with np.errstate(all="ignore"):
        try:
            for k, term in enumerate(terms):
                values[f"#{k}"] = term.inner.evaluate(names, FUNCTIONS)
            outer.evaluate(values, FUNCTIONS)
        except ExpressionError as fault:
            return fault
    return None


def _below(robot: Blueprint, names: Names) -> Iterator[Names]:
    for point in robot.contact_points:
        yield {**robot.parameters, "x": names[f"{point.name}.x"]}


def _where(fault: ExpressionError, expression: Expression, names: Names) -> str:
    """The values of the quantities in the part at fault."""
    parts = {
        name: f"{name} = {names[name]:.4g}"
        for name, column in expression.places
        if fault.column <= column < (fault.end or 0) and isinstance(names[name], float)
    }
    return f", where {' and '.join(parts.values())}" if parts else ""


def _of_number_or_vector(name: str) -> Callable:
    """A function of numbers; where one is u, which has many, it is taken of each."""
    of_vectors = _OF_VECTORS[name]

    def apply(*values: Any) -> Any:
        several = any(isinstance(value, np.ndarray) for value in values)
        return (of_vectors if several else NUMERIC_FUNCTIONS[name])(*values)

    return apply


_OF_VECTORS: dict[str, Callable] = {name: getattr(np, name) for name in set(UNARY) - {"wrap"}} | {
    "wrap": lambda a: wrap(a, np.ceil),
    "atan2": np.arctan2,
    "min": lambda *values: reduce(np.minimum, values),
    "max": lambda *values: reduce(np.maximum, values),
}
# Of numbers and of u alike.
FUNCTIONS = {name: _of_number_or_vector(name) for name in _OF_VECTORS}
FUNCTIONS["sum"] = lambda values: float(np.sum(values))
