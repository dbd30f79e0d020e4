"""Forces against a motion that are not in proportion to its rate: dry friction, drag, fluids.

Each acts against one rate r = J(w) w' of the robot, a velocity or a turning rate,

    f = -J^T c(r) r,     c(r) = linear + quadratic |r| + dry / sqrt(r^2 + r_s^2),

and takes c r^2 >= 0 of power.  Held fixed over a substep, the coefficients c form a positive
semidefinite damping matrix D = sum J^T c J, as those of contact do, which an integrator can take
implicitly.

Quadratic drag along a link is integrated by Gauss's rule with NODES nodes: exact unless the
velocity across the link changes its sign between the ends, and then right to 0.5 % of the force
that the faster end's velocity would give everywhere.

A fluid acts on each link with a width as MuJoCo's inertia model does, in the plane (MuJoCo's
documentation, "Fluid forces").  The link's mass m, inertia I and width b are those of a bar
a x b x b, a^2 = 12 I / m - b^2, whose long axis is the link's.  With d = (a + 2 b) / 3, the density
rho, the viscosity beta, the velocity v of the centre of mass and the link's rate omega,

    along    -3 pi d beta v    - rho b^2 / 2 |v| v
    across   -3 pi d beta v    - rho a b / 2 |v| v
    turning  -pi d^3 beta omega - rho b (a^4 + b^4) / 64 |omega| omega
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import casadi as ca
import numpy as np
import sympy as sp

from vgps.codegen.description.parts import unit_vector
from vgps.codegen.description.robot import Fluid, Link
from vgps.codegen.mechanics.kinematics import RotatedVector, Tree, Vector, perpendicular

NODES = 4


class Resistance(NamedTuple):
    """What acts against a rate r, which is linear in w'."""

    rate: sp.Expr  # m/s or rad/s
    linear: float = 0.0  # N s/m or N m s/rad
    quadratic: float = 0.0  # N s^2/m^2 or N m s^2/rad^2
    dry: float = 0.0  # N or N m
    smoothing: float = 1.0  # m/s or rad/s, r_s

    def coefficient(self, r: ca.SX) -> ca.SX:
        """c(r)."""
        c = ca.SX(self.linear)
        if self.quadratic > 0.0:
            c += self.quadratic * ca.fabs(r)
        if self.dry > 0.0:
            c += self.dry / ca.sqrt(r**2 + self.smoothing**2)
        return c


def damping_matrix(terms: list[Resistance], rates: list[ca.SX], w_dot: ca.SX) -> ca.SX:
    """D (n, n) of terms whose ``rates`` are functions of w and w'."""
    D = ca.SX(w_dot.numel(), w_dot.numel())
    for term, r in zip(terms, rates, strict=True):
        J = ca.jacobian(r, w_dot)  # (1, n)
        D += term.coefficient(r) * J.T @ J
    return D


def resistances(tree: Tree) -> list[Resistance]:
    """Everything that resists."""
    return [term for term in _resistances(tree) if term.linear or term.quadratic or term.dry]


def _resistances(tree: Tree) -> Iterator[Resistance]:
    robot = tree.robot
    for link in robot.links:
        yield from _quadratic_drag(tree, link)
        if robot.fluid is not None and link.width > 0.0:
            yield from _fluid(tree, link, robot.fluid)
    for joint, i in tree.moving_joints():
        if joint.friction > 0.0:
            rate = sum(sign * tree.w_dot[row] for row, sign in tree.joint_direction(joint, i))
            yield Resistance(rate, dry=joint.friction, smoothing=joint.friction_speed)


def _quadratic_drag(tree: Tree, link: Link) -> Iterator[Resistance]:
    if link.drag is None or link.drag.quadratic is None or link.length == 0.0:
        return
    along, across = link_axes(tree, link)
    drag = link.drag.quadratic
    for node, weight in zip(*np.polynomial.legendre.leggauss(NODES), strict=True):
        velocity = tree.velocity(tree.point(link, link.at(0.5 * (1.0 + float(node)))))
        share = 0.5 * float(weight) * link.length  # m
        yield Resistance(velocity.dot(across), quadratic=share * drag.normal)
    # The same everywhere along the link.
    velocity = tree.velocity(tree.point(link, link.at(0.5)))
    yield Resistance(velocity.dot(along), quadratic=link.length * drag.tangential)


def _fluid(tree: Tree, link: Link, fluid: Fluid) -> Iterator[Resistance]:
    rho, beta, b = fluid.density, fluid.viscosity, link.width
    a = math.sqrt(max(12.0 * link.inertia / link.mass - b**2, 0.0))
    d = (a + 2.0 * b) / 3.0
    along, across = link_axes(tree, link)
    velocity = tree.velocity(tree.point(link, link.com))
    viscous = 3.0 * math.pi * d * beta
    yield Resistance(velocity.dot(along), viscous, 0.5 * rho * b**2)
    yield Resistance(velocity.dot(across), viscous, 0.5 * rho * a * b)
    i = tree.angle_index[link.name]
    if i is not None:
        turning = rho * b * (a**4 + b**4) / 64.0
        yield Resistance(tree.w_dot[i], math.pi * d**3 * beta, turning)


def link_axes(tree: Tree, link: Link) -> tuple[Vector, Vector]:
    """Unit vectors (2,) in the world, along the link's long axis and across it."""
    i, axis = tree.angle_index[link.name], unit_vector(link.direction)
    return tree.rotate(RotatedVector(i, axis)), tree.rotate(RotatedVector(i, perpendicular(axis)))
