"""Rules for the expressions of a robot: the names that they use, what parameters make of them."""

from collections.abc import Iterable, Iterator, Mapping

from vgps.codegen.description.blueprint import Blueprint
from vgps.codegen.description.consistency import Refusals
from vgps.codegen.description.constants import constant_faults
from vgps.codegen.description.expression import (
    Expression,
    ExpressionError,
    Term,
    parse,
    split_aggregates,
    value_of,
)
from vgps.codegen.description.fields import Location, refuse
from vgps.codegen.description.grammar import COST_CALLS, NUMERIC_CALLS, SUCCESS_CALLS, VECTORS

LINK_QUANTITIES = ("x", "y", "angle", "vx", "vy", "omega")
POINT_QUANTITIES = ("x", "y", "vx", "vy")

COST: Location = ("task", "cost")
FINAL_COST: Location = ("task", "final_cost")
SUCCESS: Location = ("task", "success")
HEIGHT: Location = ("ground", "height")
OBSERVE: Location = ("task", "observe")


def quantities(robot: Blueprint) -> set[str]:
    """The time-varying names that expressions may use: 'com.vx', 'hip.q', the vector 'u', 't'."""
    names = {*VECTORS, "t"}
    for owner in [
        "com",
        *(point.name for point in robot.points),
        *(joint.name for joint in robot.joints),
    ]:
        names |= {f"{owner}.{part}" for part in POINT_QUANTITIES}
    names |= {f"{link.name}.{part}" for link in robot.links for part in LINK_QUANTITIES}
    names |= {f"{joint.name}.{part}" for joint in robot.free_joints for part in ("q", "v")}
    names |= {lag.name for lag in robot.lags}
    names |= {f"{name}.{part}" for name in robot.u_names for part in ("u", "du", "last_u")}
    return names | set(robot.target_names)


def check_cost(robot: Blueprint) -> Refusals:
    """The cost is a number made of quantities that exist."""
    cost = parse(robot.task.cost)
    names = quantities(robot) | set(robot.parameters)
    faults = [*cost.faults(names, COST_CALLS), *_not_number(cost)]
    yield from _refusals(COST, robot.parameters, cost, faults)


def check_final_cost(robot: Blueprint) -> Refusals:
    """The final cost is a number made of quantities of the state."""
    if robot.task.final_cost is None:
        return
    cost = parse(robot.task.final_cost)
    faults = _faults_without_actions(robot, cost, "the state after the last step has none")
    yield from _refusals(FINAL_COST, robot.parameters, cost, faults)


def check_observe(robot: Blueprint) -> Refusals:
    """What the policy sees are different numbers made of quantities of the state."""
    expressions = [parse(text) for text in robot.task.expressions]
    for index, expression in enumerate(expressions):
        at: Location = (*OBSERVE, index)
        faults = _faults_without_actions(robot, expression, "it follows from what is observed")
        yield from _refusals(at, robot.parameters, expression, faults)
        if any(_same(expression, earlier) for earlier in expressions[:index]):
            text = f"the expression {expression.text.strip()!r} is listed twice"
            yield refuse(text, "sentence", at)


def check_success(robot: Blueprint) -> Refusals:
    """The success is a condition on what varies over time, aggregated."""
    success = parse(robot.task.success)
    yield from _refusals(SUCCESS, robot.parameters, success, _success_faults(robot, success))


def check_height(robot: Blueprint) -> Refusals:
    """The profile of the ground is a number made of x."""
    if robot.ground is None:
        return
    height = parse(str(robot.ground.height))
    faults = [*height.faults({"x", *robot.parameters}, NUMERIC_CALLS), *_not_number(height)]
    # The place x hides a parameter of this name.
    constants = {name: value for name, value in robot.parameters.items() if name != "x"}
    yield from _refusals(HEIGHT, constants, height, faults)


def _refusals(
    at: Location,
    constants: Mapping[str, float],
    expression: Expression,
    faults: Iterable[ExpressionError],
) -> Refusals:
    """Those of its form or, when its form is right, of what parameters make of it."""
    for fault in list(faults) or constant_faults(expression, constants):
        yield refuse(f"cannot be used: {fault}", at=at, offset=fault.column)


def _success_faults(robot: Blueprint, success: Expression) -> Iterator[ExpressionError]:
    varying = quantities(robot)
    names = varying | set(robot.parameters)
    if not success.is_condition:
        yield ExpressionError("must be a condition, such as mean(com.vx) > 1", success.column)
    try:
        outer, terms = split_aggregates(success)
    except ExpressionError as nested:
        yield nested
        return
    yield from outer.faults(names, SUCCESS_CALLS)
    for term in terms:
        yield from term.inner.faults(names, COST_CALLS)
        yield from _not_number(term.inner)
        yield from _last_faults(term, robot.parameters)
    for name, column in outer.places:
        if name in varying:
            text = f"{name!r} varies over time and must stand inside mean, min, max or final"
            yield ExpressionError(text, column)


def _last_faults(term: Term, parameters: Mapping[str, float]) -> Iterator[ExpressionError]:
    """The end of a rollout that a term aggregates is a positive number of seconds."""
    if term.last is None:
        return
    try:
        seconds = value_of(term.last, parameters)
    except ExpressionError as fault:
        yield fault
        return
    if seconds <= 0:  # false where a parameter is unknown
        text = f"'last' must be a positive number of seconds, found {seconds:g}"
        yield ExpressionError(text, term.last.column)


def _faults_without_actions(
    robot: Blueprint, expression: Expression, reason: str
) -> list[ExpressionError]:
    """Those of a number that no action may be part of, for a reason."""
    actions = {"u", *(f"{name}.u" for name in robot.u_names)}
    changes = {"du", *(f"{name}.du" for name in robot.u_names)}
    faults = [
        ExpressionError(f"{name!r} is {what}, and {reason}", column)
        for name, column in expression.places
        for what, those in (("an action", actions), ("the change of an action", changes))
        if name in those
    ]
    names = quantities(robot) - actions - changes | set(robot.parameters)
    return faults or [*expression.faults(names, COST_CALLS), *_not_number(expression)]


def _same(one: Expression, other: Expression) -> bool:
    """Whether two expressions are written alike but for spaces."""
    return "".join(one.text.split()) == "".join(other.text.split())


def _not_number(expression: Expression) -> Iterator[ExpressionError]:
    if expression.is_condition:
        yield ExpressionError("must be a number, not a condition", expression.column)
        return
    for name in VECTORS:
        if expression.is_vector({name}):
            text = f"must be a number, but {name!r} is a vector"
            text += f"; use sum({name}**2) or one joint's .{name}"
            yield ExpressionError(text, expression.column)
            return
