"""Symbolic equations of motion of a planar tree of rigid bodies (SymPy).

    M(q) v' + h(q, v) = B u + passive(q, v)

are derived from body Jacobians (Kane's method written out; Featherstone, *Rigid Body Dynamics
Algorithms*, 2008, ch. 3 and 8): with p_b(q) the centre of mass of body b, J_b = dp_b/dq and
e_b the row that picks the body's turning rate,

    M = sum_b  m_b J_b^T J_b + I_b e_b^T e_b
    h = sum_b  m_b J_b^T (J_b' v + g y)

**Coordinates.** Users speak in joint angles relative to the parent, ``q``.  The derivation speaks
in *absolute* coordinates ``w = S q``: the entry of a revolute joint is the angle of its child
against the world.  ``S`` is a constant matrix of zeros and ones, so the change of coordinates
costs only additions, and it halves the operation count of a seven-link chain, because a body's
velocity is then a sum with one term an angle instead of a sum of sums.

Nothing is simplified or solved here; expanding products, with sin^2 = 1 - cos^2, is enough for the
constants of several bodies to merge.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import sympy as sp

from codegen.description import Joint, Link, Robot

Vector = sp.Matrix


class softplus(sp.Function):  # noqa: N801 - printed like sin and cos
    """log(1 + exp(z)), kept symbolic: its overflow-free form is chosen when C is written."""


class Kinematics(NamedTuple):
    """Position and velocity of one named thing, in absolute coordinates."""

    position: Vector  # (2,) m
    velocity: Vector  # (2,) m/s
    angle: sp.Expr | None = None  # rad, counter-clockwise; None for a point
    omega: sp.Expr | None = None  # rad/s


class Mechanics(NamedTuple):
    """Symbolic mechanics in absolute coordinates w, with rates w_dot (n of each)."""

    w: list[sp.Symbol]  # (n,)
    w_dot: list[sp.Symbol]  # (n,)
    S: list[list[int]]  # (n, n): w = S q, w_dot = S v
    mass_matrix: sp.Matrix  # (n, n)
    bias_force: sp.Matrix  # (n,): Coriolis, centrifugal and gravity forces
    passive_force: sp.Matrix  # (n,): drag, joint springs, damping and limits
    B: list[list[int]]  # (n, nu): generalised force of the actions in w
    energy: sp.Expr  # J, kinetic and gravitational
    links: dict[str, Kinematics]  # frame origin and angle of each link
    points: dict[str, Kinematics]  # joints, link ends, named points and `com`


def derive(robot: Robot) -> Mechanics:
    """Equations of motion of ``robot``.  Every number in them is a float, every symbol a coordinate."""
    tree = _Tree(robot)
    n = robot.nq
    mass_matrix, bias, passive = sp.zeros(n, n), sp.zeros(n, 1), sp.zeros(n, 1)
    potential = sp.Float(0)

    for link in robot.links:
        com = tree.point(link, link.com)
        J = com.position.jacobian(tree.w)  # (2, n)
        J_dot_v = com.velocity.jacobian(tree.w) * tree.rates  # (2,)
        mass_matrix += link.mass * J.T * J
        bias += link.mass * J.T * (J_dot_v + sp.Matrix([0, robot.gravity]))
        potential += link.mass * robot.gravity * com.position[1]
        i = tree.angle_index[link.name]
        if i is not None:
            mass_matrix[i, i] += link.inertia
        passive += _drag(tree, link)

    for joint, i in tree.moving_joints():
        directions = tree.joint_direction(joint, i)  # [(row, sign)]: d(joint coordinate)/dw
        for row, sign in directions:
            passive[row] += sign * _joint_force(tree, joint, directions)
            for column, other in directions:
                mass_matrix[row, column] += sign * other * joint.armature

    mass_matrix, bias = tree.merge(mass_matrix), tree.merge(bias)
    kinetic = (tree.rates.T * mass_matrix * tree.rates)[0, 0] / 2
    return Mechanics(
        w=list(tree.w),
        w_dot=list(tree.rates),
        S=tree.S,
        mass_matrix=mass_matrix,
        bias_force=bias,
        passive_force=passive,
        B=tree.actuation(),
        energy=kinetic + potential,
        links={link.name: tree.frame(link) for link in robot.links},
        points=dict(_named_points(tree)),
    )


class _Tree:
    """Kinematics of the tree: frames, the map S, and where each joint's coordinate acts."""

    def __init__(self, robot: Robot):
        self.robot = robot
        n = robot.nq
        self.w = sp.Matrix(sp.symbols(f"w:{n}", real=True))
        self.rates = sp.Matrix(sp.symbols(f"wd:{n}", real=True))
        self.index = {name: i for i, name in enumerate(robot.q_names)}
        self.link = {link.name: link for link in robot.links}
        self.origin: dict[str, Vector] = {"world": sp.zeros(2, 1)}
        # Index of the coordinate that is the link's absolute angle; None where it cannot turn.
        self.angle_index: dict[str, int | None] = {"world": None}
        self.S = [[int(i == j) for j in range(n)] for i in range(n)]
        if robot.root is not None:
            self.origin[robot.root.name] = sp.Matrix([self.w[0], self.w[1]])
            self.angle_index[robot.root.name] = self.index["angle"]
        for joint in robot.ordered_joints:
            self._hang(joint)

    def _hang(self, joint: Joint) -> None:
        parent_angle = self.angle_index[joint.parent]
        origin = self.origin[joint.parent] + self.rotate(joint.parent, joint.at)
        angle = parent_angle
        if joint.type == "prismatic":
            slide = self.w[self.index[joint.name]]
            origin += slide * self.rotate(joint.parent, unit_vector(joint.axis))
        elif joint.type == "revolute":
            angle = self.index[joint.name]
            if parent_angle is not None:
                self.S[angle] = [a + b for a, b in zip(self.S[angle], self.S[parent_angle])]
        self.origin[joint.child] = origin
        self.angle_index[joint.child] = angle

    def rotate(self, link: str, vector: tuple[float, float]) -> Vector:
        """``vector`` of the link's frame in the world's frame, (2,)."""
        x, y = vector
        i = self.angle_index[link]
        if i is None:
            return sp.Matrix([x, y])
        c, s = sp.cos(self.w[i]), sp.sin(self.w[i])
        return sp.Matrix([x * c - y * s, x * s + y * c])

    def merge(self, terms: sp.Matrix) -> sp.Matrix:
        """``terms`` as sums of products, without the cos^2 + sin^2 that a column's length brings."""
        squares = {sp.sin(angle) ** 2: 1 - sp.cos(angle) ** 2 for angle in self.w}
        return sp.expand(sp.expand(terms).subs(squares))

    def moving(self, position: Vector) -> Vector:
        """Velocity of a position, (2,)."""
        return position.jacobian(self.w) * self.rates

    def point(self, link: Link, at: tuple[float, float]) -> Kinematics:
        position = self.origin[link.name] + self.rotate(link.name, at)
        return Kinematics(position, self.moving(position))

    def frame(self, link: Link) -> Kinematics:
        i = self.angle_index[link.name]
        angle, omega = (sp.Float(0), sp.Float(0)) if i is None else (self.w[i], self.rates[i])
        return self.point(link, (0.0, 0.0))._replace(angle=angle, omega=omega)

    def moving_joints(self) -> Iterator[tuple[Joint, int]]:
        for joint in self.robot.joints:
            if joint.type != "fixed":
                yield joint, self.index[joint.name]

    def joint_direction(self, joint: Joint, i: int) -> list[tuple[int, int]]:
        """The joint's coordinate as a sum of absolute ones: child's angle minus parent's angle."""
        parent = self.angle_index[joint.parent]
        if joint.type == "prismatic" or parent is None:
            return [(i, 1)]
        return [(i, 1), (parent, -1)]

    def actuation(self) -> list[list[int]]:
        """B, (n, nu): a torque turns the child forwards and, by reaction, the parent backwards."""
        B = [[0] * self.robot.nu for _ in range(self.robot.nq)]
        column = {name: k for k, name in enumerate(self.robot.u_names)}
        for joint, i in self.moving_joints():
            if joint.actuated:
                for row, sign in self.joint_direction(joint, i):
                    B[row][column[joint.name]] = sign
        return B


