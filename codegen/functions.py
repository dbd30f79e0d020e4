"""CasADi functions of a robot: dynamics with derivatives, cost with its quadratic expansion.

The SymPy mechanics arrive in absolute coordinates w = S q and leave in the user's joint
coordinates.  The acceleration comes from an L D L^T factorisation that eliminates leaves first, so
that the factor keeps the sparsity of the tree (Featherstone 2008, sec. 6.5).  Its derivatives come
from the implicit form r(w, w', a, u) = M a + h - passive - B u = 0,

    da/dz = -M^-1 dr/dz,     z in (w, w', u),

with the same factor: never an inverse, and never the derivative of a factorisation.
"""

import math
from typing import NamedTuple

import casadi as ca
import numpy as np
import sympy as sp

from codegen.contact import Contact, contact
from codegen.convert import to_casadi
from codegen.description import Robot
from codegen.errors import singular
from codegen.expression import parse, split_aggregates
from codegen.factor import LeafFirstFactor, leaf_first
from codegen.mechanics import Kinematics, Mechanics, derive
from codegen.operators import FUNCTIONS

Named = dict[str, ca.SX]


class Function(NamedTuple):
    """A function to be generated; outputs keep their structural zeros."""

    name: str
    inputs: Named
    outputs: Named


class Functions(NamedTuple):
    functions: list[Function]
    point_names: list[str]  # rows of the output of `points`


def generate(robot: Robot) -> Functions:
    """Every function that the compiled robot offers, in the order in which they are written."""
    coordinates = _Coordinates(robot, derive(robot))
    points = coordinates.points()
    return Functions(
        functions=[
            *_dynamics(coordinates),
            *_cost(robot, coordinates),
            Function(
                "points",
                {"q": coordinates.q},
                {"p": ca.vertcat(*(k.position.T for k in points.values()))},  # (n_points, 2)
            ),
            _measures(robot, coordinates),
        ],
        point_names=list(points),
    )


class _Coordinates:
    """The mechanics as CasADi expressions of q, v and u, in absolute and in joint coordinates."""

    def __init__(self, robot: Robot, mechanics: Mechanics):
        self.robot, self.mechanics = robot, mechanics
        self.q = ca.SX.sym("q", robot.nq)
        self.v = ca.SX.sym("v", robot.nv)
        self.u = ca.SX.sym("u", robot.nu)
        self.x = ca.SX.sym("x", robot.nx)
        self.S = ca.sparsify(ca.DM(mechanics.S))
        self.S_inverse = ca.sparsify(ca.DM(np.linalg.inv(np.array(mechanics.S)).round()))
        self.w = ca.SX.sym("w", robot.nq)
        self.w_dot = ca.SX.sym("wd", robot.nv)

    def convert(self, *matrices: sp.Matrix) -> list[ca.SX]:
        """SymPy matrices as expressions of w and w_dot, with their common subexpressions shared."""
        symbols = dict(zip(self.mechanics.w, ca.vertsplit(self.w), strict=True))
        symbols |= dict(zip(self.mechanics.w_dot, ca.vertsplit(self.w_dot), strict=True))
        return to_casadi(matrices, symbols)

    def in_joint_coordinates(self, *expressions: ca.SX) -> list[ca.SX]:
        """The same expressions with w = S q and w_dot = S v put in."""
        return ca.substitute(
            list(expressions), [self.w, self.w_dot], [self.S @ self.q, self.S @ self.v]
        )

    def of_state(self, *expressions: ca.SX) -> list[ca.SX]:
        """Expressions of (q, v) as expressions of x."""
        nq = self.robot.nq
        return ca.substitute(list(expressions), [self.q, self.v], [self.x[:nq], self.x[nq:]])

    def kinematics(self, named: dict[str, Kinematics]) -> dict[str, Kinematics]:
        """Kinematics as CasADi expressions of q and v."""
        fields = [
            sp.Matrix([*k.position, *k.velocity, k.angle or 0, k.omega or 0])
            for k in named.values()
        ]
        converted = self.in_joint_coordinates(*self.convert(*fields))
        return {
            name: Kinematics(f[:2], f[2:4], f[4], f[5])
            for name, f in zip(named, converted, strict=True)
        }

    def contact(self) -> Contact:
        """Contact as expressions of w and w_dot; nothing where there is no ground."""
        robot, n = self.robot, self.robot.nq
        if robot.ground is None:
            return Contact(ca.SX(n, 1), ca.SX(n, n), ca.SX(0, 2))
        points = [self.mechanics.points[point.name] for point in robot.contact_points]
        positions = self.convert(*(point.position for point in points))
        velocities = self.convert(*(point.velocity for point in points))
        return contact(robot.ground, robot.parameters, self.w, positions, velocities)

    def points(self) -> dict[str, Kinematics]:
        return self.kinematics(self.mechanics.points)

    def quantities(self) -> dict[str, ca.SX | float]:
        """Everything that cost and success expressions may name, as expressions of x and u."""
        robot = self.robot
        names: dict[str, ca.SX] = {"u": self.u}
        links = self.kinematics(self.mechanics.links)
        for name, k in (self.points() | links).items():
            names |= {f"{name}.x": k.position[0], f"{name}.y": k.position[1]}
            names |= {f"{name}.vx": k.velocity[0], f"{name}.vy": k.velocity[1]}
        for name, k in links.items():
            names |= {f"{name}.angle": k.angle, f"{name}.omega": k.omega}
        for i, name in enumerate(robot.q_names):
            names |= {f"{name}.q": self.q[i], f"{name}.v": self.v[i]}
        for i, name in enumerate(robot.u_names):
            names[f"{name}.u"] = self.u[i]
        names = dict(zip(names, self.of_state(*names.values()), strict=True))
        return names | robot.parameters | {"pi": math.pi}


