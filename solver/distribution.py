"""Gaussian distributions over trajectories (Levine & Koltun 2013, section 4).

    q(zeta) = q(x_0) prod_t pi_G(u_t | x_t) N(x_{t+1}; f_x x + f_u u + ..., Sigma_f)
    pi_G(u | x) = N(u_bar + k + K (x - x_bar), Q_uu^-1)

Its state marginals N(mu_t, Sigma_t) run forward through the linearised dynamics:

    Sigma' = F [Sigma, Sigma K^T; K Sigma, Q_uu^-1 + K Sigma K^T] F^T + Sigma_f,   F = [f_x f_u].
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.solver.ilqr import Solution

Array = NDArray[np.float64]


class TrajectoryDistribution(NamedTuple):
    """q over T steps."""

    X: Array  # (T, nx) reference states x_bar
    U: Array  # (T, nu) reference actions u_bar
    k: Array  # (T, nu) change of the reference action
    K: Array  # (T, nu, nx) feedback gain
    covariance: Array  # (T, nu, nu) of pi_G: Q_uu^-1
    mu: Array  # (T, nx) mean of the state
    Sigma: Array  # (T, nx, nx) covariance of the state

    def action_mean(self, states: Array) -> Array:
        """Mean action of pi_G at ``states`` (T, M, nx): (T, M, nu)."""
        deviation = states - self.X[:, None]
        return (self.U + self.k)[:, None] + deviation @ self.K.transpose(0, 2, 1)

    def sample_states(
        self, per_step: int, rng: np.random.Generator, root: Array | None = None
    ) -> Array:
        """States (T, per_step, nx), drawn independently from each step's marginal.

        ``root`` (T, nx, nx) is ``square_root(Sigma)`` of a caller that draws more than once.
        """
        T, nx = self.mu.shape
        normal = rng.standard_normal((T, per_step, nx))
        return self.mu[:, None] + _correlated(
            square_root(self.Sigma) if root is None else root, normal
        )

    def log_density(self, states: Array) -> Array:
        """Log density of ``states`` (n, M, nx) under the marginals of the first n steps.

        Returns:
            (n, M) in nats, relative to the density at the mean, so that it is at most 0.
        """
        n = len(states)
        deviation = states - self.mu[:n, None]
        normal = deviation @ np.linalg.inv(square_root(self.Sigma[:n])).transpose(0, 2, 1)
        return -0.5 * np.square(normal).sum(axis=-1)

    def antithetic_displacements(self, pairs: int, rng: np.random.Generator) -> Array:
        """Zero and ``pairs`` of opposite draws from N(0, Sigma_t): (T, 1 + 2 pairs, nx)."""
        T, nx = self.mu.shape
        draws = _correlated(square_root(self.Sigma), rng.standard_normal((T, pairs, nx)))
        return np.concatenate([np.zeros((T, 1, nx)), draws, -draws], axis=1)


# What overflows is found at the end.
@np.errstate(over="ignore", invalid="ignore")
def trajectory_distribution(
    solution: Solution, Sigma_0: Array, Sigma_f: Array
) -> TrajectoryDistribution:
    """q around an optimised trajectory.

    Args:
        solution: of DDP or iLQR.
        Sigma_0: (nx, nx) covariance of the state at step 0.
        Sigma_f: (nx, nx) covariance of the process noise, which each step adds to the state.

    Raises:
        FloatingPointError: where the marginals are not finite, with the first such step.
    """
    gains, expansion = solution.gains, solution.expansion
    covariance = np.asarray(np.linalg.inv(gains.Q_uu), dtype=np.float64)  # (T, nu, nu)
    closed_loop = expansion.f_x + expansion.f_u @ gains.K  # (T, nx, nx)
    push = (expansion.f_u @ gains.k[:, :, None])[:, :, 0]  # (T, nx)
    noise = expansion.f_u @ covariance @ expansion.f_u.transpose(0, 2, 1) + Sigma_f  # (T, nx, nx)

    X = solution.X[:-1]
    mu, Sigma = np.full_like(X, np.nan), np.full_like(expansion.f_x, np.nan)
    deviation, spread = np.zeros(X.shape[1]), Sigma_0
    for t in range(len(X)):
        mu[t], Sigma[t] = X[t] + deviation, spread
        deviation = closed_loop[t] @ deviation + push[t]
        spread = closed_loop[t] @ spread @ closed_loop[t].T + noise[t]
    finite = np.isfinite(Sigma).all(axis=(1, 2)) & np.isfinite(mu).all(axis=1)
    if not finite.all():
        raise FloatingPointError(f"the state marginals are not finite at step {np.argmin(finite)}")
    return TrajectoryDistribution(X, solution.U, gains.k, gains.K, covariance, mu, Sigma)


def _correlated(root: Array, normal: Array) -> Array:
    """Draws (T, M, nx) with the covariances of which this is the root, of standard normal ones."""
    return normal @ root.transpose(0, 2, 1)


def square_root(covariance: Array) -> Array:
    """Lower-triangular R, R R^T = covariance, of a stack (T, n, n) of semidefinite matrices.

    Raises:
        FloatingPointError: where rounding errors leave one indefinite, with the first such step.
    """
    # A state that is known exactly would leave a zero pivot.
    n = covariance.shape[-1]
    nudge = 1e-14 * np.trace(covariance, axis1=-2, axis2=-1) + 1e-300
    nudged = covariance + nudge[:, None, None] * np.eye(n)
    try:
        return np.linalg.cholesky(nudged)
    except np.linalg.LinAlgError:
        step = np.argmax(np.linalg.eigvalsh(nudged)[:, 0] <= 0.0)
        raise FloatingPointError(
            f"the covariance at step {step} is not positive definite: its variances are too unlike"
        ) from None
