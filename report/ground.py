"""The ground of a robot that has one: a line along its profile and a plain area below it."""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from vgps.report.style import EARTH, SURFACE

Array = NDArray[np.float64]


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
