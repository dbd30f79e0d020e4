"""Raised ground against a robot whose own file has the same step."""

import numpy as np
import pytest
from ground_robots import FOOT, HILLS, RAISABLE, lowest

from vgps.codegen.description.robot import load
from vgps.policy import raised_ground
from vgps.policy.raised_ground import RaisedGround, can_rise, landscape, robot_size


@pytest.fixture(scope="module")
def foot(build_text):
    return build_text(RAISABLE)


@pytest.fixture(scope="module")
def stepped(foot, compiled):
    return compiled(landscape(foot.robot, robot_size(foot)))


@pytest.fixture
def ground(foot, stepped):
    return RaisedGround(foot, stepped)


def raised(ground, edge, height, x=0.0):
    ground.raise_beyond(edge, height, x)
    for _ in range(1000):
        ground.rise()


def base(model):
    return float(model.robot.ground.height)


def low_states(model, rng, xs, level):
    """Postures whose lower foot point is about at the ground's level, with its base at xs."""
    for x0 in xs:
        x = 0.2 * rng.standard_normal(model.nx)
        x[:2] = x0, 0.0
        lowest = min(model.points(x[: model.nq])[name][1] for name in ("heel", "toe"))
        x[1] = base(model) + level - lowest - 0.005
        yield x


def test_it_is_the_step_of_a_robot_that_has_it_in_its_file(foot, ground, build_text, rng):
    """Up, and then down from there: the twin has both, too far apart for one to be felt at the other."""
    up, down, beyond = 3.3, 403.3, np.array([-50.0, -2.0, -0.2, -0.1, 0.0, 0.1, 1.0, 60.0])
    profile = base(foot)
    for edge, height in ((up, 0.08), (down, -0.11)):
        by = ground.unit * round(height / ground.unit)
        profile = f"{profile} + {by!r}*(1 + tanh((x - {edge})/{ground.width!r}))/2"
    twin = build_text(FOOT.replace("height: 0", f"height: {profile}"))
    for edge, height, stands in ((up, 0.08, 0.0), (down, -0.11, down - 1.0)):
        raised(ground, edge, height, stands)
        left, right = ground.unit * ground.left, ground.unit * ground.right
        assert right - left == pytest.approx(height, abs=ground.unit)
        felt = []
        for x in low_states(foot, rng, edge + beyond, max(left, right)):
            u = 5.0 * rng.standard_normal(foot.nu)
            step = ground.step(x, u)
            np.testing.assert_allclose(step, twin.step(x, u), rtol=1e-7, atol=1e-7)
            forces = twin.contact_forces(*np.split(x, 2))
            for name, force in ground.contact_forces(x).items():
                np.testing.assert_allclose(force, forces[name], rtol=1e-5, atol=1e-3)
            felt.append(np.abs(step - foot.step(x, u)).max() > 1e-3)
            risen = (1 + np.tanh((x[0] - edge) / ground.width)) / 2
            assert ground.height(x[0]) == pytest.approx(base(foot) + left + (right - left) * risen)
        assert any(felt)


def test_level_ground_is_that_of_the_file_to_the_bit(foot, ground, rng):
    for x in low_states(foot, rng, [-3.0, 0.0, 0.1], 0.0):
        u = rng.standard_normal(foot.nu)
        np.testing.assert_array_equal(ground.step(x, u), foot.step(x, u))
    raised(ground, 1.0, 0.05)
    ground.flatten()
    assert ground.height(2.0) == ground.height(0.0) == base(foot)
    assert np.ptp(ground.surface()[:, 1]) == 0.0


def test_a_second_step_begins_where_the_robot_stands(foot, ground, rng):
    """Whether the first is behind it or ahead."""
    raised(ground, 1.0, 0.05)
    level = ground.height(2.0)
    raised(ground, 4.0, -0.03, x=3.0)
    assert ground.height(3.0) == pytest.approx(level)
    assert ground.height(5.0) == pytest.approx(level - 0.03, abs=ground.unit)
    raised(ground, 8.0, 0.02, x=3.0)
    assert ground.height(5.0) == pytest.approx(level)
    (x,) = low_states(foot, rng, [5.0], level - base(foot))
    shift = np.zeros(foot.nx)
    shift[1] = level - base(foot)
    expected = foot.step(x - shift, [1.0]) + shift
    np.testing.assert_allclose(ground.step(x, [1.0]), expected, rtol=1e-9, atol=1e-9)


def test_it_rises_with_time_and_not_without_bound(foot, ground):
    ground.raise_beyond(0.0, 1e9, 0.0)
    heights = []
    for _ in range(500):
        ground.rise()
        heights.append(ground.height(9.0) - base(foot))
    size = robot_size(foot)
    assert max(np.diff(heights)) <= raised_ground.RISE * size * foot.dt + ground.unit
    assert heights[-1] == pytest.approx(raised_ground.HIGHEST * size, abs=ground.unit)


def test_a_foot_comes_to_rest_on_the_step(foot, ground):
    """Its leg held upright over the sole."""
    raised(ground, -0.5, 0.1)
    x = np.zeros(foot.nx)
    x[1] = ground.height(0.0) + 0.06
    for _ in range(900):
        x = ground.step(x, -100.0 * x[[foot.q_names.index("ankle")]])
    assert np.abs(x[foot.nq :]).max() < 1e-3
    assert lowest(foot, x[: foot.nq]) == pytest.approx(ground.height(0.0), abs=0.02)


def test_which_ground_can_rise(foot, tmp_path):
    assert can_rise(foot.robot)
    path = tmp_path / "foot.yaml"
    path.write_text(FOOT.replace("height: 0", f"height: {HILLS}"), encoding="utf-8")
    for robot in (path, "swimmer", "reacher"):
        assert not can_rise(load(robot))
