"""Pictures show the targets, where they are in the rollout that is drawn."""

import numpy as np
import pytest
from PIL import Image, ImageSequence

from vgps.codegen.description.robot import load
from vgps.report.animation import animate
from vgps.report.gait import gait_picture
from vgps.report.scene import draw_targets
from vgps.report.skeleton import target_places
from vgps.report.style import TARGET

PUCK = """\
name: puck
base: {base}
links: [{{name: disc, mass: 1, length: 0.2}}, {{name: fin, mass: 1, length: 0.1}}]
joints: [{joints}]
targets: [{{name: goal, at: [0, 1]}}, {{name: gate, at: [1, 0]}}]
task: {{dt: 0.02, horizon: 5, cost: (disc.x - goal.x)**2, success: 1 > 0}}
"""
FIN = "{name: hinge, parent: disc, child: fin, actuated: true}"
HUB = "{name: hub, parent: world, child: disc}"


@pytest.fixture(params=["fixed", "floating"])
def puck(request, build_text):
    joints = FIN if request.param == "floating" else f"{HUB}, {FIN}"
    return build_text(PUCK.format(base=request.param, joints=joints))


@pytest.fixture
def X(puck):
    """A motion in a rollout whose targets are not where they are on average."""
    X = np.zeros((51, puck.nx))
    X[:, 0] = np.linspace(0.0, 0.5, 51)
    X[:, puck.nq - 4 : puck.nq] = [0.3, 1.5, -2.0, 0.4]
    return X


def crosses(axes):
    return [line for line in axes.lines if line.get_marker() == "X"]


def test_a_robot_without_any_has_no_mark(swimmer, axes):
    places = target_places(swimmer.robot, swimmer.x0)
    assert places.shape == (0, 2)
    draw_targets(axes, places)
    assert len(axes.lines) == 0


def test_their_places_follow_what_lags(tmp_path):
    lagging, path = (
        FIN.replace("actuated: true", "actuated: true, lag: 0.1"),
        tmp_path / "puck.yaml",
    )
    path.write_text(PUCK.format(base="floating", joints=lagging), encoding="utf-8")
    robot = load(path)
    places = target_places(robot, np.array(robot.initial_states[0]))
    np.testing.assert_array_equal(places, [[0, 1], [1, 0]])


def test_the_gait_shows_them_once_and_in_view(puck, X, axes):
    gait_picture(axes, puck, X, reference=X)
    (marks,) = crosses(axes)
    np.testing.assert_array_equal(marks.get_xydata(), [[0.3, 1.5], [-2.0, 0.4]])
    assert marks.get_zorder() > max(line.get_zorder() for line in axes.lines if line != marks)
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    assert left < -2.0 and right > 0.5 and bottom < 0.0 and top > 1.5
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels[-1] == "target"


def test_they_are_in_every_frame_of_an_animation(puck, X, tmp_path):
    path = tmp_path / "gait.gif"
    animate(puck, X[::3], path)
    colour = [int(TARGET[i : i + 2], 16) for i in (1, 3, 5)]
    with Image.open(path) as gif:
        for frame in ImageSequence.Iterator(gif):
            like = (abs(np.array(frame.convert("RGB")).astype(int) - colour) < 40).all(axis=2)
            columns = np.flatnonzero(like.any(axis=0))
            assert np.count_nonzero(np.diff(columns) > 10) == 1  # two marks with a gap between
