"""Where a robot's segments, shapes, joints, centre of mass and targets are, in metres."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vgps.codegen.description.robot import Link, Robot
from vgps.codegen.model import Model

Array = NDArray[np.float64]
_TURN = np.linspace(0.0, 2.0 * math.pi, 48, endpoint=False)


class Skeleton(NamedTuple):
    """A robot at one configuration; all positions in metres."""

    links: Array  # (number of links, 2, 2): start and end of each, in file order
    # A polygon (corners, 2) for each link that a segment cannot show, such as a cart or a foot;
    # (0, 2) for the others.
    shapes: list[Array]
    # A polygon (corners, 2) for each disc that touches the ground, in the order of their points.
    # Its first corner turns with the link.
    discs: list[Array]
    joints: Array  # (number of revolute joints, 2)
    com: Array  # (2,), centre of mass

    def corners(self) -> Array:
        """All positions that a view of the robot must hold, (n, 2)."""
        return np.concatenate(
            [self.links.reshape(-1, 2), *self.shapes, *self.discs, self.com[None]]
        )


def skeleton(model: Model, q: ArrayLike) -> Skeleton:
    """The robot at q (nq,).

    Raises:
        ValueError: where q has another shape.
    """
    robot, points = model.robot, model.points(q)
    links = np.array([[points[f"{k.name}.start"], points[f"{k.name}.end"]] for k in robot.links])
    # A sliding joint has no place of its own: its slider and its rail show where it is.
    joints = [points[joint.name] for joint in robot.joints if joint.type == "revolute"]
    discs = _discs(robot, points, np.asarray(q))
    wheels = {point.link for point in robot.points if point.radius > 0.0}
    shapes = []
    for link, segment in zip(robot.links, links, strict=True):
        own = [points[point.name] for point in robot.points if point.link == link.name]
        if link.width > 0.0 and link.length > 0.0:
            own += _sides(segment, link.width)
        corners = np.array([*segment, *own])  # (2 + own points, 2)
        if np.linalg.matrix_rank(corners - corners[0], tol=1e-9) == 2:
            shapes.append(_around(corners))
        elif link.length == 0.0 and link.name not in wheels:
            shapes.append(segment[0] + _box(robot, np.asarray(q), link))
        else:
            shapes.append(np.empty((0, 2)))
    return Skeleton(links, shapes, discs, np.array(joints).reshape(-1, 2), points["com"])


def _box(robot: Robot, q: Array, link: Link) -> Array:
    """Corners (4, 2), in m about the origin, of the box that stands for a link without a length."""
    width = 0.3 * (max(other.length for other in robot.links) or 1.0)
    joint = robot.parent_joint(link.name)
    angle = link_angle(robot, q, link)
    if joint is not None and joint.type == "prismatic":
        angle += joint.axis
    c, s = math.cos(angle), math.sin(angle)
    corners = np.array([[-0.5, -0.3], [0.5, -0.3], [0.5, 0.3], [-0.5, 0.3]])
    return width * corners @ np.array([[c, s], [-s, c]])


def _discs(robot: Robot, points: dict[str, Array], q: Array) -> list[Array]:
    links = {link.name: link for link in robot.links}
    discs = []
    for point in robot.points:
        if point.radius > 0.0:
            angles = link_angle(robot, q, links[point.link]) + _TURN
            circle = np.column_stack([np.cos(angles), np.sin(angles)])  # (48, 2)
            discs.append(points[point.name] + point.radius * circle)
    return discs


def _sides(segment: Array, width: float) -> list[Array]:
    """Corners (2,) of a bar around its long axis (2, 2)."""
    along = (segment[1] - segment[0]) / np.linalg.norm(segment[1] - segment[0])
    half = 0.5 * width * np.array([-along[1], along[0]])
    return [end + side for end in segment for side in (half, -half)]


def link_angle(robot: Robot, q: Array, link: Link) -> float:
    """Angle of a link's frame in the world, rad."""
    names = robot.turning(link.name)
    return float(sum(angle for name, angle in zip(robot.q_names, q, strict=True) if name in names))


def _around(points: Array) -> Array:
    """The points (n, 2) in counter-clockwise order around their middle."""
    x, y = (points - points.mean(axis=0)).T
    return points[np.argsort(np.arctan2(y, x))]


def target_places(robot: Robot, x: Array) -> Array:
    """Where the targets are in a state x (nx,), (number of targets, 2) m."""
    return x[robot.nq - 2 * len(robot.targets) : robot.nq].reshape(-1, 2)
