"""The ground of a robot that stands on one: a line along its profile, calm below."""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from vgps.codegen.description.expression import NUMERIC_FUNCTIONS, parse
from vgps.codegen.description.grammar import ExpressionError
from vgps.codegen.description.robot import Robot
from vgps.report.style import EARTH, SURFACE

Array = NDArray[np.float64]


def ground_line(robot: Robot, x: Array) -> Array:
    """The surface (n, 2) in metres above x (n,); (0, 2) where the robot has no ground.

    The height is NaN where its expression has no value: a view reaches farther than the robot.
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
    """The surface ``line`` (n, 2) and a band from there down to ``bottom``, m.

    Nothing where there is no ground.
    """
    if len(line) == 0:
        return
    # Above the grid, which has no business below the surface, and below all that moves.
    axes.fill_between(*line.T, bottom, color=EARTH, linewidth=0.0, zorder=0.6)
    axes.plot(*line.T, color=SURFACE, linewidth=1.2, zorder=0.7)
