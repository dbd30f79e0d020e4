"""Kinematics of a planar tree of links, in absolute coordinates (`equations_of_motion`)."""

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import sympy as sp

from vgps.codegen.description.robot import Joint, Link, Robot

Vector = sp.Matrix
Scalar = float | sp.Expr


class Kinematics(NamedTuple):
    """Position and velocity of one named thing, in absolute coordinates."""

    position: Vector  # (2,) m
    velocity: Vector  # (2,) m/s
    angle: sp.Expr | None = None  # rad, counter-clockwise; None for a point
    omega: sp.Expr | None = None  # rad/s


class Turned(NamedTuple):
    """R(w_angle) vector; the angle None does not turn."""

    angle: int | None
    vector: tuple[Scalar, Scalar]


class Body(NamedTuple):
    """A point of the tree: p = sum_a R(w_a) arms[a]."""

    arms: dict[int | None, tuple[Scalar, Scalar]]  # what slides is in here, as a symbol
    slides: dict[int, Turned]  # coordinates along a direction, the root's x and y among them


class Tree:
    """Kinematics of the tree: frames, the map S, and where each joint's coordinate acts."""

    def __init__(self, robot: Robot):
        self.robot = robot
        n = robot.nq
        self.w = sp.Matrix(sp.symbols(f"w:{n}", real=True))
        self.rates = sp.Matrix(sp.symbols(f"wd:{n}", real=True))
        self.index = {name: i for i, name in enumerate(robot.q_names)}
        self.link = {link.name: link for link in robot.links}
        self.origin: dict[str, Body] = {"world": Body({}, {})}
        # Index of the coordinate that is the link's absolute angle; None where it cannot turn.
        self.angle_index: dict[str, int | None] = {"world": None}
        self.S = [[int(i == j) for j in range(n)] for i in range(n)]
        if robot.root is not None:
            x, y = Turned(None, (1.0, 0.0)), Turned(None, (0.0, 1.0))
            self.origin[robot.root.name] = Body({None: (self.w[0], self.w[1])}, {0: x, 1: y})
            self.angle_index[robot.root.name] = self.index["angle"]
        for joint in robot.ordered_joints:
            self._hang(joint)

    def _hang(self, joint: Joint) -> None:
        angle = parent_angle = self.angle_index[joint.parent]
        origin = extended(self.origin[joint.parent], parent_angle, joint.at)
        if joint.type == "prismatic":
            i = self.index[joint.name]
            x, y = axis = unit_vector(joint.axis)
            origin = extended(origin, parent_angle, (self.w[i] * x, self.w[i] * y))
            origin = origin._replace(slides=origin.slides | {i: Turned(parent_angle, axis)})
        elif joint.type == "revolute":
            angle = self.index[joint.name]
            if parent_angle is not None:
                self.S[angle] = [a + b for a, b in zip(self.S[angle], self.S[parent_angle])]
        self.origin[joint.child] = origin
        self.angle_index[joint.child] = angle

    def rotate(self, angle: int | None, vector: tuple[Scalar, Scalar]) -> Vector:
        """R(w_angle) vector, (2,)."""
        x, y = vector
        if angle is None:
            return sp.Matrix([x, y])
        c, s = sp.cos(self.w[angle]), sp.sin(self.w[angle])
        return sp.Matrix([x * c - y * s, x * s + y * c])

    def moved(self, link: Link, at: tuple[float, float]) -> Body:
        """The point that stands at ``at`` in the link's frame."""
        return extended(self.origin[link.name], self.angle_index[link.name], at)

    def columns(self, body: Body) -> dict[int, Turned]:
        """dp/dw_c of each coordinate that moves the point."""
        turning = {
            a: Turned(a, perpendicular(arm)) for a, arm in body.arms.items() if a is not None
        }
        return body.slides | turning

    def convection(self, body: Body) -> dict[tuple[int, int], Turned]:
        """The acceleration that velocities alone cause, by the two coordinates whose rates it has."""
        parts = {}
        for a, (x, y) in body.arms.items():
            if a is not None:
                parts[a, a] = Turned(a, (-x, -y))
        for i, (a, direction) in body.slides.items():
            if a is not None:
                x, y = perpendicular(direction)
                parts[i, a] = Turned(a, (2.0 * x, 2.0 * y))
        return parts

    def position(self, body: Body) -> Vector:
        return sum((self.rotate(a, arm) for a, arm in body.arms.items()), sp.zeros(2, 1))

    def velocity(self, body: Body) -> Vector:
        columns = self.columns(body).items()
        moving = (self.rates[c] * self.rotate(*column) for c, column in columns)
        return sum(moving, sp.zeros(2, 1))

    def kinematics(self, body: Body) -> Kinematics:
        return Kinematics(self.position(body), self.velocity(body))

    def frame(self, link: Link) -> Kinematics:
        i = self.angle_index[link.name]
        angle, omega = (sp.Float(0), sp.Float(0)) if i is None else (self.w[i], self.rates[i])
        origin = self.kinematics(self.moved(link, (0.0, 0.0)))
        return origin._replace(angle=angle, omega=omega)

    def named_points(self) -> Iterator[tuple[str, Body]]:
        """Joints, both ends of each link, the points of the file, and the centre of mass."""
        robot = self.robot
        for joint in robot.joints:
            parent = joint.parent
            yield joint.name, extended(self.origin[parent], self.angle_index[parent], joint.at)
        for link in robot.links:
            yield f"{link.name}.start", self.moved(link, (0.0, 0.0))
            yield f"{link.name}.end", self.moved(link, link.tip)
        for point in robot.points:
            yield point.name, self.moved(self.link[point.link], point.at)
        total = sum(link.mass for link in robot.links)
        yield "com", _mean((link.mass / total, self.moved(link, link.com)) for link in robot.links)

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


def extended(body: Body, angle: int | None, vector: tuple[Scalar, Scalar]) -> Body:
    """The point ``vector`` further on, in a frame that turns with ``angle``."""
    x, y = body.arms.get(angle, (0.0, 0.0))
    return body._replace(arms=body.arms | {angle: (x + vector[0], y + vector[1])})


def _mean(bodies: Iterable[tuple[float, Body]]) -> Body:
    """The weighted mean of points, which moves like one of them."""
    arms, slides = {}, {}
    for weight, body in bodies:
        for angle, (x, y) in body.arms.items():
            old = arms.get(angle, (0.0, 0.0))
            arms[angle] = (old[0] + weight * x, old[1] + weight * y)
        for i, (angle, (x, y)) in body.slides.items():
            old = slides[i].vector if i in slides else (0.0, 0.0)
            slides[i] = Turned(angle, (old[0] + weight * x, old[1] + weight * y))
    return Body(arms, slides)


def perpendicular(vector: tuple[Scalar, Scalar]) -> tuple[Scalar, Scalar]:
    x, y = vector
    return -y, x


def unit_vector(angle: float) -> tuple[float, float]:
    """(cos, sin) of an angle, with the rounding of multiples of a quarter turn removed."""
    return tuple(0.0 if abs(c) < 1e-15 else c for c in (math.cos(angle), math.sin(angle)))
