"""The importance-sampled return of guided policy search (Levine & Koltun, ICML 2013, section 4).

From samples zeta_i, drawn from the mixture q of several distributions, with rewards r,

    Phi(theta) = sum_t [ sum_i w_t^i r_t^i  +  w_r log Z_t ]
    w_t^i = rho_t^i / Z_t    rho_t^i = pi_theta(zeta_i,1:t) / q(zeta_i,1:t)    Z_t = sum_i rho_t^i

The weights are normalised at each time step; w_r rewards policies under which the samples are
probable at all, because the normalised return does not depend on that.  Initial state and dynamics
cancel from rho, so that both densities are products of those of the actions,

    log rho_t^i = sum_{s<=t} log pi_theta(u_s^i | x_s^i)  -  log q(u_1:t^i | x_1:t^i),

which differ by thousands: all of this is computed in logarithms up to the weights, which sum to
one.  With J_t = sum_i w_t^i r_t^i the gradient is that of a weighted log-likelihood,

    grad Phi = sum_i sum_s kappa_s^i grad log pi_theta(u_s^i | x_s^i),
    kappa_s^i = sum_{t>=s} w_t^i (r_t^i - J_t + w_r).
"""

import math

import numpy as np
from numpy.typing import NDArray

from vgps.policy.gaussian import LOG_2PI
from vgps.policy.mlp import MLP
from vgps.policy.weights import normalized

Array = NDArray[np.float64]


class ReturnEstimate:
    """-Phi / T, to be minimised: the estimated cost of a step where w_r = 0.

    Args:
        Z: (S, T, n_in) what the policy observes of each sample.
        U: (S, T, nu) the actions taken.
        reward: (S, T), finite.
        log_q: (S, T) log density of the actions up to each step under the mixture, nats.
        n_hidden: number of hidden units of the policy.
        regularizer: w_r.
    """

    def __init__(
        self,
        Z: Array,
        U: Array,
        reward: Array,
        log_q: Array,
        n_hidden: int,
        regularizer: float,
    ):
        S, T, nu = U.shape
        self._network = MLP(Z.reshape(S * T, -1), n_hidden, nu)
        self._U = np.asfortranarray(U.reshape(S * T, nu))
        self._reward, self._log_q, self._regularizer = reward, log_q, regularizer

    def __call__(self, theta: Array) -> tuple[float, Array]:
        """Value and gradient (n_weights + nu,) at theta (n_weights + nu,).

        NaN where the densities are beyond what a number holds, as under a policy almost without
        noise: a line search takes that for a step too long.
        """
        S, T = self._reward.shape
        nu = self._U.shape[1]
        weights, log_sigma = theta[:-nu], theta[-nu:]
        precision = np.exp(-2.0 * log_sigma)  # (nu,)

        error = self._U - self._network.forward(weights)  # (S T, nu)
        square = error * error
        log_pi = -0.5 * (square @ precision + nu * LOG_2PI) - log_sigma.sum()  # (S T,)
        log_rho = np.cumsum(log_pi.reshape(S, T), axis=1) - self._log_q  # (S, T)
        best = log_rho.max(axis=0)  # (T,)
        if not np.isfinite(best).all():
            return math.nan, np.full(theta.size, math.nan)
        w = normalized(log_rho, axis=0)  # (S, T)
        J = (w * self._reward).sum(axis=0)  # (T,)
        log_Z = best + np.log(np.exp(log_rho - best).sum(axis=0))  # (T,)
        value = (J + self._regularizer * log_Z).sum()

        later = w * (self._reward - J + self._regularizer)  # (S, T)
        kappa = np.cumsum(later[:, ::-1], axis=1)[:, ::-1].reshape(-1, 1)  # (S T, 1)
        d_log_sigma = (kappa * (square * precision - 1.0)).sum(axis=0)  # (nu,)
        error *= kappa * precision  # d Phi / d mu
        gradient = np.concatenate([self._network.backward(error), d_log_sigma])
        return -value / T, -gradient / T
