from dataclasses import replace

import numpy as np
import pytest
from differences import complex_step
from imitation import random_policy
from scipy import stats

from vgps.policy.gaussian import Policy


@pytest.mark.parametrize(
    "n_in, n_hidden, nu, weights", [(9, 5, 2, 62), (17, 10, 6, 246)], ids=["swimmer", "walker"]
)
def test_parameter_counts_of_the_paper(n_in, n_hidden, nu, weights, rng):
    """The walker's is the paper's 246; the same rule gives 62 for its swimmer, where it prints 63."""
    policy = random_policy(rng, n_in, n_hidden, nu)
    assert policy.n_weights == weights
    assert policy.theta.shape == (weights + nu,)


def test_mean_and_jacobian_match_the_definition(rng):
    nx, observed = 6, [5, 1, 2]
    policy = random_policy(rng, n_in=3, observed=observed)

    def slow_mean(x):
        return policy.W2 @ np.log(1.0 + np.exp(policy.W1 @ x[observed] + policy.b1)) + policy.b2

    X = rng.normal(size=(2, 7, nx))
    mean, jacobian = policy.mean(X), policy.jacobian(X)
    assert mean.shape == (2, 7, 2) and jacobian.shape == (2, 7, 2, nx)
    assert (jacobian[..., [0, 3, 4]] == 0.0).all()
    for index in np.ndindex(2, 7):
        np.testing.assert_allclose(mean[index], slow_mean(X[index]), rtol=1e-12)
        np.testing.assert_allclose(jacobian[index], complex_step(slow_mean, X[index]), atol=1e-12)
        np.testing.assert_allclose(policy.mean(X[index]), mean[index], rtol=1e-12)
        np.testing.assert_allclose(policy.jacobian(X[index]), jacobian[index], rtol=1e-12)


def test_log_prob_is_the_gaussian_density(rng):
    policy = random_policy(rng)
    x, u = rng.normal(size=(5, 4)), rng.normal(size=(5, 2))
    expected = stats.norm.logpdf(u, policy.mean(x), policy.sigma).sum(-1)
    np.testing.assert_allclose(policy.log_prob(x, u), expected, rtol=1e-12)


def test_samples_have_the_mean_and_deviation(rng):
    policy = random_policy(rng)
    x, n = rng.normal(size=4), 20_000
    u = policy.sample(np.broadcast_to(x, (n, 4)), rng)
    assert (abs(u.mean(0) - policy.mean(x)) < 4.0 * policy.sigma / np.sqrt(n)).all()
    assert (abs(u.std(0) - policy.sigma) < 4.0 * policy.sigma / np.sqrt(2 * n)).all()


def test_samples_come_from_the_generator_alone(rng):
    policy, x = random_policy(rng), np.zeros((3, 4))
    first, again = (policy.sample(x, np.random.default_rng(1)) for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_theta_there_and_back(rng):
    policy, other = random_policy(rng), random_policy(rng)
    moved = policy.with_theta(other.theta)
    for name in ("W1", "b1", "W2", "b2", "log_sigma"):
        np.testing.assert_array_equal(getattr(moved, name), getattr(other, name))
    np.testing.assert_array_equal(moved.theta, other.theta)


def test_with_theta_keeps_a_copy(rng):
    policy = random_policy(rng)
    theta = policy.theta
    moved = policy.with_theta(theta)
    theta[:] = 0.0
    np.testing.assert_array_equal(moved.theta, policy.theta)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"W1": np.zeros((3, 5))}, r"W1 has shape \(3, 5\), expected \(3, 4\)"),
        ({"W2": np.zeros((3, 2))}, r"W2 has shape \(3, 2\), expected \(2, 3\)"),
        ({"log_sigma": np.zeros(3)}, r"log_sigma has shape \(3,\), expected \(2,\)"),
        ({"b1": np.array([0.0, np.nan, 0.0])}, "b1 has entries that are not finite"),
        ({"observed": [0, 1, 1, 2]}, "different indices"),
        ({"observed": [-1, 0, 1, 2]}, "different indices"),
        ({"observed": [0.0, 1.0, 2.0, 3.0]}, "list of state indices"),
        ({"observed": []}, "list of state indices"),
    ],
)
def test_parts_that_do_not_fit(change, message, rng):
    with pytest.raises(ValueError, match=message):
        replace(random_policy(rng), **change)


def test_arguments_that_do_not_fit(rng):
    policy = random_policy(rng)
    with pytest.raises(ValueError, match=r"x has shape \(3,\), .* observes coordinate 3"):
        policy.mean(np.zeros(3))
    with pytest.raises(ValueError, match=r"u has shape \(1,\), expected \(\.\.\., 2\)"):
        policy.log_prob(np.zeros(4), np.zeros(1))
    with pytest.raises(ValueError, match=r"theta has shape \(24,\), expected \(25,\)"):
        policy.with_theta(np.zeros(24))


def test_it_cannot_be_changed_by_assignment(rng):
    with pytest.raises(AttributeError):
        random_policy(rng).b1 = np.zeros(3)


def test_lists_are_taken_as_arrays():
    policy = Policy(observed=[1], W1=[[1]], b1=[0], W2=[[2]], b2=[0], log_sigma=[0])
    np.testing.assert_allclose(policy.mean([9, 0]), [2.0 * np.log(2.0)])


def test_log_densities_of_a_stack_are_those_of_its_members(rng):
    policy = random_policy(rng)
    x, u = rng.normal(size=(5, 3, 2, 4)), rng.normal(size=(5, 3, 2, 2))
    stack = policy.log_prob(x, u)
    assert stack.shape == (5, 3, 2)
    for i in np.ndindex(5, 3, 2):
        assert stack[i] == pytest.approx(policy.log_prob(x[i], u[i]), rel=1e-12)
