"""The importance-sampled return of guided policy search, held against sums written out."""

from typing import NamedTuple

import numpy as np
import pytest
from differences import central_differences
from imitation import random_policy

from vgps.policy.estimator import ReturnEstimate
from vgps.policy.gaussian import Policy
from vgps.policy.optimizers.wolfe import Trial, strong_wolfe

S, T = 6, 8


class Problem(NamedTuple):
    policy: Policy
    Z: np.ndarray  # (S, T, n_in)
    U: np.ndarray  # (S, T, nu), drawn from the policy
    reward: np.ndarray  # (S, T)

    def log_pi(self, theta):
        """(S, T) of the actions up to each step."""
        policy = self.policy.with_theta(theta)
        return np.cumsum(policy.log_prob(self.Z, self.U), axis=1)

    def estimate(self, log_q, regularizer):
        n_hidden = len(self.policy.b1)
        return ReturnEstimate(self.Z, self.U, self.reward, log_q, n_hidden, regularizer)


@pytest.fixture
def problem(rng):
    policy = random_policy(rng)
    Z = rng.normal(size=(S, T, 4))
    return Problem(policy, Z, policy.sample(Z, rng), rng.normal(size=(S, T)))


@pytest.fixture
def log_q(problem, rng):
    return problem.log_pi(problem.policy.theta) + rng.normal(size=(S, T))


def test_value_is_the_sum_of_the_paper(problem, log_q):
    theta = problem.policy.theta + 0.1
    rho = np.exp(problem.log_pi(theta) - log_q)
    expected = 0.0
    for t in range(T):
        Z_t = sum(rho[i, t] for i in range(S))
        expected += sum(rho[i, t] / Z_t * problem.reward[i, t] for i in range(S))
        expected += 0.3 * np.log(Z_t)
    value, _ = problem.estimate(log_q, 0.3)(theta)
    assert value == pytest.approx(-expected / T, rel=1e-11)


@pytest.mark.parametrize("regularizer", [0.0, 0.3])
def test_gradient_matches_differences(problem, log_q, regularizer):
    estimate, theta = problem.estimate(log_q, regularizer), problem.policy.theta + 0.1
    expected = central_differences(lambda theta: estimate(theta)[0], theta)
    np.testing.assert_allclose(estimate(theta)[1], expected, atol=1e-7)


def test_on_policy_it_is_the_likelihood_ratio_gradient(problem):
    """sum_t grad log pi(zeta_1:t) r_t, averaged over samples, with the mean reward as baseline."""
    theta = problem.policy.theta
    expected = np.zeros_like(theta)
    for i in range(S):
        for t in range(T):
            advantage = problem.reward[i, t] - problem.reward[:, t].mean()
            score = central_differences(lambda z, at=(i, t): problem.log_pi(z)[at], theta)
            expected += advantage * score / S
    _, gradient = problem.estimate(problem.log_pi(theta), 0.0)(theta)
    np.testing.assert_allclose(gradient, -expected / T, atol=1e-7)


def test_it_survives_log_ratios_and_costs_of_ten_thousands(problem, log_q, rng):
    far = problem._replace(reward=1e4 * problem.reward)
    far_q = log_q + 1e4 * rng.normal(size=(S, T))
    value, gradient = far.estimate(far_q, 1e-2)(far.policy.theta)
    assert np.isfinite(value) and np.isfinite(gradient).all()
    # one sample has all the weight at each step
    best = (far.log_pi(far.policy.theta) - far_q).argmax(axis=0)
    value, _ = far.estimate(far_q, 0.0)(far.policy.theta)
    assert value == pytest.approx(-far.reward[best, np.arange(T)].mean(), rel=1e-9)


def test_what_all_samples_share_does_not_count_without_regularizer(problem, log_q):
    theta = problem.policy.theta
    a, b = (problem.estimate(log_q + shift, 0.0)(theta) for shift in (0.0, 1e3))
    assert a[0] == pytest.approx(b[0], rel=1e-9)
    np.testing.assert_allclose(a[1], b[1], atol=1e-9)


def test_a_step_to_hardly_any_noise_is_too_long_for_a_line_search(problem, log_q):
    """There all densities are zero, though the way begins downhill."""
    nu = problem.policy.sigma.size
    estimate, wide = problem.estimate(log_q, 1.0), problem.policy.theta
    wide[-nu:] += 2.0
    direction = np.zeros_like(wide)
    direction[-nu:] = -400.0

    def phi(step):
        value, gradient = estimate(wide + step * direction)
        return Trial(step, value, float(gradient @ direction))

    with np.errstate(over="ignore", invalid="ignore"):  # as the optimiser does
        assert phi(0.0).slope < 0.0 and np.isnan(phi(1.0).value)
        accepted, _ = strong_wolfe(phi, phi(0.0), first_step=1.0)
    assert accepted.value < phi(0.0).value
