"""The mechanics of a robot as CasADi expressions, in absolute and in joint coordinates."""

import math
from functools import cached_property
from typing import Literal

import casadi as ca
import numpy as np
import sympy as sp

from vgps.codegen.description.robot import Robot
from vgps.codegen.mechanics.contact import Contact, Touch, contact
from vgps.codegen.mechanics.equations_of_motion import Mechanics
from vgps.codegen.mechanics.function import Named
from vgps.codegen.mechanics.kinematics import Kinematics
from vgps.codegen.mechanics.resistance import damping_matrix
from vgps.codegen.mechanics.to_casadi import to_casadi
from vgps.codegen.mechanics.turning_kinematics import TurningKinematics

Kind = Literal["links", "points"]


class Coordinates:
    """Symbols of both kinds of coordinates, w = S q, and the mechanics in terms of them."""

    def __init__(self, robot: Robot, mechanics: Mechanics) -> None:
        self.robot, self.mechanics = robot, mechanics
        self.q = ca.SX.sym("q", robot.nq)
        self.v = ca.SX.sym("v", robot.nv)
        self.u = ca.SX.sym("u", robot.nu)
        self.x = ca.SX.sym("x", robot.nx)
        self.t = ca.SX.sym("t")
        self.S = ca.sparsify(ca.DM(mechanics.S))
        self.S_inverse = ca.sparsify(ca.DM(np.linalg.inv(np.array(mechanics.S)).round()))
        # S^-1 differs from the identity by -1 where a coordinate is measured from another's angle.
        self.parents = [-1] * robot.nq
        for child, parent in zip(*self.S_inverse.sparsity().get_triplet(), strict=True):
            if child != parent:
                self.parents[child] = parent
        self.w = ca.SX.sym("w", robot.nq)
        self.w_dot = ca.SX.sym("wd", robot.nv)

    @property
    def time(self) -> Named:
        """The input t of functions that evaluate expressions, where one of the task names it."""
        return {"t": self.t} if self.robot.task.is_timed else {}

    def times_S(self, matrix: ca.SX) -> ca.SX:
        """``matrix`` @ S, by solving X S^-1 = matrix: every partial sum is computed once."""
        columns = ca.horzsplit(matrix)
        for child in leaf_first(self.robot):
            if (parent := self.parents[child]) >= 0:
                columns[parent] += columns[child]
        return ca.horzcat(*columns)

    def by_joints(self, matrix: ca.SX) -> ca.SX:
        """``matrix`` (n, nz), whose columns are by (w, w_dot, u), by (q, v, u)."""
        robot = self.robot
        by_w, by_w_dot, by_u = ca.horzsplit(matrix, [0, robot.nq, robot.nx, robot.nx + robot.nu])
        return ca.horzcat(self.times_S(by_w), self.times_S(by_w_dot), by_u)

    def convert(self, *matrices: sp.Matrix) -> list[ca.SX]:
        """SymPy matrices as expressions of w and w_dot, with their common subexpressions shared."""
        symbols = dict(zip(self.mechanics.w, ca.vertsplit(self.w), strict=True))
        symbols |= dict(zip(self.mechanics.w_dot, ca.vertsplit(self.w_dot), strict=True))
        return to_casadi(matrices, symbols)

    def in_joint_coordinates(self, named: Named) -> Named:
        """The same expressions with w = S q and w_dot = S v substituted."""
        joint = [self.S @ self.q, self.S @ self.v]
        moved = ca.substitute(list(named.values()), [self.w, self.w_dot], joint)
        return dict(zip(named, moved, strict=True))

    def of_state(self, *expressions: ca.SX) -> list[ca.SX]:
        """Expressions of (q, v) as expressions of x."""
        nq = self.robot.nq
        return ca.substitute(list(expressions), [self.q, self.v], [self.x[:nq], self.x[nq:]])

    def _absolute(self, kind: Kind) -> Named:
        """All that there is of each, (6,), as expressions of w and w_dot."""
        if self.turning is not None:
            named = self.turning.links() if kind == "links" else self.turning.points()
            return {
                name: ca.vertcat(k.position, k.velocity, k.angle, k.omega)
                for name, k in named.items()
            }
        named = getattr(self.mechanics, kind)
        fields = [sp.Matrix([*k.position, *k.velocity, k.angle, k.omega]) for k in named.values()]
        return dict(zip(named, self.convert(*fields), strict=True))

    @cached_property
    def turning(self) -> TurningKinematics | None:
        """What stands for SymPy's kinematics of a robot that is `rigid`."""
        if self.mechanics.rigid is None:
            return None
        return TurningKinematics(self.mechanics.tree, self.w, self.w_dot)

    def contact(self) -> Contact:
        """Contact as expressions of w and w_dot; nothing where there is no ground."""
        robot, n = self.robot, self.robot.nq
        if robot.ground is None:
            return Contact(ca.SX(n, 1), ca.SX(n, n), ca.SX(0, 2))
        if self.turning is not None:
            of_all = self.turning.points()
            points = [of_all[point.name] for point in robot.contact_points]
            positions = [point.position for point in points]
            velocities = [point.velocity for point in points]
        else:
            points = [self.mechanics.points[point.name] for point in robot.contact_points]
            positions = self.convert(*(point.position for point in points))
            velocities = self.convert(*(point.velocity for point in points))
        angles = [self.mechanics.tree.angle_index[point.link] for point in robot.contact_points]
        places = zip(robot.contact_points, positions, velocities, angles, strict=True)
        touching = [Touch(*place) for place in places]
        return contact(robot.ground, robot.parameters, self.w, self.w_dot, touching)

    def resistance(self) -> ca.SX:
        """Damping matrix (n, n) of w and w_dot: what resists, but not in proportion to a rate."""
        terms = self.mechanics.resistances
        rates = self.convert(*(sp.Matrix([term.rate]) for term in terms)) if terms else []
        return damping_matrix(terms, rates, self.w_dot)

    def lagging_force(self) -> ca.SX:
        """Generalised force C r (n,) of w and w_dot, of what follows actions with a lag."""
        if not self.robot.lags:
            return ca.SX(self.robot.nq, 1)
        (C,) = self.convert(self.mechanics.C)
        return C @ ca.vertcat(*(self.w_dot[lag.coordinate] for lag in self.robot.lags))

    @cached_property
    def points(self) -> dict[str, Kinematics]:
        """Kinematics of all named points as CasADi expressions of q and v."""
        return _unpacked(self.in_joint_coordinates(self._absolute("points")))

    @cached_property
    def quantities(self) -> dict[str, ca.SX | float]:
        """Everything that cost and success expressions may name, as expressions of x, u and t."""
        links = _unpacked(self.in_joint_coordinates(self._absolute("links")))
        names = self._named(self.points, links, self.q, self.v)
        names = dict(zip(names, self.of_state(*names.values()), strict=True))
        return names | self.robot.parameters | {"pi": math.pi}

    @cached_property
    def absolute_quantities(self) -> dict[str, ca.SX | float]:
        """The same as expressions of w, w_dot, u and t."""
        points, links = (_unpacked(self._absolute(kind)) for kind in ("points", "links"))
        names = self._named(points, links, self.S_inverse @ self.w, self.S_inverse @ self.w_dot)
        return names | self.robot.parameters | {"pi": math.pi}

    def _named(
        self, points: dict[str, Kinematics], links: dict[str, Kinematics], q: ca.SX, v: ca.SX
    ) -> Named:
        """What expressions may name, of kinematics and joint coordinates in whatever symbols."""
        robot = self.robot
        names: Named = {"u": self.u, "t": self.t}
        for name, k in (points | links).items():
            names |= {f"{name}.x": k.position[0], f"{name}.y": k.position[1]}
            names |= {f"{name}.vx": k.velocity[0], f"{name}.vy": k.velocity[1]}
        for name, k in links.items():
            names |= {f"{name}.angle": k.angle, f"{name}.omega": k.omega}
        for i, name in enumerate(robot.moving_names):
            names |= {f"{name}.q": q[i], f"{name}.v": v[i]}
        names |= {lag.name: v[lag.coordinate] for lag in robot.lags}
        targets = robot.target_names
        names |= {name: q[i] for i, name in enumerate(targets, robot.nq - len(targets))}
        for i, name in enumerate(robot.u_names):
            names[f"{name}.u"] = self.u[i]
        for last in robot.last_actions:
            names[last.name] = q[last.coordinate]
            names[f"{robot.u_names[last.action]}.du"] = self.u[last.action] - names[last.name]
        if len(robot.last_actions) == robot.nu:
            names["du"] = ca.vertcat(*(names[f"{name}.du"] for name in robot.u_names))
        return names


def _unpacked(packed: Named) -> dict[str, Kinematics]:
    return {name: Kinematics(f[:2], f[2:4], f[4], f[5]) for name, f in packed.items()}


def leaf_first(robot: Robot) -> list[int]:
    """Coordinates that move bodies, each before those of the links that carry it."""
    index = {name: i for i, name in enumerate(robot.q_names)}
    joints = [index[j.name] for j in reversed(robot.ordered_joints) if j.type != "fixed"]
    root = [index[name] for name in ("angle", "y", "x")] if robot.root is not None else []
    return joints + root
