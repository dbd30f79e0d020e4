"""CasADi functions of a robot: dynamics with derivatives, cost with its quadratic expansion.

The SymPy mechanics arrive in absolute coordinates w = S q and leave in the user's joint
coordinates.  The acceleration comes from an L D L^T factorisation that eliminates leaves first, so
that the factor keeps the sparsity of the tree (Featherstone 2008, sec. 6.5).  Its derivatives come
from the implicit form r(w, w', a, u) = M a + h - passive - B u = 0,

    da/dz = -M^-1 dr/dz,     z in (w, w', u),

with the same factor: never an inverse, and never the derivative of a factorisation.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import casadi as ca
import numpy as np
import sympy as sp

from codegen.description import Robot
from codegen.errors import singular
from codegen.expression import parse, split_aggregates
from codegen.mechanics import Kinematics, Mechanics, derive, softplus

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
        fields = [sp.Matrix([*k.position, *k.velocity, k.angle or 0, k.omega or 0]) for k in named.values()]
        converted = self.in_joint_coordinates(*self.convert(*fields))
        return {
            name: Kinematics(f[:2], f[2:4], f[4], f[5])
            for name, f in zip(named, converted, strict=True)
        }

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
    m = c.mechanics
    energy = sp.Matrix([m.energy])
    mass, bias, passive, energy = c.convert(m.mass_matrix, m.bias_force, m.passive_force, energy)
    factor = _LeafFirstFactor(mass, _leaf_first(c.robot))
    for i, pivot in zip(factor.order, factor.D, strict=True):
        if pivot.is_zero():
            raise singular(c.robot.path or c.robot.name, c.robot.q_names[i])

    B = ca.DM(np.array(m.B, dtype=float).reshape(c.robot.nv, c.robot.nu))
    B = ca.sparsify(B)
    a = ca.densify(factor.solve(B @ c.u + passive - bias))
    a_symbol = ca.SX.sym("a", c.robot.nv)
    residual = mass @ a_symbol + bias - passive
    columns = ca.horzcat(
        -ca.jacobian(residual, c.w) @ c.S, -ca.jacobian(residual, c.w_dot) @ c.S, B
    )
    columns = ca.substitute(columns, a_symbol, a)
    derivatives = c.S_inverse @ factor.solve(columns)
    a = c.S_inverse @ a

    S = c.S
    mass, bias, passive, energy, a, derivatives = c.in_joint_coordinates(
        S.T @ mass @ S, S.T @ bias, S.T @ passive, energy, a, derivatives
    )
    q, qv, qvu = {"q": c.q}, {"q": c.q, "v": c.v}, {"q": c.q, "v": c.v, "u": c.u}
    return [
        Function("mass_matrix", q, {"M": mass}),
        Function("bias_force", qv, {"h": bias}),
        Function("passive_force", qv, {"f": passive}),
        Function("energy", qv, {"E": energy}),
        Function("acceleration", qvu, {"a": a}),
        Function("acceleration_derivatives", qvu, {"a": a, "a_z": derivatives}),  # z = (q, v, u)
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


FUNCTIONS: dict[str, Callable] = {
    "sqrt": ca.sqrt,
    "sin": ca.sin,
    "cos": ca.cos,
    "tan": ca.tan,
    "exp": ca.exp,
    "log": ca.log,
    "abs": ca.fabs,
    "tanh": ca.tanh,
    "min": ca.fmin,
    "max": ca.fmax,
    "sum": ca.sum1,
}


def to_casadi(matrices: tuple[sp.Matrix, ...], symbols: dict[sp.Symbol, ca.SX]) -> list[ca.SX]:
    """SymPy matrices as CasADi ones after one common-subexpression elimination over all of them."""
    replacements, reduced = sp.cse(matrices, order="none")
    table = dict(symbols)
    for symbol, expression in replacements:
        table[symbol] = _convert(expression, table)
    return [
        ca.sparsify(ca.vertcat(*(ca.horzcat(*(_convert(e, table) for e in m.row(i))) for i in range(m.rows))))
        for m in reduced
    ]


def _convert(expression: sp.Expr, table: dict[sp.Symbol, ca.SX]) -> ca.SX:
    if expression.is_Symbol:
        return table[expression]
    if expression.is_Number:
        return ca.SX(float(expression))
    arguments = [_convert(argument, table) for argument in expression.args]
    if expression.is_Add:
        return sum(arguments[1:], arguments[0])
    if expression.is_Mul:
        return math.prod(arguments[1:], start=arguments[0])
    if expression.is_Pow:
        return arguments[0] ** arguments[1]
    return _ELEMENTARY[type(expression)](arguments[0])


def _softplus(z: ca.SX) -> ca.SX:
    """log(1 + exp(z)) without overflow, with the right derivative at 0."""
    return ca.log1p(ca.exp(-ca.fabs(z))) + 0.5 * (z + ca.fabs(z))


_ELEMENTARY = {sp.sin: ca.sin, sp.cos: ca.cos, softplus: _softplus}


def _leaf_first(robot: Robot) -> list[int]:
    """Coordinates ordered so that each comes before those of the links that carry it."""
    index = {name: i for i, name in enumerate(robot.q_names)}
    joints = [index[j.name] for j in reversed(robot.ordered_joints) if j.type != "fixed"]
    root = [index[name] for name in ("angle", "y", "x")] if robot.root is not None else []
    return joints + root


class _LeafFirstFactor:
    """L D L^T of a symmetric matrix with structural zeros, eliminated in the given order."""

    def __init__(self, matrix: ca.SX, order: list[int]):
        self.order = order
        n = len(order)
        A = [[matrix[i, j] for j in order] for i in order]
        self.L = [[ca.SX(0)] * n for _ in range(n)]
        self.D = [A[k][k] for k in range(n)]
        for k in range(n):
            self.D[k] = A[k][k]
            for i in range(k + 1, n):
                if not A[i][k].is_zero():
                    self.L[i][k] = A[i][k] / self.D[k]
            for i in range(k + 1, n):
                for j in range(k + 1, i + 1):
                    if not (self.L[i][k].is_zero() or A[j][k].is_zero()):
                        A[i][j] = A[i][j] - self.L[i][k] * A[j][k]
                        A[j][i] = A[i][j]

    def solve(self, right: ca.SX) -> ca.SX:
        """Solution of (L D L^T) X = right, (n, m)."""
        n, order = len(self.order), self.order
        rows = [right[i, :] for i in order]
        for k in range(n):
            for i in range(k + 1, n):
                if not self.L[i][k].is_zero():
                    rows[i] = rows[i] - self.L[i][k] * rows[k]
        rows = [row / d for row, d in zip(rows, self.D, strict=True)]
        for k in reversed(range(n)):
            for i in range(k + 1, n):
                if not self.L[i][k].is_zero():
                    rows[k] = rows[k] - self.L[i][k] * rows[i]
        back = sorted(range(n), key=order.__getitem__)
        return ca.sparsify(ca.vertcat(*(rows[k] for k in back)))
