"""All functions of a robot: dynamics, cost with its expansion, points, and measures of success."""

from typing import NamedTuple

import casadi as ca

from vgps.codegen.description.expression import parse, split_aggregates
from vgps.codegen.description.robot import Robot
from vgps.codegen.mechanics.coordinates import Coordinates
from vgps.codegen.mechanics.dynamics import dynamics_functions
from vgps.codegen.mechanics.equations_of_motion import derive
from vgps.codegen.mechanics.function import Function, NumericSolve
from vgps.codegen.mechanics.kinematics import Kinematics
from vgps.codegen.mechanics.operators import FUNCTIONS


class Functions(NamedTuple):
    """Everything that the compiled robot offers."""

    functions: list[Function]  # to be generated, in the order in which they are written
    numeric_solves: list[NumericSolve]  # what is made of some of them
    parents: list[int]  # the coordinate whose angle each is measured from, or -1
    point_names: list[str]  # in the order of `points` and `point_jacobians`


def generate(robot: Robot) -> Functions:
    """Every function of the compiled robot."""
    coordinates = Coordinates(robot, derive(robot))
    points = coordinates.points()
    dynamics, numeric_solves = dynamics_functions(coordinates)
    return Functions(
        functions=[
            *dynamics,
            *_cost(robot, coordinates),
            *_points(coordinates.q, points),
            _measures(robot, coordinates),
        ],
        numeric_solves=numeric_solves,
        parents=coordinates.parents,
        point_names=list(points),
    )


def _points(q: ca.SX, points: dict[str, Kinematics]) -> list[Function]:
    """Positions of all named points, and their derivatives."""
    positions = [point.position for point in points.values()]
    p = ca.vertcat(*(position.T for position in positions))  # (n_points, 2)
    J = ca.jacobian(ca.vertcat(*positions), q)  # (2 n_points, nv): x and y of each in turn
    return [Function("points", {"q": q}, {"p": p}), Function("point_jacobians", {"q": q}, {"J": J})]


def _cost(robot: Robot, c: Coordinates) -> list[Function]:
    """The cost and its generalised Gauss-Newton expansion.

    The cost is a function phi of named quantities y(x, u).  Its Hessian is taken exactly in y, and
    the quantities linearly in (x, u): J^T phi_yy J with J = dy/d(x, u) (Schraudolph 2002).  A cost
    that is convex in what it names thereby gets a positive semidefinite Hessian, which the
    curvature of, say, a centre-of-mass velocity in the joint angles would destroy.
    """
    expression = parse(robot.task.cost)
    quantities = {name: ca.SX(y) for name, y in c.quantities().items() if name in expression.names}
    symbols = {name: ca.SX.sym(f"y{i}", *y.shape) for i, (name, y) in enumerate(quantities.items())}
    phi = ca.SX(expression.evaluate(symbols, FUNCTIONS))
    y = ca.vertcat(*symbols.values())
    y_of_xu = ca.densify(ca.vertcat(*quantities.values()))  # what never moves is a structural zero
    phi_yy, phi_y = ca.hessian(phi, y)

    # In the order of their names, which is what their reader knows.
    by_name = ca.densify(ca.vertcat(*(quantities[name] for name in sorted(quantities))))

    J = ca.jacobian(y_of_xu, ca.vertcat(c.x, c.u))
    upper = ca.triu(J.T @ phi_yy @ J)
    cost, gradient, upper = ca.substitute([phi, J.T @ phi_y, upper], [y], [y_of_xu])
    hessian = ca.triu2symm(upper)
    nx = robot.nx
    inputs = {"x": c.x, "u": c.u}
    expansion = {
        "c": cost,
        "c_x": gradient[:nx],
        "c_u": gradient[nx:],
        "c_xx": hessian[:nx, :nx],
        "c_ux": hessian[nx:, :nx],
        "c_uu": hessian[nx:, nx:],
    }
    return [
        Function("cost", inputs, {"c": cost}, along_trajectories=True),
        Function("cost_quantities", inputs, {"y": by_name}),
        Function("cost_expansion", inputs, expansion, along_trajectories=True),
    ]


def _measures(robot: Robot, c: Coordinates) -> Function:
    """Forward speed, then what the success expression aggregates over time, in its order."""
    quantities = c.quantities()
    _, terms = split_aggregates(parse(robot.task.success))
    values = [ca.SX(term.evaluate(quantities, FUNCTIONS)) for _, term in terms]
    return Function(
        "measures", {"x": c.x, "u": c.u}, {"m": ca.vertcat(quantities["com.vx"], *values)}
    )
