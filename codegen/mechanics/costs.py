"""The cost of a step, and of the state after the last one, with their expansions.

A cost is a function phi of named quantities y(z), z = (x, u).  Its Hessian is taken exactly in y,
and the quantities linearly in z: J^T phi_yy J with J = dy/dz (Schraudolph 2002).  A cost that is
convex in what it names thereby gets a positive semidefinite Hessian, which the curvature of, say, a
centre-of-mass velocity in the joint angles, sum phi_y y_zz, would destroy.  The curvature has a
function of its own.

Of a large robot the product is taken in loops, since even a single quantity that depends on all
joints makes all of it nonzero: generated are gradient, phi_yy and J, in absolute coordinates.
"""

from typing import NamedTuple

import casadi as ca

from vgps.codegen.description.expression import parse
from vgps.codegen.mechanics.coordinates import Coordinates
from vgps.codegen.mechanics.function import Filling, Function, Named, filling
from vgps.codegen.mechanics.operators import FUNCTIONS


class ExpansionInLoops(NamedTuple):
    """What loops make the expansion of a cost of."""

    name: str  # of the cost
    # Of the function that gives the cost, then the nonzeros of c_z (n, 1), phi_yy and J^T (n, .).
    terms: Filling
    curvature: Filling  # (n, n) on and above the diagonal
    quantities: int
    along_trajectories: bool


class CostFunctions(NamedTuple):
    """What is generated of a cost, and what loops make its expansion of."""

    functions: list[Function]
    expansion: ExpansionInLoops | None


class _Expansion(NamedTuple):
    """A cost as a function of z (n,)."""

    cost: ca.SX
    gradient: ca.SX  # (n,)
    phi_yy: ca.SX
    J: ca.SX  # dy/dz
    hessian: ca.SX  # (n, n) generalised Gauss-Newton, on and above the diagonal
    curvature: ca.SX  # (n, n) that the exact Hessian has beside it


def cost_functions(c: Coordinates, in_loops: bool) -> CostFunctions:
    """The cost of a step and its expansion."""
    text, nx = c.robot.task.cost, c.robot.nx
    inputs = {"x": c.x, "u": c.u} | c.time
    if in_loops:
        z = ca.vertcat(c.w, c.w_dot, c.u)
        return _in_loops("cost", c, text, z, inputs, along=True)
    of = _expanded(text, c.quantities, ca.vertcat(c.x, c.u))
    hessian = ca.triu2symm(of.hessian)
    expansion = {
        "c": of.cost,
        "c_x": of.gradient[:nx],
        "c_u": of.gradient[nx:],
        "c_xx": hessian[:nx, :nx],
        "c_ux": hessian[nx:, :nx],
        "c_uu": hessian[nx:, nx:],
    }
    functions = [
        *_values("cost", c, text, of.cost, inputs),
        Function("cost_expansion", inputs, expansion, along_trajectories=True),
        Function("cost_curvature", inputs, {"H": of.curvature}, second_order=True),
    ]
    return CostFunctions(functions, None)


def final_cost_functions(c: Coordinates, in_loops: bool) -> CostFunctions:
    """The cost of the state after the last step and its expansion, where the task has one."""
    text = c.robot.task.final_cost
    if text is None:
        return CostFunctions([], None)
    inputs = {"x": c.x} | c.time
    if in_loops:
        z = ca.vertcat(c.w, c.w_dot)
        return _in_loops("final_cost", c, text, z, inputs, along=False)
    of = _expanded(text, c.quantities, c.x)
    expansion = {"c": of.cost, "c_x": of.gradient, "c_xx": ca.triu2symm(of.hessian)}
    functions = [
        *_values("final_cost", c, text, of.cost, inputs),
        Function("final_cost_expansion", inputs, expansion),
        Function("final_cost_curvature", inputs, {"H": of.curvature}),
    ]
    return CostFunctions(functions, None)


def _values(name: str, c: Coordinates, text: str, cost: ca.SX, inputs: Named) -> list[Function]:
    """The cost, and the quantities that it names, in the order of their names."""
    quantities = _named_by(text, c.quantities)
    by_name = ca.densify(ca.vertcat(*(quantities[key] for key in sorted(quantities))))
    return [
        Function(name, inputs, {"c": cost}, along_trajectories=True),
        Function(f"{name}_quantities", inputs, {"y": by_name}),
    ]


def _in_loops(
    name: str,
    c: Coordinates,
    text: str,
    z: ca.SX,
    inputs: Named,
    along: bool,
) -> CostFunctions:
    """The parts of an expansion in absolute coordinates, as functions of the state."""
    of = _expanded(text, c.absolute_quantities, z)
    # CasADi lists nonzeros by columns, and loops want those of J by rows.
    parts = [ca.densify(of.cost)]
    parts += map(ca.sparsify, (of.gradient, of.phi_yy, of.J.T, ca.triu(of.curvature)))
    named = c.in_joint_coordinates({str(i): part for i, part in enumerate(parts)})
    *terms, curvature = c.of_state(*named.values())
    expansion, terms_of = filling(f"{name}_terms", inputs, terms, along_trajectories=along)
    curved, curvature_of = filling(
        f"{name}_curvature_rest", inputs, [curvature], second_order=along
    )
    cost = ca.SX(parse(text).evaluate(_named_by(text, c.quantities), FUNCTIONS))
    functions = [*_values(name, c, text, cost, inputs), expansion, curved]
    return CostFunctions(
        functions, ExpansionInLoops(name, terms_of, curvature_of, of.J.rows(), along)
    )


def _named_by(text: str, quantities: dict[str, ca.SX | float]) -> Named:
    """The quantities that an expression names."""
    names = parse(text).names
    return {name: ca.SX(y) for name, y in quantities.items() if name in names}


def _expanded(text: str, quantities: dict[str, ca.SX | float], z: ca.SX) -> _Expansion:
    """A cost of quantities that are functions of z."""
    named = _named_by(text, quantities)
    symbols = {name: ca.SX.sym(f"y{i}", *y.shape) for i, (name, y) in enumerate(named.items())}
    phi = ca.SX(parse(text).evaluate(symbols, FUNCTIONS))
    y = ca.vertcat(*symbols.values())
    y_of_z = ca.densify(ca.vertcat(*named.values()))  # what never moves is a structural zero
    phi_yy, phi_y = ca.hessian(phi, y)

    J = ca.jacobian(y_of_z, z)
    weights = ca.SX.sym("phi_y", y.numel())
    curvature, _ = ca.hessian(ca.dot(weights, y_of_z), z)
    curvature = ca.substitute(curvature, weights, phi_y)
    products = [J.T @ phi_y, ca.triu(J.T @ phi_yy @ J)]
    cost, gradient, hessian, phi_yy, curvature = ca.substitute(
        [phi, *products, phi_yy, curvature], [y], [y_of_z]
    )
    return _Expansion(cost, gradient, phi_yy, J, hessian, curvature)
