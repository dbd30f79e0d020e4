"""How a robot's skeleton, and what stands still beside it, rails and targets, is drawn."""

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.patheffects import withStroke
from matplotlib.typing import ColorType
from numpy.typing import NDArray

from vgps.codegen.description.robot import Robot
from vgps.report.depth import link_depths
from vgps.report.skeleton import Skeleton
from vgps.report.style import HAIR, LEARNED, PAPER, TARGET, paler

Array = NDArray[np.float64]
Chosen = NDArray[np.bool_]
_DOT: dict[str, Any] = {"linestyle": "", "marker": "o", "markeredgewidth": 0.0}
_CROSS: dict[str, Any] = {"linestyle": "", "marker": "X", "markersize": 9, "markeredgecolor": PAPER}


class RobotDrawing:
    """The artists of one robot on some axes; `pose` moves them."""

    def __init__(
        self,
        axes: Axes,
        robot: Robot,
        colour: ColorType,
        width: float,
        zorder: float,
        alpha: float = 1.0,
    ) -> None:
        """Add artists without a pose; ``width`` is that of a link, in points, alpha the opacity.

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
            _Layer(axes, paler(colour, depth), width, zorder, alpha, *chosen[depth])
            for depth in sorted(set(depths), reverse=True)
        ]
        (self._com,) = axes.plot(
            [],
            [],
            color=LEARNED,
            markersize=1.5 * width,
            alpha=alpha,
            zorder=zorder + 0.5,
            **_DOT,
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
        alpha: float,
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
            alpha=alpha,
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
            alpha=alpha,
            zorder=zorder,
        )
        inside: dict[str, Any] = {"color": PAPER, "alpha": alpha, "zorder": zorder}
        (self._spokes,) = axes.plot([], [], linewidth=0.3 * width, **inside)
        (self._joints,) = axes.plot([], [], markersize=0.6 * width, **inside, **_DOT)

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
