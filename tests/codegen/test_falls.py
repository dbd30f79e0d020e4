"""Falls and flight: the energy that contact and the implicit step may take but not give."""

import math

import ground_twin as ground
import numpy as np
import yaml
from closeness import assert_close, differences
from ground_robots import BALL, lowest, near_ground
from trees import robot_of
from virtual import Virtual

PEAK = 0.25  # m: a head, 70 kg behind it, at 5 m/s would compress the spring by v sqrt(m / k)
REST = 0.035  # m: all 883 N on one point of 3e4 N/m would sink by 29 mm


def test_dropped_walkers_gain_no_energy_and_come_to_rest_on_the_ground(walker):
    """Over 30 falls.

    Kinetic + gravitational + elastic energy never passes its initial value, and within a step rises
    by no more than m g^2 h dt / 2.

    The velocity is taken first, so free flight loses m g^2 h / 2 of energy a second instead of
    gaining it, and damping implicit in the velocity only takes.  What can rise is the error of the
    turning limbs, of the same first order in h; the damping of the joints all but covers it.
    """
    model, rng = walker, np.random.default_rng(5)
    robot = model.robot
    mass, h = sum(link.mass for link in robot.links), model.dt / robot.task.substeps
    still = np.zeros((400, model.nu))
    deepest = deepest_end = 0.0
    for _ in range(30):
        X = model.rollout(_random_fall(model, rng), still)  # raises where a state is not finite
        plain = np.array([model.energy(*np.split(x, 2)) for x in X])
        elastic = np.array([ground.elastic_energy(robot, x[:9]) for x in X[:60]])
        # The twin's elastic energy is slow and never negative, so later states do without it.
        assert plain.max() <= plain[0] + elastic[0]
        E = plain[:60] + elastic
        assert E.max() <= E[0]
        assert np.diff(E).max() <= 0.5 * mass * robot.gravity**2 * h * model.dt
        deepest = min(deepest, *(lowest(model, x[:9]) for x in X[:200:4]))
        deepest_end = min(deepest_end, lowest(model, X[-1][:9]))
    assert -PEAK < deepest < -0.02
    assert -REST < deepest_end < 0.0


def _random_fall(model, rng):
    """Any orientation and joint angles, up to 1 m over the ground, spinning and drifting."""
    robot = model.robot
    q, v = np.zeros(model.nq), np.zeros(model.nv)
    q[2] = rng.uniform(-math.pi, math.pi)
    q[3:] = [rng.uniform(*joint.limits) for joint in robot.free_joints]
    q[1] = rng.uniform(0, 1) - lowest(model, q)
    v[0], v[2] = rng.uniform(-2, 2), rng.uniform(-3, 3)
    return np.concatenate([q, v])


def test_elastic_energy_is_the_potential_of_the_springs(walker):
    """Its gradient is the passive force at rest: what the fall's balance rests on."""
    model, rng = walker, np.random.default_rng(6)
    for _ in range(5):
        q, _, _ = near_ground(model, rng)
        gradient = differences(lambda q: ground.elastic_energy(model.robot, q), q, 4e-4)
        assert_close(-gradient, model.passive_force(q, np.zeros(9)), 1e-8)


def test_free_flight_keeps_its_shifted_energy(tmp_path):
    """E - m g h v / 2 is constant: the velocity is taken first, by steps of h."""
    model = Virtual(robot_of(yaml.safe_load(BALL), tmp_path))
    task, weight = model.robot.task, 3.0 * model.robot.gravity
    h = task.dt / task.substeps
    X = model.rollout(np.array([0, 5.0, 0, 0, 1.0, 3.0, 2.0, 0]), np.zeros((90, 1)))
    E = np.array([model.energy(x[:4], x[4:])[0] - weight * h * x[5] / 2 for x in X])
    assert X[:, 1].min() > 1 and np.ptp(X[:, 5]) > 5
    assert_close(E, np.full_like(E, E[0]), 1e-6)  # the softplus of the ground reaches everywhere
