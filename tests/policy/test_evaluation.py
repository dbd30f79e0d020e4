"""How well a policy does: rollouts, their costs and what is said of them."""

from types import SimpleNamespace

import numpy as np
import pytest
from imitation import random_policy

from vgps.policy.evaluation import LARGEST_COST, evaluate, run_policy, step_costs, summarize


@pytest.fixture
def policy(swimmer, rng):
    return random_policy(
        rng,
        n_in=len(swimmer.robot.observed_indices),
        nu=swimmer.nu,
        observed=np.array(swimmer.robot.observed_indices),
    )


@pytest.mark.parametrize("stochastic", (True, False))
def test_evaluate_summarizes_rollouts_of_its_seed(swimmer, policy, stochastic):
    runs = run_policy(swimmer, policy, 3, 20, np.random.default_rng(5), stochastic)
    summary = evaluate(swimmer, policy, 3, 20, seed=5, stochastic=stochastic)
    assert summary == summarize(swimmer, runs, swimmer.robot.task.horizon)
    assert summary != evaluate(swimmer, policy, 3, 20, seed=6, stochastic=stochastic)


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
    model = SimpleNamespace(cost=lambda X, U: costs.ravel())
    counted = step_costs(model, np.zeros((5, 4, 2)), np.zeros((5, 3, 1)))
    most = LARGEST_COST
    expected = [[1, 9999, 2], [1, most, most], [most] * 3, [1, 2, most], [-1e9, 1, 2]]
    np.testing.assert_array_equal(counted, expected)