def unit_vector(angle: float) -> tuple[float, float]:
    """(cos, sin) of an angle, with the rounding of multiples of a quarter turn removed."""
    return tuple(0.0 if abs(c) < 1e-15 else c for c in (math.cos(angle), math.sin(angle)))


def _drag(tree: _Tree, link: Link) -> sp.Matrix:
    """Generalised force (n,) of linear anisotropic drag, integrated along the link in closed form.

    Each metre of the link resists its velocity with ``normal`` and ``tangential`` N s/m^2.  The
    normal velocity varies linearly along the link, so the integral is the force at the middle
    (length times coefficient) and the couple -normal * length^3 / 12 * omega.
    """
    if link.drag is None or link.length == 0.0:
        return sp.zeros(tree.robot.nq, 1)
    along = unit_vector(link.direction)
    tangent = tree.rotate(link.name, along)
    normal = tree.rotate(link.name, (-along[1], along[0]))
    middle = tree.point(link, tuple(0.5 * link.length * a for a in along))
    force = sp.zeros(2, 1)
    for axis, coefficient in ((normal, link.drag.normal), (tangent, link.drag.tangential)):
        force -= coefficient * link.length * middle.velocity.dot(axis) * axis
    generalised = middle.position.jacobian(tree.w).T * force
    i = tree.angle_index[link.name]
    if i is not None:
        generalised[i] -= link.drag.normal * link.length**3 / 12 * tree.rates[i]
    return generalised


def _joint_force(tree: _Tree, joint: Joint, directions: list[tuple[int, int]]) -> sp.Expr:
    """Spring, damping and soft limits of a joint along its own coordinate, N m or N.

    A limit is a spring of ``limit_stiffness`` that engages smoothly over ``limit_softness``, so
    that the equations of motion stay differentiable.
    """
    coordinate = sum(sign * tree.w[row] for row, sign in directions)
    rate = sum(sign * tree.rates[row] for row, sign in directions)
    force = -joint.stiffness * (coordinate - joint.rest) - joint.damping * rate
    if joint.limits is not None:
        low, high = joint.limits
        scale = joint.limit_softness
        force += joint.limit_stiffness * scale * softplus((low - coordinate) / scale)
        force -= joint.limit_stiffness * scale * softplus((coordinate - high) / scale)
    return force


def _named_points(tree: _Tree) -> Iterator[tuple[str, Kinematics]]:
    """Joints, both ends of each link, the points of the file, and the centre of mass."""
    robot = tree.robot
    for joint in robot.joints:
        position = tree.origin[joint.parent] + tree.rotate(joint.parent, joint.at)
        yield joint.name, Kinematics(position, tree.moving(position))
    for link in robot.links:
        yield f"{link.name}.start", tree.point(link, (0.0, 0.0))
        yield f"{link.name}.end", tree.point(link, link.tip)
    for point in robot.points:
        yield point.name, tree.point(tree.link[point.link], point.at)
    total = sum(link.mass for link in robot.links)
    com = sp.zeros(2, 1)
    for link in robot.links:
        com += link.mass / total * tree.point(link, link.com).position
    yield "com", Kinematics(sp.expand(com), tree.moving(sp.expand(com)))
