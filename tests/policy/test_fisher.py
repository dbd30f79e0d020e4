"""The Fisher matrix against samples, against divergences, and the basis made of it."""

import numpy as np
import pytest
from imitation import random_policy

from vgps.policy.fisher import FLOOR, fisher_matrix, natural_basis
from vgps.policy.gaussian import Policy


@pytest.fixture
def policy(rng):
    return random_policy(rng, n_in=3, n_hidden=4, nu=2, observed=np.array([4, 0, 2]))


def divergence(policy, other, X):
    """Mean KL(policy || other) in nats, both with the same sigma."""
    return 0.5 * np.square((other.mean(X) - policy.mean(X)) / policy.sigma).sum(axis=1).mean()


def test_it_is_the_covariance_of_the_score(policy, rng):
    """F = E[grad log pi grad log pi^T], from actions that are drawn; differences for gradients."""
    X = rng.standard_normal((5, 6))
    states = np.repeat(X, 10_000, axis=0)
    actions = policy.sample(states, rng)
    n, h = policy.n_weights, 1e-5
    scores = np.empty((len(states), n))
    for i in range(n):
        step = h * np.eye(len(policy.theta))[i]
        up, down = (policy.with_theta(policy.theta + s) for s in (step, -step))
        scores[:, i] = (up.log_prob(states, actions) - down.log_prob(states, actions)) / (2 * h)
    F = fisher_matrix(policy, policy.observation(X))
    sampled = scores.T @ scores / len(states)
    scale = np.sqrt(np.outer(np.diag(F), np.diag(F)))
    assert (abs(sampled - F) / scale).max() < 5 * np.sqrt(3 / len(states)) * 5


def test_it_measures_small_changes_in_nats(policy, rng):
    X = rng.standard_normal((50, 6))
    F = fisher_matrix(policy, policy.observation(X))
    for _ in range(5):
        change = 1e-4 * rng.standard_normal(policy.n_weights)
        other = policy.with_theta(policy.theta + np.append(change, np.zeros(2)))
        assert 0.5 * change @ F @ change == pytest.approx(divergence(policy, other, X), rel=1e-2)


def test_an_integer_weight_counts_a_sample_so_often(policy, rng):
    Z, weights = rng.standard_normal((30, 3)), rng.integers(0, 4, size=30)
    np.testing.assert_allclose(
        fisher_matrix(policy, Z, 0.1 * weights),
        fisher_matrix(policy, np.repeat(Z, weights, axis=0)),
        rtol=1e-9,
        atol=1e-12,
    )


def test_unit_steps_of_the_basis_are_equally_far(policy, rng):
    """But for the floor and the conditioning, which only make steps shorter."""
    Z = rng.standard_normal((500, 3))
    B = natural_basis(policy, Z)
    metric = B.T @ fisher_matrix(policy, Z) @ B
    assert (np.linalg.eigvalsh(metric) <= 1 + 1e-9).all()
    well = np.linalg.eigvalsh(metric)[2 * len(metric) // 3 :]
    np.testing.assert_allclose(well, 1.0, atol=10 * FLOOR)


def test_a_dead_unit_does_not_run_away(rng):
    """Its weights hardly matter, and its steps stay bounded by those of its neighbours."""
    alive = random_policy(rng, n_in=3, n_hidden=2, nu=1)
    b1, W2 = alive.b1.copy(), alive.W2.copy()
    b1[1], W2[0, 1] = -60.0, 1e-9
    dead = Policy(alive.observed, alive.W1, b1, W2, alive.b2, alive.log_sigma)
    B = natural_basis(dead, rng.standard_normal((500, 3)))
    lengths = np.linalg.norm(B, axis=1)
    of_alive, of_dead = lengths[:3], lengths[3:6]  # rows of W1
    assert np.isfinite(B).all() and of_dead.max() < 200 * of_alive.max()
