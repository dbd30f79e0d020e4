"""The part of the variational bound L(q, theta) that depends on theta (paper, section 5).

Both objectives are the negative of that part, averaged over samples, so that they are to be
minimised and their scale does not depend on how many samples there are: nats per time step.

    sampled   - 1/N sum_i w_i log pi_theta(u_i | x_i),              (x_i, u_i) ~ q(x, u)   (eq. 3)
    closed    - 1/N sum_i w_i integral q(u | x_i) log pi_theta(u | x_i) du,  x_i ~ q(x)

Samples of q itself have weight 1; those of another distribution have weights w of mean 1 that make
them stand for q.  With pi_theta = N(mu(x), diag sigma^2), which sees only the diagonal v of the
covariance of q, the integral is

    1/N sum_i w_i sum_j  1/2 [(mu_j(x_i) - mu_q_j(x_i))^2 + v_j(x_i)] / sigma_j^2 + log sigma_j
                         + 1/2 log 2 pi.

The sampled form is the closed form of a q without variance in the action: mu_q = u, v = 0.

The best sigma_j^2 is the mean of the bracket.  Where a policy fits actions without variance
exactly, for example because they are all the same, that would be zero and its logarithm infinite: a
mean below VARIANCE_FLOOR counts as VARIANCE_FLOOR, which nothing can lower.

An objective takes theta (n_weights + nu,), in the order of `Policy.theta`, and returns its value
and its gradient (n_weights + nu,).
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vgps.policy.gaussian import LOG_2PI
from vgps.policy.mlp import MLP

Array = NDArray[np.float64]

# In standard units: a deviation of a millionth of that of the actions.
VARIANCE_FLOOR = 1e-12


class ClosedFormBound:
    """States sampled from q, the integral over actions exact: many fewer samples are needed.

    Args:
        Z: (N, n_in) what the policy observes of each sampled state.
        mu_q: (N, nu) mean of q(u | x) at each sampled state.
        var_q: (N, nu) diagonal of the covariance of q(u | x) there.
        n_hidden: number of hidden units of the policy.
        weights: (N,) of the samples, in any scale; one number means that all are equal.

    Raises:
        ValueError: when shapes do not fit together, or a variance or weight is negative.
    """

    def __init__(
        self,
        Z: Array,
        mu_q: ArrayLike,
        var_q: ArrayLike,
        n_hidden: int,
        weights: ArrayLike = 1.0,
    ):
        mean, variance = np.asarray(mu_q, dtype=float), np.asarray(var_q, dtype=float)
        if mean.ndim != 2 or mean.shape[0] != len(Z):
            raise ValueError(f"the actions must be ({len(Z)}, nu) like Z, not {mean.shape}")
        if variance.shape != mean.shape:
            raise ValueError(f"var_q has shape {variance.shape}, mu_q {mean.shape}")
        if (variance < 0.0).any():
            raise ValueError("var_q has negative entries")
        weight = np.broadcast_to(np.asarray(weights, dtype=float), len(Z))  # (N,)
        if (weight < 0.0).any() or not weight.any():
            raise ValueError("the weights must be positive or zero, and not all zero")
        self._weights = (weight / weight.mean())[:, None]  # (N, 1), exactly 1 when equal
        self._network = MLP(Z, n_hidden, mean.shape[1])
        self._mu_q = np.asfortranarray(mean)  # (N, nu), laid out like the network's outputs
        # All samples share one sigma, so that only the average variance matters.
        self._mean_var_q = (self._weights * variance).mean(0)  # (nu,)

    def __call__(self, theta: Array) -> tuple[float, Array]:
        """Value and gradient (n_weights + nu,) at theta (n_weights + nu,)."""
        N, nu = self._mu_q.shape
        weights, log_sigma = theta[:-nu], theta[-nu:]
        precision = np.exp(-2.0 * log_sigma)  # (nu,)

        weighted, spread = self._errors(weights)
        exact = spread < VARIANCE_FLOOR  # (nu,)
        spread = np.maximum(spread, VARIANCE_FLOOR)
        value = 0.5 * (precision @ spread + nu * LOG_2PI) + log_sigma.sum()

        weighted *= np.where(exact, 0.0, precision / N)  # d value / d mu
        gradient = np.concatenate([self._network.backward(weighted), 1.0 - precision * spread])
        return value, gradient

    def with_best_sigma(self, theta: Array) -> Array:
        """theta (n_weights + nu,) with the log sigma that is best for its weights."""
        weights = theta[: self._network.n_weights]
        _, spread = self._errors(weights)
        return np.concatenate([weights, 0.5 * np.log(np.maximum(spread, VARIANCE_FLOOR))])

    def _errors(self, weights: Array) -> tuple[Array, Array]:
        """The weighted errors of the mean (N, nu), and the mean of the bracket (nu,)."""
        error = self._network.forward(weights)  # (N, nu)
        error -= self._mu_q
        weighted = self._weights * error  # (N, nu)
        return weighted, np.vecdot(weighted.T, error.T) / len(error) + self._mean_var_q


class SampledBound(ClosedFormBound):
    """States and actions both sampled from q: eq. 3, maximum likelihood.

    Args:
        Z: (N, n_in) what the policy observes of each sampled state.
        U: (N, nu) the action sampled there.
        n_hidden: number of hidden units of the policy.
        weights: (N,) of the samples, in any scale; one number means that all are equal.

    Raises:
        ValueError: when shapes do not fit together or a weight is negative.
    """

    def __init__(self, Z: Array, U: ArrayLike, n_hidden: int, weights: ArrayLike = 1.0):
        super().__init__(Z, U, np.zeros_like(U, dtype=float), n_hidden, weights)
