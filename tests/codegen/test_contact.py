"""Contact forces: their law, the cone of friction, and continuity through touch-down."""

import ground_twin as ground
import numpy as np
import planar_twin as twin
import pytest
from closeness import assert_close
from ground_robots import FOOT, HILLS, PROFILES, lowest, near_ground
from virtual import Virtual


@pytest.mark.parametrize("height", PROFILES)
def test_forces_on_the_foot_follow_the_law(foot, height):
    """Forces at points and their generalised force, against the law in plain NumPy."""
    _assert_law(foot(height), PROFILES[height])


def test_forces_on_discs_follow_the_law(roller):
    """The touching place of a disc moves with its link, and each point has its own friction."""
    _assert_law(roller, PROFILES[HILLS])


def test_forces_on_the_walker_follow_the_law(walker):
    _assert_law(walker)


def _assert_law(model, profile=ground.level):
    robot, rng = model.robot, np.random.default_rng(0)
    touched = 0
    for _ in range(50):
        q, v, _ = near_ground(model, rng, profile)
        ours, theirs = model.contact_forces(q, v), ground.forces(robot, q, v, profile)
        assert list(ours) == list(theirs)
        largest = max(np.abs(f).max() for f in theirs.values())
        for name, force in theirs.items():
            assert_close(ours[name], force, 1e-11, scale=largest)
        expected = ground.contact_force(robot, q, v, profile) + twin.joint_force(robot, q, v)
        assert_close(model.passive_force(q, v), expected, 1e-11)
        touched += largest > 10.0
    assert touched > 25


@pytest.mark.parametrize("height", PROFILES)
def test_forces_push_and_stay_in_the_friction_cone(foot, height):
    """f_n >= 0 and |f_t| <= mu f_n, at slow and at violent velocities."""
    _assert_cone(foot(height), PROFILES[height])


def test_forces_on_discs_push_and_stay_in_the_friction_cone(roller):
    _assert_cone(roller, PROFILES[HILLS])


def test_forces_on_the_walker_push_and_stay_in_the_friction_cone(walker):
    _assert_cone(walker)


def _assert_cone(model, profile=ground.level):
    robot, rng = model.robot, np.random.default_rng(1)
    closest = 0.0
    given = {point.name: point.friction for point in robot.contact_points}
    # Of a point above the ground that is all there is (2e-12 N with Clang).
    rounding = 1e-13 * robot.ground.stiffness * robot.ground.softness
    for _ in range(300):
        q, v, _ = near_ground(model, rng, profile)
        v *= 10.0 ** rng.uniform(-3, 2)
        positions = twin.points(robot, q, v)
        for name, force in model.contact_forces(q, v).items():
            _, n, t = ground.frame(profile, positions[name][0])
            f_n, f_t = n @ force, abs(t @ force)
            mu = robot.ground.friction if given[name] is None else given[name]
            # A steep normal turns f_n into the world's frame and back: two roundings of |f|.
            assert f_n >= -rounding
            assert f_t <= mu * max(f_n, 0.0) + 1e-14 * np.abs(force).max() + rounding
            if f_n > 1.0:
                closest = max(closest, f_t / (mu * f_n))
    assert closest > 0.99  # the test reaches the cone's surface


@pytest.mark.parametrize("height", PROFILES)
def test_forces_are_continuous_through_touch_down(foot, height):
    """The spring's slope is at most k, the damping doubles it, friction adds mu of it."""
    model, profile = foot(height), PROFILES[height]
    robot, rng = model.robot, np.random.default_rng(2)
    step = 1e-5  # m
    for _ in range(3):
        q, v, _ = near_ground(model, rng, profile)
        q[1] -= lowest(model, q, profile) + 0.05
        forces = []
        for _ in range(10000):  # from 5 cm below the ground to 5 cm over it
            q[1] += step
            forces.append(np.concatenate(list(model.contact_forces(q, v).values())))
        jumps = np.abs(np.diff(forces, axis=0)).max()
        steepest = 2 * robot.ground.stiffness * (1 + robot.ground.friction) * step
        assert 0.01 * steepest < jumps <= steepest
        assert np.abs(forces[-1]).max() < 0.05 * np.abs(forces[0]).max()


def test_x_of_a_profile_is_the_place_even_where_a_parameter_has_its_name(load_text):
    text = FOOT.replace("steep: 0.3", "x: 7.0").replace(
        "height: 0", "height: 0.05*sin(4*x) + 0.3*x - 0.02"
    )
    functions = Virtual(load_text(text))
    q, v = np.array([0.2, 0.07, 0.3, -0.1]), np.array([0.1, -0.3, 0.2, 0.5])
    expected = ground.contact_force(functions.robot, q, v, PROFILES[HILLS])
    expected += twin.joint_force(functions.robot, q, v)
    assert_close(functions.passive_force(q, v), expected, 1e-11)
