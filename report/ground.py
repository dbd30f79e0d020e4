"""The ground of a robot that has one: a line along its profile and a plain area below it."""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from vgps.codegen.description.expression import NUMERIC_FUNCTIONS, parse
from vgps.codegen.description.grammar import ExpressionError
from vgps.codegen.description.robot import Robot
from vgps.report.style import EARTH, SURFACE

Array = NDArray[np.float64]


def ground_line(robot: Robot, x: Array) -> Array:
    """Points (n, 2) of the surface, in m, at the places x (n,); (0, 2) without ground.

    A view reaches farther than the robot, to places where the profile's expression may have no
    value; the height is NaN there.
    """
    if robot.ground is None:
        return np.empty((0, 2))
    profile = parse(robot.ground.height)

    def height(place: float) -> float:
        try:
            return profile.evaluate({**robot.parameters, "x": place}, NUMERIC_FUNCTIONS)
        except ExpressionError:
            return np.nan

    return np.array([(place, height(place)) for place in x.tolist()])


def draw_ground(axes: Axes, line: Array, bottom: float) -> None:
    """Draw the surface ``line`` (n, 2) and fill the area from there down to ``bottom``, in m.

    Without ground, where ``line`` is empty, nothing is drawn.
    """
    if len(line) == 0:
        return
    x, height = line.T
    # In front of the grid, which would otherwise show in the ground, and behind all that moves.
    axes.fill_between(x, height, bottom, color=EARTH, linewidth=0.0, zorder=0.6)
    axes.plot(x, height, color=SURFACE, linewidth=1.2, zorder=0.7)
