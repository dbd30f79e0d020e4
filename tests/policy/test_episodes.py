"""Episodes a step at a time, beside plain loops over the model."""

import numpy as np
import pytest

from vgps.codegen.description.robot import load
from vgps.policy.disturbance import disturb, process_noise
from vgps.policy.episodes import Episodes
from vgps.policy.observation import observation_of
from vgps.policy.rollouts import LARGEST_COST

ONLY = np.array([0])
# Cost, success and what is seen depend on the time; a final cost; one step can spoil the success.
TIMED = {
    "task.cost": "0.02*sum(u**2) + (rail.q - t)**2",
    "task.final_cost": "3*rail.v**2 + t",
    "task.success": "max(abs(rail.q - 0.3*t)) < 1.2 and mean(bob.y) > 0.2",
    "task.observe": "[bob.x, rail.v, t]",
}
NOISE = {
    "task.process_noise": "{q: 0.01, v: 0.1, force: {rail: 3, hinge: 0.1}, bandwidth: 4}",
    "task.disturbances": "[{point: bob, impulse: 0.5, every: 0.1}]",
}


@pytest.fixture(scope="module")
def timed(compiled, pytestconfig):
    return compiled(load(pytestconfig.rootpath / "tests/robots/cartpole.yaml", TIMED | NOISE))


def run(episodes, U, rng, x0=None):
    """Costs, and how the only episode ended, under U (T, nu) as long as it goes on."""
    episodes.begin(0, rng, x0)
    costs = []
    for u in U:
        cost, terminated, truncated = episodes.advance(ONLY, u[None])
        costs.append(cost[0])
        if terminated[0] or truncated[0]:
            break
    return np.array(costs), terminated[0], truncated[0]


def actions(model, rng):
    return rng.normal(scale=5.0, size=(model.robot.task.horizon, model.nu))


def test_costs_are_those_of_the_model_with_the_final_cost_at_the_end(timed, rng):
    episodes = Episodes(timed, 1, disturbed=True, terminates=False)
    costs, terminated, truncated = run(episodes, actions(timed, rng), rng)
    X, U = episodes.X[0], episodes.U[0]
    assert truncated and not terminated and len(costs) == timed.robot.task.horizon
    np.testing.assert_array_equal(costs, timed.cost(X, U))
    assert episodes.succeeded(0) == timed.success(X, U)
    assert timed.final_cost(X[-1]) > 1.0


def test_states_are_those_of_a_plain_loop_under_the_noise_of_rollouts(timed, rng):
    model, T = timed, timed.robot.task.horizon
    episodes = Episodes(model, 1, disturbed=True, terminates=False)
    U = actions(model, rng)
    run(episodes, U, np.random.default_rng(7))

    drawn = np.random.default_rng(7)
    drawn.integers(1)
    X = model.x0 + np.array(model.robot.initial_deviations) * drawn.standard_normal(model.nx)
    noise = process_noise(model, 1, T, drawn)
    assert all(part.any() for part in noise)
    for t in range(T):
        np.testing.assert_array_equal(episodes.X[0, t], X[0])
        X = model.steps(X, np.clip(U[t], *model.limits)[None])
        disturb(model, noise, t, X)


def test_without_noise_an_episode_is_a_rollout(timed, rng):
    episodes = Episodes(timed, 1, disturbed=False, terminates=False)
    U = np.clip(actions(timed, rng), *timed.limits)
    run(episodes, U, rng, timed.x0)
    np.testing.assert_allclose(episodes.X[0], timed.rollout(timed.x0, U), rtol=1e-9, atol=1e-9)


def test_an_episode_ends_with_the_first_step_that_success_cannot_survive(timed):
    steps = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        episodes = Episodes(timed, 1, disturbed=True, terminates=True)
        costs, terminated, truncated = run(episodes, actions(timed, rng), rng)
        X, U = episodes.X[0], episodes.U[0]
        largest = [timed.aggregates(X[: t + 1], U[: t + 1])[0] for t in range(len(costs))]
        assert all(value < 1.2 for value in largest[:-1])
        assert terminated == (largest[-1] >= 1.2) and truncated == (not terminated)
        np.testing.assert_array_equal(costs, timed.cost(X[: len(costs) + 1], U[: len(costs)]))
        assert not (terminated and episodes.succeeded(0))
        steps.append(len(costs))
    assert min(steps) < timed.robot.task.horizon  # some of them did


