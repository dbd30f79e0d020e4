"""Rollouts with targets: drawn with the spread of the file, and then left alone."""

from dataclasses import replace

import numpy as np
import pytest
from imitation import random_policy
from quick import quick_ones
from searching import learned

from vgps.codegen.description.robot import load
from vgps.policy.evaluation import successes
from vgps.policy.methods import METHODS
from vgps.policy.rollouts import initial_states, run_policy, run_policy_from

GOAL = [2, 3]  # where goal.x and goal.y stand in q
NOISE = {
    "task.process_noise": "{q: 0.01, v: 0.1, force: 0.01, bandwidth: 2}",
    "task.disturbances": "[{point: tip, impulse: 0.01, every: 0.1}]",
}
APART = {"task.initial": "[{q: {elbow: 0.3}, spread: {q: 0.1}}, {q: {goal.x: -0.1}}]"}


@pytest.fixture(scope="module")
def reacher(compiled):
    """The reacher with other values in its file."""
    return lambda **overrides: compiled(load("reacher", overrides))


def some_policy(model, rng):
    observed = np.array(model.robot.observed_indices)
    policy = random_policy(rng, len(observed), 3, model.nu, observed)
    return policy.with_theta(0.1 * policy.theta)


def test_the_spread_is_that_of_the_file(reacher, rng):
    model, R = reacher(**{"targets.goal.spread": "[0.03, 0.2]"}, **APART), 20_000
    places = initial_states(model, R, rng)[:, GOAL]
    for s, mean in enumerate(([0.1, 0.1], [-0.1, 0.1])):
        drawn, deviation = places[s::2], np.array([0.03, 0.2])
        error = 5 * deviation / np.sqrt(R / 2)
        assert (abs(drawn.mean(axis=0) - mean) < error).all()
        assert (abs(drawn.std(axis=0) - deviation) < error).all()
        assert abs(np.corrcoef(drawn.T)[0, 1]) < 5 / np.sqrt(R / 2)


@pytest.mark.parametrize("integrator", quick_ones(["rk4", "implicit"], ["rk4"]))
def test_no_noise_and_no_push_touches_them(reacher, rng, integrator):
    model = reacher(**NOISE, **{"task.integrator": integrator})
    runs = run_policy(model, some_policy(model, rng), 13, 40, rng)
    assert np.isfinite(runs.c).all()
    places = runs.X[:, :, GOAL]
    np.testing.assert_array_equal(places, np.tile(places[:, :1], (1, 41, 1)))
    assert not runs.X[:, :, [6, 7]].any()
    assert (np.ptp(runs.X[:, :, [0, 1, 4, 5]], axis=1) > 0).all()
    assert (np.ptp(places[:, 0], axis=0) > 0.01).all()


def test_cost_success_and_policy_depend_on_them(reacher, rng):
    """The same arm, once with the goal where its tip is at the end, once a metre away."""
    model = reacher()
    policy, no_noise = some_policy(model, rng), np.zeros((1, 50, 2))
    blind = replace(policy, W1=0.0 * policy.W1)
    end = run_policy_from(model, blind, model.x0[None], no_noise).X[0, -2]
    x0 = np.tile(model.x0, (2, 1))
    x0[:, GOAL] = model.points(end[:4])["tip"] + np.array([[0.0, 0.0], [1.0, 0.0]])
    runs = run_policy_from(model, blind, x0, no_noise)
    np.testing.assert_array_equal(*runs.U)
    assert successes(model, runs).tolist() == [True, False]
    near, far = (np.square(model.points(end[:4])["tip"] - goal).sum() for goal in x0[:, GOAL])
    assert runs.c[1, -1] - runs.c[0, -1] == pytest.approx(100 * (far - near), rel=1e-9)
    seen = run_policy_from(model, policy, x0, no_noise)
    assert (seen.U[0, 0] != seen.U[1, 0]).all()


@pytest.mark.parametrize("name", quick_ones(METHODS, ["vgps", "gps", "dagger"]))
def test_every_method_learns_with_them(reacher, name, rng):
    """Also where one is always at the same place, in a direction that has no variance at all."""
    model = reacher(**{"targets.goal.spread": "[0.04, 0]", "task.horizon": 20})
    state = learned(name, model, rng)
    assert np.isfinite(state.policy.theta).all()
    (q,) = state.q
    np.testing.assert_array_equal(q.mu[:, GOAL], np.tile([0.1, 0.1], (20, 1)))
    still = q.Sigma[:, [*GOAL, 6, 7]][:, :, [*GOAL, 6, 7]]
    np.testing.assert_allclose(still, np.tile(np.diag([0.04**2, 0, 0, 0]), (20, 1, 1)), rtol=1e-12)
