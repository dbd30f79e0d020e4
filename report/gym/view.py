"""The picture of an environment: the robot where it is now."""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from numpy.typing import NDArray

from vgps.codegen.model import Model
from vgps.report.animation import LABELS, SAMPLES, TALLEST, WIDEST, stage
from vgps.report.ground import draw_ground
from vgps.report.profile import ground_line
from vgps.report.scene import RobotDrawing, draw_rails, draw_targets
from vgps.report.skeleton import skeleton, target_places
from vgps.report.style import INK

Array = NDArray[np.float64]

SHAPE = np.array([WIDEST, TALLEST - LABELS])  # pixels of the scene


class View:
    """What is seen of one episode.

    The camera follows the centre of mass of a robot with a floating base and stands still before
    others.  It goes back as far as it must to show all of the robot, and never comes nearer again.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._corners = np.empty((0, 2))  # least and largest that a camera which stands still shows
        self._half = 0.0  # of the height of the view, m

    def picture(self, x: Array) -> NDArray[np.uint8]:
        """The robot in the state x (nx,): (height, width, 3), the same size each time."""
        robot = self._model.robot
        pose, targets = skeleton(self._model, x[: self._model.nq]), target_places(robot, x)
        below = ground_line(robot, pose.com[:1])
        shown = np.concatenate([pose.corners(), targets, below])  # (n, 2)
        if robot.base == "floating":
            centre = pose.com
        else:
            shown = np.concatenate([shown, self._corners])
            self._corners = np.array([shown.min(axis=0), shown.max(axis=0)])
            centre = self._corners.mean(axis=0)
        needed = (np.abs(shown - centre) / SHAPE).max() * SHAPE[1]
        self._half = max(self._half, 1.25 * needed or 1.0)
        half = self._half * SHAPE / SHAPE[1]  # (2,)

        figure, axes, half = stage(half)
        draw_rails(axes, robot)
        draw_targets(axes, targets)
        seen = np.linspace(centre[0] - half[0], centre[0] + half[0], SAMPLES)
        draw_ground(axes, ground_line(robot, seen), centre[1] - half[1])
        RobotDrawing(axes, robot, INK, width=5.0, zorder=4).pose(pose)
        axes.set_xlim(centre[0] - half[0], centre[0] + half[0])
        axes.set_ylim(centre[1] - half[1], centre[1] + half[1])
        canvas = figure.canvas
        assert isinstance(canvas, FigureCanvasAgg)  # as the stage has it
        canvas.draw()
        return np.array(canvas.buffer_rgba())[:, :, :3]