def _dynamics(c: _Coordinates) -> list[Function]:
    """Forces, acceleration and what the integrator calls; dynamics in w, then moved to q."""
    m, robot, S = c.mechanics, c.robot, c.S
    mass, bias, passive, energy = c.convert(
        m.mass_matrix, m.bias_force, m.passive_force, sp.Matrix([m.energy])
    )
    # All passive forces of the mechanics are linear in the velocity: passive = spring - D w'.
    damping = -ca.jacobian(passive, c.w_dot)
    spring = ca.substitute(passive, c.w_dot, ca.SX.zeros(robot.nv))
    touch = c.contact()
    damping, spring = damping + touch.damping, spring + touch.spring
    passive = passive + touch.spring - touch.damping @ c.w_dot

    B = ca.sparsify(ca.DM(np.array(m.B, dtype=float).reshape(robot.nv, robot.nu)))
    dynamics = _Dynamics(mass, bias, passive, spring, damping, B)
    factor = LeafFirstFactor(mass, leaf_first(robot))
    for i, pivot in zip(factor.order, factor.D, strict=True):
        if pivot.is_zero():
            raise singular(robot.path or robot.name, robot.q_names[i])
    a = ca.densify(factor.solve(B @ c.u + passive - bias))

    if robot.task.integrator == "rk4":
        used = _acceleration_derivatives(c, dynamics, factor, a)
    else:
        used = _velocity_update(c, dynamics)
    q, qv, qvu = {"q": c.q}, {"q": c.q, "v": c.v}, {"q": c.q, "v": c.v, "u": c.u}
    functions = [
        Function("mass_matrix", q, {"M": S.T @ mass @ S}),
        Function("bias_force", qv, {"h": S.T @ bias}),
        Function("passive_force", qv, {"f": S.T @ passive}),
        Function("energy", qv, {"E": energy}),
        Function("acceleration", qvu, {"a": c.S_inverse @ a}),
        *(Function(name, qvu, outputs) for name, outputs in used),
    ]
    if robot.ground is not None:
        functions.append(Function("contact_forces", qv, {"f": touch.forces}))
    return [
        function._replace(
            outputs=dict(
                zip(
                    function.outputs,
                    c.in_joint_coordinates(*function.outputs.values()),
                    strict=True,
                )
            )
        )
        for function in functions
    ]


class _Dynamics(NamedTuple):
    """M a + bias = B u + passive, passive = spring - damping w', in absolute coordinates."""

    mass: ca.SX
    bias: ca.SX
    passive: ca.SX
    spring: ca.SX
    damping: ca.SX
    B: ca.DM


