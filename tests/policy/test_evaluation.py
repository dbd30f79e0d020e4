"""How well a policy does: rollouts, their costs and what is said of them."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from imitation import random_policy

from vgps.policy.evaluation import evaluate, summarize, wilson
from vgps.policy.rollouts import (
    LARGEST_COST,
    Rollouts,
    initial_states,
    mean_rollout,
    run_policy,
    step_costs,
)


@pytest.fixture
def policy(swimmer, rng):
    return random_policy(
        rng,
        n_in=len(swimmer.robot.observed_indices),
        nu=swimmer.nu,
        observed=np.array(swimmer.robot.observed_indices),
    )


@pytest.mark.parametrize("disturbed", (True, False))
@pytest.mark.parametrize("stochastic", (True, False))
def test_evaluate_summarizes_rollouts_of_its_seed(swimmer, policy, stochastic, disturbed):
    noises = stochastic, disturbed
    runs = run_policy(swimmer, policy, 3, 20, np.random.default_rng(5), *noises)
    summary = evaluate(swimmer, policy, 3, 20, 5, *noises)
    assert summary == summarize(swimmer, runs, swimmer.robot.task.horizon)
    assert summary != evaluate(swimmer, policy, 3, 20, 6, *noises)


@pytest.mark.parametrize("trials", (1, 10, 200))
def test_a_success_interval_holds_the_rates_that_do_not_contradict_it(trials):
    """Those whose own deviation explains the outcome: |k / n - p| <= z sqrt(p (1 - p) / n)."""
    rates = np.linspace(0, 1, 100_001)
    for successes in {0, trials // 3, trials}:
        off = abs(successes / trials - rates)
        holds = rates[off <= 1.959963984540054 * np.sqrt(rates * (1 - rates) / trials) + 1e-12]
        np.testing.assert_allclose(wilson(successes, trials), (holds[0], holds[-1]), atol=2e-5)


def test_evaluate_takes_the_horizon_of_the_task(swimmer, policy):
    T = swimmer.robot.task.horizon
    assert evaluate(swimmer, policy, 2) == evaluate(swimmer, policy, 2, T)
    assert len(evaluate(swimmer, policy, 2, 2 * T).speed_by_horizon) == 2


@pytest.mark.parametrize("name", ("rollouts", "horizon"))
def test_evaluate_needs_at_least_one_of_each(swimmer, policy, name):
    with pytest.raises(ValueError, match=f"{name} must be at least 1, not 0"):
        evaluate(swimmer, policy, **{name: 0})


def test_a_rollout_fails_at_the_first_step_that_costs_ten_thousand():
    """It does not recover: what it costs afterwards is not counted."""
    costs = np.array(
        [
            [1.0, 9999.0, 2.0],
            [1.0, 1e4, 2.0],
            [np.nan, 1.0, 2.0],
            [1.0, 2.0, np.inf],
            [-1e9, 1.0, 2.0],
        ]
    )
    each = iter(costs)
    model = SimpleNamespace(cost=lambda X, U: next(each))
    counted = step_costs(model, np.zeros((5, 4, 2)), np.zeros((5, 3, 1)))
    most = LARGEST_COST
    expected = [[1, 9999, 2], [1, most, most], [most] * 3, [1, 2, most], [-1e9, 1, 2]]
    np.testing.assert_array_equal(counted, expected)


def test_evaluate_averages_over_a_hundred_rollouts_and_takes_a_single_one(swimmer, policy):
    assert evaluate(swimmer, policy, horizon=5) == evaluate(swimmer, policy, 100, 5)
    assert np.isfinite(evaluate(swimmer, policy, 1, 1).mean_cost)


def test_evaluate_is_of_the_stochastic_policy_unless_asked(swimmer, policy):
    asked = [evaluate(swimmer, policy, 3, 20, stochastic=flag) for flag in (True, False)]
    assert evaluate(swimmer, policy, 3, 20) == asked[0] != asked[1]


def test_initial_states_have_the_moments_of_the_file(swimmer, rng):
    N = 4000
    X = initial_states(swimmer, N, rng)
    deviation = np.array(swimmer.robot.initial_deviations[0])
    assert (abs(X.mean(axis=0) - swimmer.x0) <= 4.5 * deviation / np.sqrt(N)).all()
    assert (abs(X.var(axis=0) - deviation**2) <= 4.5 * deviation**2 * np.sqrt(2.0 / N)).all()


def test_without_its_noise_the_policy_takes_its_mean_actions(swimmer, policy):
    runs = run_policy(swimmer, policy, 2, 10, np.random.default_rng(0), False, False)
    np.testing.assert_allclose(runs.U, policy.mean(runs.X[:, :-1]), rtol=1e-9, atol=1e-9)


def test_a_rollout_that_diverges_counts_in_cost_and_success_but_not_in_speed(swimmer, policy):
    T = 20
    runs = run_policy(swimmer, policy, 2, T, np.random.default_rng(0), False, False)
    X, c = runs.X.copy(), runs.c.copy()
    X[1, 7:], c[1, 6:] = np.nan, np.inf
    summary = summarize(swimmer, Rollouts(X, runs.U, c))
    alone = summarize(swimmer, Rollouts(*(part[:1] for part in runs)))
    assert summary.mean_cost == summary.std_cost == np.inf
    assert summary.mean_speed == alone.mean_speed
    assert summary.speed_by_horizon == alone.speed_by_horizon == [alone.mean_speed]
    assert summary.success_rate == alone.success_rate / 2
    nothing = summarize(swimmer, Rollouts(X[1:], runs.U[1:], c[1:]))
    assert np.isnan(nothing.mean_speed) and nothing.speed_by_horizon == []


def test_the_noise_of_a_rollout_is_the_policys(swimmer, policy):
    quiet = replace(policy, log_sigma=np.log([0.5, 3.0]))
    runs = run_policy(swimmer, quiet, 50, 40, np.random.default_rng(0), True, False)
    noise = (runs.U - quiet.mean(runs.X[:, :-1])).reshape(-1, 2)  # (2000, nu)
    assert (abs(noise.mean(axis=0)) < 4.5 * quiet.sigma / np.sqrt(2000)).all()
    np.testing.assert_allclose(noise.std(axis=0), quiet.sigma, rtol=4.5 / np.sqrt(4000))


def test_the_mean_rollout_is_that_of_the_mean_actions(swimmer, policy):
    X = mean_rollout(swimmer, policy)
    assert len(X) == swimmer.robot.task.horizon + 1
    np.testing.assert_array_equal(X[0], swimmer.x0)
    for t in (0, 10):
        np.testing.assert_allclose(X[t + 1], swimmer.step(X[t], policy.mean(X[t])), rtol=1e-9)


@pytest.mark.parametrize("last", [1000, 10**6, 2**40])
def test_no_policy_reads_past_the_state(swimmer, policy, last):
    """It once read whatever memory came after it, and gave two answers."""
    observed = policy.observed.copy()
    observed[-1] = last
    stranger = replace(policy, observed=observed)
    said = f"a policy that observes coordinate {last} of the state does not fit a robot of 10"
    for use in (evaluate, mean_rollout):
        with pytest.raises(ValueError, match=said):
            use(swimmer, stranger)


def test_a_policy_of_another_number_of_actions(cartpole, swimmer, policy):
    with pytest.raises(ValueError, match="a policy of 2 actions does not fit a robot of 1"):
        evaluate(cartpole, policy)
