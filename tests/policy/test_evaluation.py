"""How well a policy does: rollouts, their costs and what is said of them."""

import numpy as np
import pytest
from imitation import random_policy

from vgps.policy.evaluation import evaluate, run_policy, summarize


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
