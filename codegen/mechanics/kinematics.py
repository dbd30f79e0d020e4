"""Kinematics of a planar tree of links, in absolute coordinates (`equations_of_motion`)."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeAlias

import sympy as sp

from vgps.codegen.description.parts import unit_vector
from vgps.codegen.description.robot import Joint, Link, Robot

Vector: TypeAlias = sp.Matrix
Scalar: TypeAlias = float | sp.Expr


class Kinematics(NamedTuple):
    """Position and velocity of one named thing, in SymPy's or CasADi's expressions."""

    position: Vector  # (2,) m
    velocity: Vector  # (2,) m/s
    angle: sp.Expr = sp.S.Zero  # rad, counter-clockwise; zero for a point
    omega: sp.Expr = sp.S.Zero  # rad/s


class RotatedVector(NamedTuple):
    """R(w_angle) vector; where the angle is None, the vector itself."""

    angle: int | None
    vector: tuple[Scalar, Scalar]


class TreePoint(NamedTuple):
    """A point of the tree: p = sum_a R(w_a) arms[a]."""

    arms: dict[
        int | None, tuple[Scalar, Scalar]
    ]  # displacements of sliding joints, too, as symbols
    slides: dict[int, RotatedVector]  # directions of sliding coordinates, the root's x and y too


class Tree:
    """Kinematics of the tree: frames, the map S, and where each joint's coordinate acts."""

    def __init__(self, robot: Robot) -> None:
        self.robot = robot
        n = robot.nq
        self.w = sp.Matrix(sp.symbols(f"w:{n}", real=True))
        self.w_dot = sp.Matrix(sp.symbols(f"wd:{n}", real=True))
        self.index = {name: i for i, name in enumerate(robot.q_names)}
        self.links = {link.name: link for link in robot.links}
        self.origins = {"world": TreePoint({}, {})}
        # Index of the coordinate that is the link's absolute angle; None where it cannot turn.
        self.angle_index: dict[str, int | None] = {"world": None}
        self.S = [[int(i == j) for j in range(n)] for i in range(n)]
        if robot.root is not None:
            x, y = RotatedVector(None, (1.0, 0.0)), RotatedVector(None, (0.0, 1.0))
            self.origins[robot.root.name] = TreePoint({None: (self.w[0], self.w[1])}, {0: x, 1: y})
            self.angle_index[robot.root.name] = self.index["angle"]
        for joint in robot.ordered_joints:
            self._attach(joint)

    def _attach(self, joint: Joint) -> None:
        """The frame of the joint's child, from that of its parent."""
        angle = parent_angle = self.angle_index[joint.parent]
        origin = displaced(self.origins[joint.parent], parent_angle, joint.origin)
        if joint.type == "prismatic":
            i = self.index[joint.name]
            x, y = axis = unit_vector(joint.axis)
            origin = displaced(origin, parent_angle, (self.w[i] * x, self.w[i] * y))
            origin = origin._replace(slides=origin.slides | {i: RotatedVector(parent_angle, axis)})
        elif joint.type == "revolute":
            angle = self.index[joint.name]
            if parent_angle is not None:
                rows = zip(self.S[angle], self.S[parent_angle], strict=True)
                self.S[angle] = [own + of_parent for own, of_parent in rows]
        self.origins[joint.child] = origin
        self.angle_index[joint.child] = angle

    def rotate(self, rotated: RotatedVector) -> Vector:
        """Its components in the world, (2,)."""
        x, y = rotated.vector
        if rotated.angle is None:
            return sp.Matrix([x, y])
        c, s = sp.cos(self.w[rotated.angle]), sp.sin(self.w[rotated.angle])
        return sp.Matrix([x * c - y * s, x * s + y * c])

    def point(self, link: Link, at: tuple[float, float]) -> TreePoint:
        """The point that stands at ``at`` in the link's frame."""
        return displaced(self.origins[link.name], self.angle_index[link.name], at)

    def partial_velocities(self, point: TreePoint) -> dict[int, RotatedVector]:
        """dp/dw_c of each coordinate that moves the point (Kane)."""
        turning = {
            angle: RotatedVector(angle, perpendicular(arm))
            for angle, arm in point.arms.items()
            if angle is not None
        }
        return point.slides | turning

    def velocity_products(self, point: TreePoint) -> dict[tuple[int, int], RotatedVector]:
        """What velocities alone add to the acceleration: by (a, b), the factor of w'_a w'_b."""
        terms = {}
        for a, (x, y) in point.arms.items():
            if a is not None:
                terms[a, a] = RotatedVector(a, (-x, -y))
        for i, (a, direction) in point.slides.items():
            if a is not None:
                x, y = perpendicular(direction)
                terms[i, a] = RotatedVector(a, (2.0 * x, 2.0 * y))
        return terms

    def position(self, point: TreePoint) -> Vector:
        """(2,) m in the world."""
        arms = (self.rotate(RotatedVector(*arm)) for arm in point.arms.items())
        return sum(arms, sp.zeros(2, 1))

    def velocity(self, point: TreePoint) -> Vector:
        """(2,) m/s in the world."""
        partials = self.partial_velocities(point).items()
        moving = (self.w_dot[c] * self.rotate(partial) for c, partial in partials)
        return sum(moving, sp.zeros(2, 1))

    def kinematics(self, point: TreePoint) -> Kinematics:
        """Position and velocity."""
        return Kinematics(self.position(point), self.velocity(point))

    def frame(self, link: Link) -> Kinematics:
        """Those of the link's origin, and the link's angle."""
        origin = self.kinematics(self.origins[link.name])
        i = self.angle_index[link.name]
        return origin if i is None else origin._replace(angle=self.w[i], omega=self.w_dot[i])

    def named_points(self) -> Iterator[tuple[str, TreePoint]]:
        """Joints, both ends of each link, the points of the file, and the centre of mass."""
        robot = self.robot
        for joint in robot.joints:
            parent, angle = self.origins[joint.parent], self.angle_index[joint.parent]
            yield joint.name, displaced(parent, angle, joint.origin)
        for link in robot.links:
            yield f"{link.name}.start", self.point(link, link.at(0.0))
            yield f"{link.name}.end", self.point(link, link.tip)
        for point in robot.points:
            yield point.name, self.point(self.links[point.link], point.at)
        total = sum(link.mass for link in robot.links)
        yield "com", _mean((link.mass / total, self.point(link, link.com)) for link in robot.links)

    def moving_joints(self) -> Iterator[tuple[Joint, int]]:
        """Joints that are not fixed, with the index of their coordinate."""
        for joint in self.robot.joints:
            if joint.type != "fixed":
                yield joint, self.index[joint.name]

    def joint_direction(self, joint: Joint, i: int) -> list[tuple[int, int]]:
        """The joint's coordinate as a sum of absolute ones: child's angle minus parent's angle."""
        parent = self.angle_index[joint.parent]
        if joint.type == "prismatic" or parent is None:
            return [(i, 1)]
        return [(i, 1), (parent, -1)]


def displaced(point: TreePoint, angle: int | None, by: tuple[Scalar, Scalar]) -> TreePoint:
    """The point that is ``by`` away, in a frame that turns with ``angle``."""
    x, y = point.arms.get(angle, (0.0, 0.0))
    return point._replace(arms=point.arms | {angle: (x + by[0], y + by[1])})


def _mean(points: Iterable[tuple[float, TreePoint]]) -> TreePoint:
    """The weighted mean of points, which moves like one of them."""
    arms: dict[int | None, tuple[Scalar, Scalar]] = {}
    slides: dict[int, RotatedVector] = {}
    for weight, point in points:
        for angle, (x, y) in point.arms.items():
            old = arms.get(angle, (0.0, 0.0))
            arms[angle] = (old[0] + weight * x, old[1] + weight * y)
        for i, (angle, (x, y)) in point.slides.items():
            old = slides[i].vector if i in slides else (0.0, 0.0)
            slides[i] = RotatedVector(angle, (old[0] + weight * x, old[1] + weight * y))
    return TreePoint(arms, slides)


def perpendicular(vector: tuple[Scalar, Scalar]) -> tuple[Scalar, Scalar]:
    """The vector turned by 90 degrees, counter-clockwise."""
    x, y = vector
    return -y, x
