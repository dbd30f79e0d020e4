"""The drawn ground is the profile of the robot's file, and a robot without ground has none."""

import math

import numpy as np

from vgps.report.gait import gait_picture
from vgps.report.ground import draw_ground
from vgps.report.profile import ground_line
from vgps.report.style import SURFACE

HEIGHT = "0.1 + steep*sin(3*x)"


def height(x):
    return 0.1 + 0.2 * np.sin(3.0 * x)


def test_the_line_is_the_height_expression(ball, axes):
    x = np.linspace(-2.0, 5.0, 50)
    line = ground_line(ball(HEIGHT), x)
    np.testing.assert_array_equal(line[:, 0], x)
    np.testing.assert_allclose(line[:, 1], height(x), atol=1e-15)
    draw_ground(axes, line, bottom=-1.0)
    np.testing.assert_array_equal(axes.lines[0].get_xydata(), line)
    [band] = axes.collections
    y = band.get_paths()[0].vertices[:, 1]
    assert (y.min(), y.max()) == (-1.0, line[:, 1].max())


def test_a_height_without_a_value_is_a_gap(ball, axes):
    line = ground_line(ball("sqrt(x)"), np.array([-1.0, 0.0, 4.0]))
    assert math.isnan(line[0, 1]) and line[1:, 1].tolist() == [0.0, 2.0]
    draw_ground(axes, line, bottom=-1.0)
    axes.figure.canvas.draw()


def test_the_gait_picture_shows_the_ground_from_edge_to_edge(on_ground, axes):
    model = on_ground(HEIGHT)
    X = np.zeros((20, model.nx))
    X[:, 0], X[:, 1] = np.linspace(0.0, 2.0, 20), 1.0
    gait_picture(axes, model, X)
    [surface] = [line for line in axes.lines if line.get_color() == SURFACE]
    x, y = surface.get_data()
    assert (x[0], x[-1]) == axes.get_xlim()
    np.testing.assert_allclose(y, height(x), atol=1e-15)
    assert axes.get_ylim()[0] < -0.1


def test_a_robot_without_ground_has_none(model, motion, axes):
    assert ground_line(model.robot, np.linspace(0.0, 1.0, 5)).shape == (0, 2)
    gait_picture(axes, model, motion(model))
    assert SURFACE not in [line.get_color() for line in axes.lines]
