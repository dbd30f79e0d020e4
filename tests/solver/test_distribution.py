"""Gaussian trajectory distributions against sampled rollouts of a linear robot."""

import numpy as np
import pytest

from vgps.solver.distribution import square_root, trajectory_distribution
from vgps.solver.ilqr import Settings, ilqr
from vgps.solver.objective import task_objective

T = 15
STANDARD_ERRORS = 5.0  # of some 300 comparisons; the seed is fixed


@pytest.fixture
def solution(springs):
    """Gains about a trajectory that is not optimal, so that k shifts the mean."""
    U = 0.5 * np.ones((T, springs.nu))
    none = Settings(max_iterations=0)
    return ilqr(springs, task_objective(springs, T), np.array([1.0, -0.5, 0.0, 2.0]), U, none)


Sigma_0 = np.array([[0.3, 0.1, 0, 0], [0.1, 0.2, 0, 0], [0, 0, 0.05, -0.02], [0, 0, -0.02, 0.4]])
Sigma_f = np.diag([0.01, 0.02, 0.1, 0.05])


def sampled_rollouts(model, solution, rollouts, rng):
    """States (rollouts, T, nx) under draws of pi_G and process noise N(0, Sigma_f)."""
    nx, nu = model.nx, model.nu
    # the robot is linear: its step is read off at the unit vectors
    offset = model.step(np.zeros(nx), np.zeros(nu))
    A = np.array([model.step(e, np.zeros(nu)) - offset for e in np.eye(nx)]).T
    B = np.array([model.step(np.zeros(nx), e) - offset for e in np.eye(nu)]).T
    x, X = rng.multivariate_normal(solution.X[0], Sigma_0, rollouts), []
    for t in range(T):
        X.append(x)
        mean = solution.U[t] + solution.gains.k[t] + (x - solution.X[t]) @ solution.gains.K[t].T
        noise = rng.multivariate_normal(
            np.zeros(nu), np.linalg.inv(solution.gains.Q_uu[t]), rollouts
        )
        process = rng.multivariate_normal(np.zeros(nx), Sigma_f, rollouts)
        x = offset + x @ A.T + (mean + noise) @ B.T + process
    return np.array(X).transpose(1, 0, 2)


def assert_moments(samples, mean, covariance):
    """Sample mean and covariance (N, n) within the standard errors of normal samples."""
    N = len(samples)
    variance = np.diag(covariance)
    centred = samples - mean
    found = centred.T @ centred / N
    error_of_mean = np.sqrt(variance / N)
    error_of_covariance = np.sqrt((np.outer(variance, variance) + covariance**2) / N)
    assert (np.abs(centred.mean(axis=0)) <= STANDARD_ERRORS * error_of_mean).all()
    assert (np.abs(found - covariance) <= STANDARD_ERRORS * error_of_covariance).all()


def test_marginals_are_those_of_sampled_rollouts(springs, solution, rng):
    q = trajectory_distribution(solution, Sigma_0, Sigma_f)
    X = sampled_rollouts(springs, solution, 20_000, rng)
    assert np.abs(q.mu[-1] - solution.X[-2]).max() > 0.1  # k matters
    for t in range(T):
        assert_moments(X[:, t], q.mu[t], q.Sigma[t])


