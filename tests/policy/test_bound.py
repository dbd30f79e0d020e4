import numpy as np
import pytest
from differences import central_differences

from vgps.policy.bound import VARIANCE_FLOOR, ClosedFormBound, SampledBound
from vgps.policy.gaussian import Policy


def as_policy(problem, theta):
    """The policy of `theta`, on the problem's observations."""
    n_in, nu, n_hidden = problem.Z.shape[1], problem.mu_q.shape[1], problem.n_hidden
    blank = Policy(
        observed=np.arange(n_in),
        W1=np.zeros((n_hidden, n_in)),
        b1=np.zeros(n_hidden),
        W2=np.zeros((nu, n_hidden)),
        b2=np.zeros(nu),
        log_sigma=np.zeros(nu),
    )
    return blank.with_theta(theta)


def test_closed_form_is_the_expression_of_the_paper(imitation):
    Z, mu_q, var_q, n_hidden, theta = imitation
    policy = as_policy(imitation, theta)
    Sigma = np.diag(policy.sigma**2)
    total = 0.0
    for z, mean, variance in zip(Z, mu_q, var_q, strict=True):
        error = policy.mean(z) - mean
        total += 0.5 * error @ np.linalg.solve(Sigma, error)
        total += 0.5 * np.log(np.linalg.det(2.0 * np.pi * Sigma))
        total += 0.5 * np.trace(np.linalg.solve(Sigma, np.diag(variance)))
    value, _ = ClosedFormBound(Z, mu_q, var_q, n_hidden)(theta)
    assert value == pytest.approx(total / len(Z), rel=1e-12)


def test_sampled_form_is_the_mean_log_probability(imitation):
    Z, U, _, n_hidden, theta = imitation
    value, _ = SampledBound(Z, U, n_hidden)(theta)
    assert value == pytest.approx(-as_policy(imitation, theta).log_prob(Z, U).mean(), rel=1e-12)


@pytest.mark.parametrize("sampled", [False, True])
def test_gradient_matches_differences(sampled, imitation):
    Z, mu_q, var_q, n_hidden, theta = imitation
    objective = (
        SampledBound(Z, mu_q, n_hidden) if sampled else ClosedFormBound(Z, mu_q, var_q, n_hidden)
    )
    expected = central_differences(lambda theta: objective(theta)[0], theta)
    np.testing.assert_allclose(objective(theta)[1], expected, atol=1e-8)


def test_gradients_are_not_overwritten_by_later_calls(imitation):
    Z, mu_q, var_q, n_hidden, theta = imitation
    objective = ClosedFormBound(Z, mu_q, var_q, n_hidden)
    _, gradient = objective(theta)
    kept = gradient.copy()
    objective(theta + 1.0)
    np.testing.assert_array_equal(gradient, kept)


def test_sampled_form_converges_to_the_closed_form(imitation, rng):
    """Value and gradient, within 4 standard errors of a mean over independent sample sets."""
    Z, mu_q, var_q, n_hidden, theta = imitation
    exact = np.hstack(ClosedFormBound(Z, mu_q, var_q, n_hidden)(theta))
    draws = []
    for _ in range(1000):
        U = mu_q + np.sqrt(var_q) * rng.standard_normal(mu_q.shape)
        draws.append(np.hstack(SampledBound(Z, U, n_hidden)(theta)))
    standard_error = np.std(draws, axis=0, ddof=1) / np.sqrt(len(draws))
    assert standard_error[0] < 1e-3 * exact[0]  # the bar is a tight one
    assert (abs(np.mean(draws, axis=0) - exact) < 4.0 * standard_error).all()


def test_scale_does_not_depend_on_the_number_of_samples(imitation):
    Z, mu_q, var_q, n_hidden, theta = imitation
    once = np.hstack(ClosedFormBound(Z, mu_q, var_q, n_hidden)(theta))
    twice = [np.concatenate([part, part]) for part in (Z, mu_q, var_q)]
    np.testing.assert_allclose(np.hstack(ClosedFormBound(*twice, n_hidden)(theta)), once, rtol=1e-9)


