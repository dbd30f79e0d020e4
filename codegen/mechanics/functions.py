"""All functions of a robot: dynamics, costs, points, observations and measures of success."""

from typing import NamedTuple

import casadi as ca

from vgps.codegen.description.expression import parse, split_aggregates
from vgps.codegen.description.robot import Robot
from vgps.codegen.mechanics.coordinates import Coordinates, leaf_first
from vgps.codegen.mechanics.costs import ExpansionInLoops, cost_functions, final_cost_functions
from vgps.codegen.mechanics.dynamics import bodies_in_loops, dynamics_functions
from vgps.codegen.mechanics.equations_of_motion import derive
from vgps.codegen.mechanics.function import Filling, Function, NumericSolve
from vgps.codegen.mechanics.kinematics import Kinematics
from vgps.codegen.mechanics.operators import FUNCTIONS
from vgps.codegen.mechanics.turning_kinematics import Arms
from vgps.codegen.mechanics.turning_tree import TurningTree


class Functions(NamedTuple):
    """Everything that the compiled robot offers."""

    functions: list[Function]  # to be generated, in the order in which they are written
    numeric_solves: list[NumericSolve]  # what is made of some of them
    costs: list[ExpansionInLoops]
    rigid: TurningTree | None  # the bodies whose mass is in loops
    arms: list[Arms]  # of which each named point of theirs is the sum
    mass_rest: Filling | None  # and the mass that these leave out
    parents: list[int]  # the coordinate whose angle each is measured from, or -1
    leaf_first: list[int]  # coordinates that move bodies, each before those that carry it
    point_names: list[str]  # in the order of `points` and `point_jacobians`


def generate(robot: Robot) -> Functions:
    """Every function of the compiled robot."""
    rigid = bodies_in_loops(robot)
    coordinates = Coordinates(robot, derive(robot, rigid))
    points = coordinates.points
    dynamics = dynamics_functions(coordinates)
    in_loops = bool(dynamics.numeric_solves)
    cost, final_cost = (
        cost_functions(coordinates, in_loops),
        final_cost_functions(coordinates, in_loops),
    )
    return Functions(
        functions=[
            *dynamics.functions,
            *cost.functions,
            *final_cost.functions,
            *_observation(robot, coordinates),
            *_points(coordinates.q, points, in_loops=rigid is not None),
            _measures(robot, coordinates),
        ],
        numeric_solves=dynamics.numeric_solves,
        costs=[of.expansion for of in (cost, final_cost) if of.expansion is not None],
        rigid=rigid,
        arms=coordinates.turning.arms() if coordinates.turning else [],
        mass_rest=dynamics.mass_rest,
        parents=coordinates.parents,
        leaf_first=leaf_first(robot),
        point_names=list(points),
    )


def _points(q: ca.SX, points: dict[str, Kinematics], in_loops: bool) -> list[Function]:
    """Positions of all named points, and their derivatives unless these are taken in loops."""
    positions = [point.position for point in points.values()]
    p = ca.vertcat(*(position.T for position in positions))  # (n_points, 2)
    functions = [Function("points", {"q": q}, {"p": p})]
    if not in_loops:
        J = ca.jacobian(ca.vertcat(*positions), q)  # (2 n_points, nv): x and y of each in turn
        functions.append(Function("point_jacobians", {"q": q}, {"J": J}))
    return functions


def _observation(robot: Robot, c: Coordinates) -> list[Function]:
    """What the policy sees and its Jacobian, where the file says so by expressions."""
    if not robot.task.expressions:
        return []
    quantities = c.quantities
    values = [parse(text).evaluate(quantities, FUNCTIONS) for text in robot.task.expressions]
    o = ca.vertcat(*map(ca.SX, values))
    inputs = {"x": c.x, "t": c.t}
    outputs = {"o": o, "o_x": ca.jacobian(o, c.x)}
    return [
        Function("observation", inputs, {"o": o}, along_trajectories=True),
        Function("observation_jacobian", inputs, outputs, along_trajectories=True),
    ]


def _measures(robot: Robot, c: Coordinates) -> Function:
    """Forward speed, then what the success expression aggregates over time, in its order."""
    quantities = c.quantities
    _, terms = split_aggregates(parse(robot.task.success))
    values = [ca.SX(term.inner.evaluate(quantities, FUNCTIONS)) for term in terms]
    inputs = {"x": c.x, "u": c.u} | c.time
    return Function("measures", inputs, {"m": ca.vertcat(quantities["com.vx"], *values)})