def test_what_is_lost_does_not_end_it_where_it_was_told_not_to(timed, rng):
    episodes = Episodes(timed, 1, disturbed=False, terminates=False)
    far = timed.x0 + np.array([3.0, 0.0, 0.0, 0.0])
    costs, terminated, truncated = run(episodes, actions(timed, rng), rng, far)
    assert truncated and not terminated and not episodes.succeeded(0)


def test_the_noise_of_a_step_has_the_declared_deviation(cartpole):
    R = 4000
    episodes = Episodes(cartpole, R, disturbed=True, terminates=True)
    for n in range(R):
        episodes.begin(n, np.random.default_rng(n), cartpole.x0)
    episodes.advance(np.arange(R), np.zeros((R, 1)))
    added = episodes.X[:, 1] - cartpole.step(cartpole.x0, [0.0])
    expected = [0.0005, 0.0005, 0.01, 0.01]
    np.testing.assert_allclose(added.std(axis=0), expected, rtol=5 / np.sqrt(2 * R))


def test_starts_are_spread_around_every_initial_state(compiled, pytestconfig):
    initial = "[{q: {rail: -1}, spread: {q: 0.1}}, {q: {rail: 1}, spread: {v: 0.2}}]"
    path = pytestconfig.rootpath / "tests/robots/cartpole.yaml"
    model = compiled(load(path, {"task.initial": initial}))
    R, rng = 4000, np.random.default_rng(0)
    episodes = Episodes(model, R, disturbed=False, terminates=True)
    for n in range(R):
        episodes.begin(n, rng)
    starts = episodes.X[:, 0]
    left = starts[:, 0] < 0.0
    assert abs(left.mean() - 0.5) < 5 * 0.5 / np.sqrt(R)
    for group, x0, deviation in zip(
        (left, ~left), model.x0s, model.robot.initial_deviations, strict=True
    ):
        np.testing.assert_allclose(starts[group].std(axis=0), deviation, rtol=0.1, atol=1e-12)
        np.testing.assert_allclose(starts[group].mean(axis=0), x0, atol=0.02)


def test_what_is_seen_is_what_a_policy_sees(timed, rng):
    model = timed
    episodes = Episodes(model, 2, disturbed=False, terminates=False)
    episodes.begin(0, rng)
    episodes.begin(1, rng)
    episodes.advance(np.array([1]), np.zeros((1, model.nu)))
    now = np.array([episodes.X[0, 0], episodes.X[1, 1]])
    expected = observation_of(model)(now, [0.0, model.dt])
    np.testing.assert_array_equal(episodes.observed(), expected)


def test_what_diverges_ends_in_its_last_finite_state(cartpole, rng):
    episodes = Episodes(cartpole, 1, disturbed=False, terminates=False)
    x0 = np.array([0.0, 0.0, 0.0, 1e200])
    costs, terminated, truncated = run(episodes, np.zeros((150, 1)), rng, x0)
    assert terminated and not truncated and costs[-1] == LARGEST_COST
    assert np.isfinite(episodes.observed()).all() and not episodes.succeeded(0)


def test_actions_are_held_within_the_limits(cartpole, rng):
    episodes = Episodes(cartpole, 1, disturbed=False, terminates=True)
    episodes.begin(0, rng)
    episodes.advance(ONLY, [[np.inf]])
    assert episodes.U[0, 0] == 20.0


def test_actions_that_are_none_are_refused(cartpole, rng):
    episodes = Episodes(cartpole, 1, disturbed=False, terminates=True)
    episodes.begin(0, rng)
    with pytest.raises(ValueError, match=r"actions must have shape \(1, 1\), found \(1, 2\)"):
        episodes.advance(ONLY, [[1.0, 2.0]])
    with pytest.raises(ValueError, match=r"an action is not a number: \[nan\]"):
        episodes.advance(ONLY, [[np.nan]])
