"""The gait picture: equal scales, everything in view, blue over black, divergence survived."""

import numpy as np
import pytest

from vgps.report.gait import gait_picture
from vgps.report.motion import com_path, drawable
from vgps.report.style import INITIAL, LEARNED


def test_everything_is_in_view_at_equal_scales(model, motion, axes):
    X = motion(model)
    gait_picture(axes, model, X, reference=X[:50] + 0.1)
    axes.figure.canvas.draw()
    assert axes.get_aspect() == 1.0
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    ends = [point for x in X for point in model.points(x[: model.nq]).values()]
    x, y = np.array(ends).T
    shown = (x > left) & (x < right) & (y > bottom) & (y < top)
    assert shown.mean() > 0.95  # between two poses a limb may reach farther than at any of them
    path = com_path(model, X)
    assert left < path[:, 0].min() and path[:, 0].max() < right


def test_the_learned_path_is_blue_over_the_black_one(swimmer, motion, axes):
    X = motion(swimmer)
    gait_picture(axes, swimmer, X, reference=X[::2])
    drawn = {line.get_label(): line for line in axes.lines}
    learned, first = drawn["learned policy"], drawn["initial DDP"]
    assert (learned.get_color(), first.get_color()) == (LEARNED, INITIAL)
    assert learned.get_zorder() > first.get_zorder()
    np.testing.assert_array_equal(learned.get_xydata(), com_path(swimmer, X))
    assert "robot every 1.5 s" in drawn


def test_a_robot_at_rest(model, axes):
    gait_picture(axes, model, np.tile(model.x0, (30, 1)))
    axes.figure.canvas.draw()


@pytest.mark.parametrize("far", [np.nan, np.inf, 1e300])
def test_a_trajectory_that_diverges_is_drawn_up_to_there(model, motion, axes, far):
    X = motion(model)
    X[40:, 0] = far
    assert len(drawable(X)) == 40
    gait_picture(axes, model, X, reference=X)
    axes.figure.canvas.draw()
    assert np.abs([axes.get_xlim(), axes.get_ylim()]).max() < 100.0
    gait_picture(axes, model, X[39:])


def test_no_state_to_draw(model, axes):
    with pytest.raises(ValueError, match="no finite state"):
        gait_picture(axes, model, np.full((5, model.nx), np.nan))
    with pytest.raises(ValueError, match="must have shape"):
        gait_picture(axes, model, model.x0)
