"""The skeleton has the robot's measures at any configuration, and the artists follow it."""

import math

import numpy as np
import pytest
from environments import KINDS

from vgps.codegen.description.robot import load
from vgps.report.scene import RobotDrawing, draw_rails
from vgps.report.skeleton import skeleton

FOOT = """\
name: foot
base: fixed
links: [{name: shoe, mass: 1, inertia: 0.01}]
joints: [{name: ankle, parent: world, child: shoe, actuated: true}]
points: [{name: heel, link: shoe, at: [-0.05, -0.04]}, {name: toe, link: shoe, at: [0.15, -0.04]}]
task: {dt: 0.01, horizon: 2, cost: ankle.q**2, success: 1 > 0}
"""


def random_configurations(model, count=20):
    return np.random.default_rng(3).normal(scale=2.0, size=(count, model.nq))


def test_segments_are_as_long_as_the_links(model):
    lengths = [link.length for link in model.robot.links]
    for q in random_configurations(model):
        links = skeleton(model, q).links
        assert links.shape == (len(lengths), 2, 2)
        np.testing.assert_allclose(
            np.linalg.norm(links[:, 1] - links[:, 0], axis=1), lengths, atol=1e-12
        )


def test_a_chain_hangs_together(swimmer):
    for q in random_configurations(swimmer):
        shown = skeleton(swimmer, q)
        np.testing.assert_allclose(shown.links[1:, 0], shown.links[:-1, 1], atol=1e-12)
        np.testing.assert_allclose(shown.joints, shown.links[1:, 0], atol=1e-12)
        # Equal links: the middle of the middles.
        np.testing.assert_allclose(shown.com, shown.links.mean(axis=(0, 1)), atol=1e-12)


def test_a_cart_is_a_box_that_slides_and_never_turns(cartpole):
    pole = cartpole.robot.links[1]
    for q in random_configurations(cartpole):
        shown = skeleton(cartpole, q)
        box = shown.shapes[0]
        np.testing.assert_allclose(box.mean(axis=0), [q[0], 0.0], atol=1e-12)
        np.testing.assert_allclose(np.ptp(box, axis=0), [0.3 * pole.length, 0.18 * pole.length])
        np.testing.assert_allclose(shown.joints, [[q[0], 0.0]], atol=1e-12)  # the hinge alone
        angle = q[1] + math.pi / 2
        tip = q[0] + pole.length * math.cos(angle), pole.length * math.sin(angle)
        np.testing.assert_allclose(shown.links[1, 1], tip, atol=1e-12)


def test_points_beside_a_link_without_a_length_give_it_its_outline(build_text):
    foot = build_text(FOOT)
    for q in random_configurations(foot):
        [outline] = skeleton(foot, q).shapes
        points = foot.points(q)
        assert len(outline) == 4  # the ankle counts as start and as end
        for name in ("ankle", "heel", "toe"):
            assert np.isclose(outline, points[name]).all(axis=1).any()


ROLLER = """\
name: roller
base: floating
links:
  - {name: cart, mass: 3, length: 0.8, start: -0.3, width: 0.2}
  - {name: wheel, mass: 1, inertia: 0.02}
joints: [{name: axle, parent: cart, child: wheel, at: [0.1, -0.1], actuated: true}]
points: [{name: rim, link: wheel, at: [0, 0], contact: true, radius: 0.25}]
ground: {stiffness: 1e4, softness: 0.01, damping_speed: 1, friction: 1, friction_speed: 0.1}
task: {dt: 0.01, horizon: 2, integrator: implicit, cost: axle.q**2, success: 1 > 0}
"""


def test_a_disc_is_round_and_the_view_holds_it(build_text, axes):
    roller = build_text(ROLLER)
    drawing = RobotDrawing(axes, roller.robot, "black", width=3.0, zorder=2)
    for q in random_configurations(roller):
        shown = skeleton(roller, q)
        [disc], middle = shown.discs, roller.points(q)["rim"]
        np.testing.assert_allclose(np.linalg.norm(disc - middle, axis=1), 0.25, atol=1e-12)
        angle = q[2] + q[3]
        spoke = 0.25 * np.array([math.cos(angle), math.sin(angle)])
        np.testing.assert_allclose(disc[0], middle + spoke, atol=1e-12)
        assert shown.corners()[:, 1].min() <= middle[1] - 0.24
        assert len(shown.shapes[1]) == 0  # the disc is the wheel's shape
        drawing.pose(shown)
        outlines = [path.vertices for shapes in axes.collections for path in shapes.get_paths()]
        assert any(len(o) > 40 and np.isclose(o[0], disc[0]).all() for o in outlines)


def test_a_bar_is_as_wide_as_the_file_says_and_begins_where_it_says(build_text):
    roller = build_text(ROLLER)
    for q in random_configurations(roller):
        shown = skeleton(roller, q)
        x, y, angle = q[:3]
        axis, across = np.array([[1, 0], [0, 1]]) @ np.array(
            [[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]]
        )
        for along in (-0.3, 0.5):
            for side in (-0.1, 0.1):
                corner = np.array([x, y]) + along * axis + side * across
                assert np.isclose(shown.shapes[0], corner).all(axis=1).any()


def test_what_lags_is_not_drawn(cartpole, compiled):
    path, changes = KINDS["expressions, the time, a cost of the end and a lag"]
    lagging = compiled(load(path, changes))
    one = skeleton(cartpole, np.array([0.3, 0.2]))
    other = skeleton(lagging, np.array([0.3, 0.2, 7.0]))
    for mine, same in zip(one.links, other.links, strict=True):
        assert np.array_equal(mine, same)
    assert np.array_equal(one.com, other.com) and np.array_equal(one.joints, other.joints)


def test_posing_moves_the_artists_that_are_there(model, axes):
    drawing = RobotDrawing(axes, model.robot, "black", width=3.0, zorder=2)
    count = len(axes.get_children())
    for q in random_configurations(model, 3):
        shown = skeleton(model, q)
        drawing.pose(shown)
        assert len(axes.get_children()) == count
        drawn = np.concatenate([line.get_xydata() for line in axes.lines])
        for position in (*shown.links.reshape(-1, 2), *shown.joints, shown.com):
            assert np.isclose(drawn, position).all(axis=1).any()


def test_only_sliders_of_the_world_have_rails(swimmer, cartpole, axes):
    draw_rails(axes, swimmer.robot)
    assert len(axes.lines) == 0
    draw_rails(axes, cartpole.robot)
    assert len(axes.lines) == 1


def test_a_configuration_of_another_size_is_refused(model):
    with pytest.raises(ValueError, match="q must have shape"):
        skeleton(model, np.zeros(model.nq + 1))