def test_a_whole_weight_is_so_many_samples(imitation, rng):
    Z, mu_q, var_q, n_hidden, theta = imitation
    times = rng.integers(0, 4, size=len(Z))
    repeated = [np.repeat(part, times, axis=0) for part in (Z, mu_q, var_q)]
    expected = np.hstack(ClosedFormBound(*repeated, n_hidden)(theta))
    weighted = ClosedFormBound(Z, mu_q, var_q, n_hidden, 0.1 * times)(theta)  # the scale is free
    np.testing.assert_allclose(np.hstack(weighted), expected, rtol=1e-9, atol=1e-12)


def test_no_sigma_is_better_than_the_best(imitation, rng):
    bound = ClosedFormBound(*imitation[:-1], weights=rng.uniform(0.1, 2.0, len(imitation.Z)))
    theta = bound.with_best_sigma(imitation.start)
    np.testing.assert_array_equal(theta[:-2], imitation.start[:-2])
    value, gradient = bound(theta)
    np.testing.assert_allclose(gradient[-2:], 0.0, atol=1e-12)
    for step in np.vstack([0.1 * np.eye(2), -0.1 * np.eye(2)]):
        assert bound(theta + np.append(np.zeros(len(theta) - 2), step))[0] > value


def test_equal_weights_change_no_bit(imitation):
    Z, mu_q, _, n_hidden, theta = imitation
    plain, weighted = (
        np.hstack(SampledBound(Z, mu_q, n_hidden, *weights)(theta))
        for weights in ((), (np.full(len(Z), 0.25),))
    )
    np.testing.assert_array_equal(plain, weighted)


def test_shapes_that_do_not_fit(imitation):
    Z, mu_q, var_q, n_hidden, theta = imitation
    with pytest.raises(ValueError, match=r"actions must be \(400, nu\) like Z, not \(399, 2\)"):
        SampledBound(Z, mu_q[1:], n_hidden)
    with pytest.raises(ValueError, match="var_q has shape"):
        ClosedFormBound(Z, mu_q, var_q[:, :1], n_hidden)
    with pytest.raises(ValueError, match="negative"):
        ClosedFormBound(Z, mu_q, -var_q, n_hidden)
    with pytest.raises(ValueError, match="weights must be positive"):
        SampledBound(Z, mu_q, n_hidden, -np.ones(len(Z)))
    with pytest.raises(ValueError, match="weights of a 4-3-2 network"):
        ClosedFormBound(Z, mu_q, var_q, n_hidden)(theta[1:])


@pytest.mark.parametrize("weights", [[1.0, -1.0, 2.0], [-1.0, -1.0, -1.0], [0.0, 0.0, 0.0]])
def test_weights_that_cannot_be(weights):
    Z, U = np.ones((3, 4)), np.ones((3, 2))
    with pytest.raises(ValueError, match="the weights must be positive or zero, and not all zero"):
        ClosedFormBound(Z, U, np.ones((3, 2)), 3, weights)


def test_an_exact_fit_has_a_least_deviation(imitation):
    """Of actions without variance that the policy meets: no sigma gains by being smaller still."""
    Z, _, _, n_hidden, theta = imitation
    nu = 2
    exact = SampledBound(Z, as_policy(imitation, theta).mean(Z), n_hidden)
    least = 0.5 * np.log(VARIANCE_FLOOR)

    def at(log_sigma):
        return exact(np.concatenate([theta[:-nu], np.full(nu, log_sigma)]))

    value, gradient = at(least)
    np.testing.assert_allclose(gradient, 0.0, atol=1e-9)
    for away in (-3.0, -0.1, 0.1, 3.0):
        assert at(least + away)[0] > value
