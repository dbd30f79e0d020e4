"""What a robot looks like: segments, shapes, joints and centre of mass, and how they are drawn.

What stands still beside it, rails and targets, is drawn here as well.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.patheffects import withStroke
from matplotlib.typing import ColorType
from numpy.typing import ArrayLike, NDArray

from vgps.codegen.description.robot import Link, Robot
from vgps.codegen.model import Model
from vgps.report.depth import link_depths
from vgps.report.style import HAIR, LEARNED, PAPER, TARGET, paler

Array = NDArray[np.float64]
Chosen = NDArray[np.bool_]
_TURN = np.linspace(0.0, 2.0 * math.pi, 48, endpoint=False)
_DOT: dict[str, Any] = {"linestyle": "", "marker": "o", "markeredgewidth": 0.0}
_CROSS: dict[str, Any] = {"linestyle": "", "marker": "X", "markersize": 9, "markeredgecolor": PAPER}


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
    angle = _angle(robot, q, link)
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
            angles = _angle(robot, q, links[point.link]) + _TURN
            circle = np.column_stack([np.cos(angles), np.sin(angles)])  # (48, 2)
            discs.append(points[point.name] + point.radius * circle)
    return discs


def _sides(segment: Array, width: float) -> list[Array]:
    """Corners (2,) of a bar around its long axis (2, 2)."""
    along = (segment[1] - segment[0]) / np.linalg.norm(segment[1] - segment[0])
    half = 0.5 * width * np.array([-along[1], along[0]])
    return [end + side for end in segment for side in (half, -half)]


def _angle(robot: Robot, q: Array, link: Link) -> float:
    """Angle of a link's frame in the world, rad."""
    names = robot.q_names
    angle = q[names.index("angle")] if robot.base == "floating" else 0.0
    joint = robot.parent_joint(link.name)
    while joint is not None:
        if joint.type == "revolute":
            angle += q[names.index(joint.name)]
        joint = robot.parent_joint(joint.parent)
    return float(angle)


def _around(points: Array) -> Array:
    """The points (n, 2) in counter-clockwise order around their middle."""
    x, y = (points - points.mean(axis=0)).T
    return points[np.argsort(np.arctan2(y, x))]


class RobotDrawing:
    """The artists of one robot on some axes; `pose` moves them."""

    def __init__(
        self, axes: Axes, robot: Robot, colour: ColorType, width: float, zorder: float
    ) -> None:
        """Add artists without a pose; ``width`` is that of a link, in points.

        Links farther behind (see `depth`) are paler.
        """
        depths = link_depths(robot)
        numbers = {link.name: i for i, link in enumerate(robot.links)}
        turning = [numbers[joint.child] for joint in robot.joints if joint.type == "revolute"]
        hinges = depths[turning]  # (revolute joints,): the depth of each joint's child
        discs = depths[[numbers[point.link] for point in robot.points if point.radius > 0.0]]
        # A bar covers its own segment.
        thin = np.array([link.width == 0.0 or link.length == 0.0 for link in robot.links])
        chosen = {
            depth: (thin & (depths == depth), depths == depth, discs == depth, hinges == depth)
            for depth in depths
        }
        self._layers = [
            _Layer(axes, paler(colour, depth), width, zorder, *chosen[depth])
            for depth in sorted(set(depths), reverse=True)
        ]
        (self._com,) = axes.plot(
            [], [], color=LEARNED, markersize=1.5 * width, zorder=zorder + 0.5, **_DOT
        )

    def pose(self, shown: Skeleton) -> None:
        """Move every artist to where the robot now is."""
        for layer in self._layers:
            layer.pose(shown)
        self._com.set_data(*shown.com[:, None])


class _Layer:
    """The artists of the links and joints at one depth."""

    def __init__(
        self,
        axes: Axes,
        colour: ColorType,
        width: float,
        zorder: float,
        segments: Chosen,
        shapes: Chosen,
        discs: Chosen,
        joints: Chosen,
    ) -> None:
        """Add artists for what the masks select: segments and shapes of links, discs, joints."""
        self._chosen = segments, shapes, discs, joints
        # A rim of paper sets the layer off from what it crosses.
        rim = [withStroke(linewidth=1.5 * width, foreground=PAPER)]
        self._shapes = PolyCollection(
            [],
            color=colour,
            linewidth=0.6 * width,
            joinstyle="round",
            path_effects=rim,
            zorder=zorder,
        )
        axes.add_collection(self._shapes, autolim=False)
        (self._links,) = axes.plot(
            [],
            [],
            color=colour,
            linewidth=width,
            solid_capstyle="round",
            solid_joinstyle="round",
            path_effects=rim,
            zorder=zorder,
        )
        (self._spokes,) = axes.plot([], [], color=PAPER, linewidth=0.3 * width, zorder=zorder)
        (self._joints,) = axes.plot(
            [], [], color=PAPER, markersize=0.6 * width, zorder=zorder, **_DOT
        )

    def pose(self, shown: Skeleton) -> None:
        segments, shapes, discs, joints = self._chosen
        outlines = [shown.shapes[i] for i in np.flatnonzero(shapes)]
        wheels = [shown.discs[i] for i in np.flatnonzero(discs)]
        self._links.set_data(*_interrupted(shown.links[segments]))
        self._shapes.set_verts(outlines + wheels)
        spokes = [[wheel.mean(axis=0), wheel[0]] for wheel in wheels]
        self._spokes.set_data(*_interrupted(np.array(spokes).reshape(-1, 2, 2)))
        self._joints.set_data(*shown.joints[joints].T)


def _interrupted(segments: Array) -> Array:
    """Segments (n, 2, 2) as one line (2, 3 n), which a NaN after each interrupts."""
    gap = np.full((len(segments), 1, 2), np.nan)
    return np.concatenate([segments, gap], axis=1).reshape(-1, 2).T


def target_places(robot: Robot, x: Array) -> Array:
    """Where the targets are in a state x (nx,), (number of targets, 2) m."""
    return x[robot.nq - 2 * len(robot.targets) : robot.nq].reshape(-1, 2)


def draw_targets(axes: Axes, places: Array) -> None:
    """Draw crosses at the places (n, 2), in m, of targets, in front of the robot."""
    if len(places):
        axes.plot(*places.T, color=TARGET, label="target", zorder=5, **_CROSS)


def draw_rails(axes: Axes, robot: Robot) -> None:
    """Draw the lines along which the prismatic joints at the world slide."""
    for joint in robot.joints:
        if joint.parent == "world" and joint.type == "prismatic":
            assert joint.at is not None  # a loaded robot has it, given or by default
            x, y = joint.at
            along = (x + math.cos(joint.axis), y + math.sin(joint.axis))
            axes.axline(joint.at, along, color=HAIR, linewidth=2.5, zorder=1)