def _acceleration_derivatives(
    c: _Coordinates, d: _Dynamics, factor: LeafFirstFactor, a: ca.SX
) -> list[tuple[str, Named]]:
    symbol = ca.SX.sym("a", c.robot.nv)
    residual = d.mass @ symbol + d.bias - d.passive
    columns = ca.horzcat(
        -ca.jacobian(residual, c.w) @ c.S, -ca.jacobian(residual, c.w_dot) @ c.S, d.B
    )
    a_z = c.S_inverse @ factor.solve(ca.substitute(columns, symbol, a))
    return [("acceleration_derivatives", {"a": c.S_inverse @ a, "a_z": a_z})]  # z = (q, v, u)


def _velocity_update(c: _Coordinates, d: _Dynamics) -> list[tuple[str, Named]]:
    """v+ of one substep h, with all that is linear in the velocity taken at its end:

        (M + h D) w+ = M w' + h (B u + spring - bias),

    D frozen at the start.  M and D are symmetric and positive, so any h is stable against damping.
    """
    h = c.robot.task.dt / c.robot.task.substeps
    factor = LeafFirstFactor(d.mass + h * d.damping, leaf_first(c.robot))
    forces = d.B @ c.u + d.spring - d.bias
    after = ca.densify(c.w_dot + factor.solve(h * (forces - d.damping @ c.w_dot)))

    symbol = ca.SX.sym("after", c.robot.nv)
    residual = d.mass @ (symbol - c.w_dot) + h * (d.damping @ symbol - d.spring + d.bias)
    columns = ca.horzcat(
        -ca.jacobian(residual, c.w) @ c.S, -ca.jacobian(residual, c.w_dot) @ c.S, h * d.B
    )
    v_z = c.S_inverse @ factor.solve(ca.substitute(columns, symbol, after))
    after = c.S_inverse @ after
    return [
        ("velocity_update", {"v_next": after}),
        ("velocity_update_derivatives", {"v_next": after, "v_z": v_z}),  # z = (q, v, u)
    ]


def _cost(robot: Robot, c: _Coordinates) -> list[Function]:
    """The cost and its generalised Gauss-Newton expansion.

    The cost is a function phi of named quantities y(x, u).  Its Hessian is taken exactly in y, and
    the quantities linearly in (x, u): J^T phi_yy J with J = dy/d(x, u) (Schraudolph 2002).  A cost
    that is convex in what it names thereby gets a positive semidefinite Hessian, which the curvature
    of, say, a centre-of-mass velocity in the joint angles would destroy.
    """
    expression = parse(robot.task.cost)
    quantities = {name: ca.SX(y) for name, y in c.quantities().items() if name in expression.names}
    symbols = {name: ca.SX.sym(f"y{i}", *y.shape) for i, (name, y) in enumerate(quantities.items())}
    phi = ca.SX(expression.evaluate(symbols, FUNCTIONS))
    y = ca.vertcat(*symbols.values())
    y_of_xu = ca.densify(ca.vertcat(*quantities.values()))  # what cannot move is a structural zero
    phi_yy, phi_y = ca.hessian(phi, y)

    J = ca.jacobian(y_of_xu, ca.vertcat(c.x, c.u))
    cost, gradient, hessian = ca.substitute([phi, J.T @ phi_y, J.T @ phi_yy @ J], [y], [y_of_xu])
    nx = robot.nx
    # `data` is what a cost term may carry along; a robot's own cost needs none.
    inputs = {"x": c.x, "u": c.u, "data": ca.SX(0, 1)}
    expansion = {
        "c": cost,
        "c_x": gradient[:nx],
        "c_u": gradient[nx:],
        "c_xx": hessian[:nx, :nx],
        "c_ux": hessian[nx:, :nx],
        "c_uu": hessian[nx:, nx:],
    }
    return [
        Function("cost", inputs, {"c": cost}),
        Function("cost_expansion", inputs, expansion),
    ]


def _measures(robot: Robot, c: _Coordinates) -> Function:
    """Forward speed, then what the success expression aggregates over time, in its order."""
    quantities = c.quantities()
    _, terms = split_aggregates(parse(robot.task.success))
    values = [ca.SX(term.evaluate(quantities, FUNCTIONS)) for _, term in terms]
    return Function(
        "measures", {"x": c.x, "u": c.u}, {"m": ca.vertcat(quantities["com.vx"], *values)}
    )
