"""All functions of a robot: dynamics, cost with its expansion, points, and measures of success."""

from typing import NamedTuple

import casadi as ca

from vgps.codegen.description.expression import parse, split_aggregates
from vgps.codegen.description.robot import Robot
from vgps.codegen.mechanics.coordinates import Coordinates, leaf_first
from vgps.codegen.mechanics.dynamics import bodies_in_loops, dynamics_functions
from vgps.codegen.mechanics.equations_of_motion import derive
from vgps.codegen.mechanics.function import Filling, Function, Named, NumericSolve
from vgps.codegen.mechanics.kinematics import Kinematics
from vgps.codegen.mechanics.operators import FUNCTIONS
from vgps.codegen.mechanics.turning_tree import TurningTree


class Functions(NamedTuple):
    """Everything that the compiled robot offers."""

    functions: list[Function]  # to be generated, in the order in which they are written
    numeric_solves: list[NumericSolve]  # what is made of some of them
    rigid: TurningTree | None  # the bodies whose mass is in loops
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
    return Functions(
        functions=[
            *dynamics.functions,
            *_cost(robot, coordinates),
            *_final_cost(robot, coordinates),
            *_observation(robot, coordinates),
            *_points(coordinates.q, points),
            _measures(robot, coordinates),
        ],
        numeric_solves=dynamics.numeric_solves,
        rigid=rigid,
        mass_rest=dynamics.mass_rest,
        parents=coordinates.parents,
        leaf_first=leaf_first(robot),
        point_names=list(points),
    )


def _points(q: ca.SX, points: dict[str, Kinematics]) -> list[Function]:
    """Positions of all named points, and their derivatives."""
    positions = [point.position for point in points.values()]
    p = ca.vertcat(*(position.T for position in positions))  # (n_points, 2)
    J = ca.jacobian(ca.vertcat(*positions), q)  # (2 n_points, nv): x and y of each in turn
    return [Function("points", {"q": q}, {"p": p}), Function("point_jacobians", {"q": q}, {"J": J})]


def _cost(robot: Robot, c: Coordinates) -> list[Function]:
    """The cost of a step and its expansion."""
    of, nx = _expanded(c, robot.task.cost, ca.vertcat(c.x, c.u)), robot.nx
    inputs = {"x": c.x, "u": c.u} | _time(robot, c)
    expansion = {
        "c": of.cost,
        "c_x": of.gradient[:nx],
        "c_u": of.gradient[nx:],
        "c_xx": of.hessian[:nx, :nx],
        "c_ux": of.hessian[nx:, :nx],
        "c_uu": of.hessian[nx:, nx:],
    }
    return [
        Function("cost", inputs, {"c": of.cost}, along_trajectories=True),
        Function("cost_quantities", inputs, {"y": of.quantities}),
        Function("cost_expansion", inputs, expansion, along_trajectories=True),
        Function("cost_curvature", inputs, {"H": of.curvature}, second_order=True),
    ]


def _final_cost(robot: Robot, c: Coordinates) -> list[Function]:
    """The cost of the state after the last step and its expansion, where the task has one."""
    if robot.task.final_cost is None:
        return []
    of = _expanded(c, robot.task.final_cost, c.x)
    inputs = {"x": c.x} | _time(robot, c)
    expansion = {"c": of.cost, "c_x": of.gradient, "c_xx": of.hessian}
    return [
        Function("final_cost", inputs, {"c": of.cost}, along_trajectories=True),
        Function("final_cost_quantities", inputs, {"y": of.quantities}),
        Function("final_cost_expansion", inputs, expansion),
        Function("final_cost_curvature", inputs, {"H": of.curvature}),
    ]


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


def _time(robot: Robot, c: Coordinates) -> Named:
    """The input t of functions that evaluate expressions, where one of the task names it."""
    return {"t": c.t} if robot.task.is_timed else {}


class _ExpandedCost(NamedTuple):
    """A cost as a function of z (n,)."""

    cost: ca.SX
    quantities: ca.SX  # that it names, in the order of their names
    gradient: ca.SX  # (n,)
    hessian: ca.SX  # (n, n) generalised Gauss-Newton
    curvature: ca.SX  # (n, n) that the exact Hessian has beside it


def _expanded(c: Coordinates, text: str, z: ca.SX) -> _ExpandedCost:
    """A cost and its expansion in z.

    The cost is a function phi of named quantities y(z).  Its Hessian is taken exactly in y, and the
    quantities linearly in z: J^T phi_yy J with J = dy/dz (Schraudolph 2002).  A cost that is convex
    in what it names thereby gets a positive semidefinite Hessian, which the curvature of, say, a
    centre-of-mass velocity in the joint angles, sum phi_y y_zz, would destroy.
    """
    expression = parse(text)
    quantities = {name: ca.SX(y) for name, y in c.quantities.items() if name in expression.names}
    symbols = {name: ca.SX.sym(f"y{i}", *y.shape) for i, (name, y) in enumerate(quantities.items())}
    phi = ca.SX(expression.evaluate(symbols, FUNCTIONS))
    y = ca.vertcat(*symbols.values())
    y_of_z = ca.densify(ca.vertcat(*quantities.values()))  # what never moves is a structural zero
    phi_yy, phi_y = ca.hessian(phi, y)

    # In the order of their names, which is what their reader knows.
    by_name = ca.densify(ca.vertcat(*(quantities[name] for name in sorted(quantities))))

    J = ca.jacobian(y_of_z, z)
    upper = ca.triu(J.T @ phi_yy @ J)
    weights = ca.SX.sym("phi_y", y.numel())
    curvature, _ = ca.hessian(ca.dot(weights, y_of_z), z)
    curvature = ca.substitute(curvature, weights, phi_y)
    cost, gradient, upper, curvature = ca.substitute(
        [phi, J.T @ phi_y, upper, curvature], [y], [y_of_z]
    )
    return _ExpandedCost(cost, by_name, gradient, ca.triu2symm(upper), curvature)


def _measures(robot: Robot, c: Coordinates) -> Function:
    """Forward speed, then what the success expression aggregates over time, in its order."""
    quantities = c.quantities
    _, terms = split_aggregates(parse(robot.task.success))
    values = [ca.SX(term.inner.evaluate(quantities, FUNCTIONS)) for term in terms]
    inputs = {"x": c.x, "u": c.u} | _time(robot, c)
    return Function("measures", inputs, {"m": ca.vertcat(quantities["com.vx"], *values)})