def test_marginals_follow_the_printed_recursion(solution):
    """Sigma' = F [Sigma, Sigma K^T; K Sigma, Q_uu^-1 + K Sigma K^T] F^T + Sigma_f, by blocks."""
    q = trajectory_distribution(solution, Sigma_0, Sigma_f)
    Sigma, gap = Sigma_0, np.zeros(4)
    for t in range(T):
        np.testing.assert_allclose(q.Sigma[t], Sigma, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(q.mu[t], solution.X[t] + gap, rtol=1e-12)
        K, k = solution.gains.K[t], solution.gains.k[t]
        joint = np.block(
            [
                [Sigma, Sigma @ K.T],
                [K @ Sigma, np.linalg.inv(solution.gains.Q_uu[t]) + K @ Sigma @ K.T],
            ]
        )
        F = np.hstack([solution.expansion.f_x[t], solution.expansion.f_u[t]])
        Sigma, gap = F @ joint @ F.T + Sigma_f, F @ np.append(gap, k + K @ gap)


def test_covariance_of_actions_is_the_inverse_of_Q_uu(solution):
    q = trajectory_distribution(solution, Sigma_0, Sigma_f)
    products = q.covariance @ solution.gains.Q_uu
    np.testing.assert_allclose(products, np.broadcast_to(np.eye(2), (T, 2, 2)), atol=1e-12)
    assert not np.allclose(q.covariance[0], np.diag(np.diag(q.covariance[0])))  # a full matrix


def test_mean_action_is_the_feedback_at_each_state(solution, rng):
    q = trajectory_distribution(solution, Sigma_0, Sigma_f)
    states = rng.standard_normal((T, 3, 4))
    found = q.action_mean(states)
    for t in range(T):
        for i in range(3):
            gains = solution.gains
            expected = solution.U[t] + gains.k[t] + gains.K[t] @ (states[t, i] - solution.X[t])
            np.testing.assert_allclose(found[t, i], expected, rtol=1e-12, atol=1e-13)


def test_at_the_optimum_the_mean_is_the_trajectory(springs):
    """k = 0 there; on a linear robot the marginals' means are then the states themselves."""
    optimum = Settings(regularization_start=0.0, cost_tolerance=1e-9)
    solution = ilqr(springs, task_objective(springs, T), np.ones(4), np.zeros((T, 2)), optimum)
    q = trajectory_distribution(solution, Sigma_0, Sigma_f)
    np.testing.assert_allclose(q.mu, solution.X[:-1], atol=1e-9)


def test_samples_of_states_have_the_moments_of_the_marginals(solution, rng):
    q = trajectory_distribution(solution, Sigma_0, Sigma_f)
    states = q.sample_states(20_000, rng)
    assert states.shape == (T, 20_000, 4)
    for t in range(T):
        assert_moments(states[t], q.mu[t], q.Sigma[t])
    # independent from step to step, unlike rollouts
    early, late = states[4, :, 0] - q.mu[4, 0], states[5, :, 0] - q.mu[5, 0]
    assert abs(np.corrcoef(early, late)[0, 1]) < STANDARD_ERRORS / np.sqrt(20_000)


def test_displacements_are_zero_and_opposite_pairs(solution, rng):
    q = trajectory_distribution(solution, Sigma_0, Sigma_f)
    pairs = 10_000
    displacements = q.antithetic_displacements(pairs, rng)
    assert displacements.shape == (T, 1 + 2 * pairs, 4)
    assert (displacements[:, 0] == 0.0).all()
    draws, opposite = displacements[:, 1 : 1 + pairs], displacements[:, 1 + pairs :]
    np.testing.assert_array_equal(draws, -opposite)
    for t in range(T):
        assert_moments(draws[t], np.zeros(4), q.Sigma[t])


def test_samples_depend_on_the_generator_alone(solution):
    q = trajectory_distribution(solution, Sigma_0, Sigma_f)
    first, again, other = (q.sample_states(3, np.random.default_rng(s)) for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).all()


def test_a_start_that_is_known_exactly(solution, rng):
    """Zero initial covariance: one state at step 0, and a spread of lower rank at step 1."""
    q = trajectory_distribution(solution, np.zeros((4, 4)), np.zeros((4, 4)))
    assert (q.Sigma[0] == 0.0).all()
    states = q.sample_states(50, rng)
    np.testing.assert_allclose(states[0], np.broadcast_to(solution.X[0], (50, 4)), atol=1e-100)
    # after one step only the two actions have spread the state: rank 2 of 4
    assert np.linalg.matrix_rank(q.Sigma[1], tol=1e-12) == 2
    assert_moments(q.sample_states(20_000, rng)[1], q.mu[1], q.Sigma[1])


def test_a_long_horizon_without_process_noise_can_be_sampled(swimmer, rng):
    """Rank-deficient marginals stay semidefinite enough for their square root over 300 steps."""
    U = 20.0 * rng.standard_normal((300, 2))
    limit = Settings(max_iterations=3)
    solution = ilqr(swimmer, task_objective(swimmer, 300), swimmer.x0, U, limit)
    q = trajectory_distribution(solution, np.zeros((10, 10)), np.zeros((10, 10)))
    assert np.isfinite(q.sample_states(5, rng)).all()


def test_square_root(rng):
    A = rng.standard_normal((6, 4, 4))
    covariance = A @ A.transpose(0, 2, 1)
    root = square_root(covariance)
    np.testing.assert_allclose(root @ root.transpose(0, 2, 1), covariance, rtol=1e-10, atol=1e-11)
    np.testing.assert_array_equal(root, np.tril(root))


def test_marginals_that_are_not_finite_name_the_step(solution):
    """A closed loop that overflows: the error says where."""
    f_x = solution.expansion.f_x.copy()
    f_x[6] = 1e200
    broken = solution._replace(expansion=solution.expansion._replace(f_x=f_x))
    with np.errstate(all="ignore"), pytest.raises(FloatingPointError, match="at step 7$"):
        trajectory_distribution(broken, Sigma_0, Sigma_f)


def test_a_negative_curvature_would_show():
    """The square root refuses what is not a covariance, instead of returning something."""
    with pytest.raises(FloatingPointError, match="covariance at step 1 is not positive definite"):
        square_root(np.array([np.eye(2), np.diag([1.0, -1e-3])]))
