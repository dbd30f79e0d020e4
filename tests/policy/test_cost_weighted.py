"""What the cost-weighted method fits its policy to, on rollouts made by hand."""

from types import SimpleNamespace

import numpy as np
import pytest
from imitation import random_policy

from vgps.policy import cost_weighted
from vgps.policy.mstep import Fit, FitSettings
from vgps.policy.rollouts import LARGEST_COST, Rollouts
from vgps.policy.state import SearchState

R, T, NX, NU, SIZE, ITERATIONS = 30, 6, 4, 2, 5, 40


@pytest.fixture
def problem(monkeypatch, rng):
    """An iteration on given costs: the samples of its fit, and the rollouts with their noise."""

    def run(cost):
        policy = random_policy(rng, NX, 2, NU)
        given = {}

        def roll_out(model, policy, x0, noise, disturbance):
            X = rng.normal(size=(R, T + 1, NX))
            U = np.clip(policy.mean(X[:, :T]) + noise, -0.1, 0.1)
            given.update(X=X, actions=policy.mean(X[:, :T]) + noise)
            return Rollouts(X, U, cost)

        def fitted(policy, draw, settings, rng):
            given.update(samples=draw(rng), iterations=settings.iterations)
            return Fit(policy, 0.0, 0)

        monkeypatch.setattr(cost_weighted, "run_policy_from", roll_out)
        for drawn in ("initial_states", "process_noise"):
            monkeypatch.setattr(cost_weighted, drawn, lambda *arguments: None)
        monkeypatch.setattr(cost_weighted, "until_failure", lambda c: cost)
        monkeypatch.setattr(cost_weighted, "fit", fitted)
        fit = FitSettings(SIZE, tail=0, optimizer="lbfgs", bound="closed", iterations=ITERATIONS)
        settings = SimpleNamespace(
            rollouts=R, horizon=T, fit=fit, anneal=50, alpha_start=1.0, alpha_end=1.0
        )
        state = SearchState(1, policy, q=(None,))
        improvement = cost_weighted.improve(SimpleNamespace(nu=NU), settings, state, rng)
        assert improvement.rollouts == R
        return given

    return run


def test_a_fit_sees_as_many_states_as_one_of_vgps(problem):
    samples = problem(np.ones((R, T)))["samples"]
    assert samples.weights.sum() == pytest.approx(T * SIZE)
    assert len(samples.inputs) == T * SIZE  # of R T, all as likely


def test_states_keep_their_own_actions_as_drawn_before_the_limits(problem):
    cost = np.ones((R, T))
    cost[3:, :] = LARGEST_COST  # nothing is learned from these
    given = problem(cost)
    samples, X, actions = given["samples"], given["X"], given["actions"]
    assert len(samples.inputs) == 3 * T
    np.testing.assert_array_equal(samples.inputs, X[:3, :T].reshape(-1, NX))
    np.testing.assert_allclose(samples.mean, actions[:3].reshape(-1, NU), rtol=1e-12)
    np.testing.assert_array_equal(samples.covariance, 0.0)
    np.testing.assert_allclose(samples.weights, samples.weights[0], rtol=1e-12)


@pytest.mark.parametrize(("few", "iterations"), [(R, ITERATIONS), (R + 1, 12)])
def test_fewer_rollouts_than_a_bound_are_fitted_in_fewer_iterations(
    problem, monkeypatch, few, iterations
):
    monkeypatch.setattr(cost_weighted, "FEW", few)
    assert problem(np.ones((R, T)))["iterations"] == iterations
