"""The Fisher information matrix of a policy's weights, in closed form over its actions.

    F = E_x[ (d mu / d theta)^T diag(1 / sigma^2) (d mu / d theta) ]

is the Hessian at zero of the mean Kullback-Leibler divergence KL(pi_theta || pi_theta+d), as a
function of a change d of the weights, with sigma kept (Kakade, NIPS 2001; Amari 1998).  A step of
length d^T F d / 2 changes what the policy does by so many nats, whatever the weights mean.

With phi = vec(s (z, 1)^T), s the slopes of the hidden units at the input z, and a = (softplus, 1),
every block of F is a product of numbers with a block of the moments of (phi, a):

    input weights      F_(h.),(m.) = (W2^T P W2)_hm  E[s_h (z,1) s_m (z,1)^T]
    output weights     F_(i.),(i.) = P_i E[a a^T],   none between two actions
    between them       F_(h.),(i.) = P_i W2_ih E[s_h (z,1) a^T]
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vgps.policy.gaussian import Policy
from vgps.policy.mlp import unpack
from vgps.policy.softplus import softplus

Array = NDArray[np.float64]

FLOOR = 1e-2  # share of the largest diagonal entry of a weight's kind
CONDITION = 1e-3  # added to the diagonal of the correlation matrix


def fisher_matrix(policy: Policy, Z: Array, weights: ArrayLike = 1.0) -> Array:
    """F (n_weights, n_weights) in theta's order, as a mean over what the policy observes.

    Args:
        policy: pi_theta.
        Z: (N, n_in) what it observes.
        weights: (N,) of the mean, in any scale; one number means that all are equal.
    """
    n_in, n_hidden, nu = policy.shape
    Z1 = np.column_stack([Z, np.ones(len(Z))])  # (N, n_in + 1)
    activation, slope = softplus(Z1 @ np.column_stack([policy.W1, policy.b1]).T)  # (N, n_hidden)
    phi = (slope[:, :, None] * Z1[:, None, :]).reshape(len(Z), -1)  # (N, n_hidden (n_in + 1))
    features = np.column_stack([phi, activation, np.ones(len(Z))])
    weight = np.asarray(weights, dtype=float)
    features *= np.sqrt(weight / weight.mean())[..., None]  # exactly 1 when equal
    moments = features.T @ features / len(Z)
    P = policy.sigma**-2.0

    inner = phi.shape[1]
    unit = np.repeat(np.arange(n_hidden), n_in + 1)  # hidden unit of each entry of phi
    F = np.zeros((policy.n_weights, policy.n_weights))
    G = (policy.W2.T * P) @ policy.W2  # (n_hidden, n_hidden)
    F[:inner, :inner] = G[np.ix_(unit, unit)] * moments[:inner, :inner]
    for i in range(nu):
        own = slice(inner + i * (n_hidden + 1), inner + (i + 1) * (n_hidden + 1))
        F[own, own] = P[i] * moments[inner:, inner:]
        F[:inner, own] = (P[i] * policy.W2[i])[unit, None] * moments[:inner, inner:]
        F[own, :inner] = F[:inner, own].T
    order = _place_of_each_weight(n_in, n_hidden, nu)
    return F[np.ix_(order, order)]


def natural_basis(policy: Policy, Z: Array, weights: ArrayLike = 1.0) -> Array:
    """B (n_weights, n_weights), B^T F B about the identity: unit steps of B are as far in nats.

    Weights on which the actions hardly depend would be stepped without bound.  Every diagonal entry
    of F therefore gets a share of the largest of its kind, and the correlations are conditioned:

        B = D^-1/2 C^-T,   C C^T = D^-1/2 F D^-1/2 + CONDITION I,   D = diag F.

    Raises:
        FloatingPointError: where F is not finite.
    """
    F = fisher_matrix(policy, Z, weights)
    diagonal = np.diag(F)
    kind = _kind_of_each_weight(*policy.shape)
    largest = np.zeros(kind.max() + 1)
    np.maximum.at(largest, kind, diagonal)
    F = F + FLOOR * np.diag(largest[kind])
    scale = np.sqrt(np.diag(F))
    scale = np.where(scale > 0.0, scale, 1.0)  # of an action that no hidden unit moves
    correlation = F / np.outer(scale, scale) + CONDITION * np.eye(len(F))
    if not np.isfinite(correlation).all():
        raise FloatingPointError("the Fisher matrix of the policy is not finite")
    return np.asarray(np.linalg.inv(np.linalg.cholesky(correlation)).T / scale[:, None])


def _place_of_each_weight(n_in: int, n_hidden: int, nu: int) -> NDArray[np.integer]:
    """Where each entry of theta stands among (W1 b1) and (W2 b2), row by row."""
    inner = np.arange(n_hidden * (n_in + 1)).reshape(n_hidden, n_in + 1)
    outer = inner.size + np.arange(nu * (n_hidden + 1)).reshape(nu, n_hidden + 1)
    parts = inner[:, :-1], inner[:, -1], outer[:, :-1], outer[:, -1]
    return np.concatenate([part.ravel() for part in parts])


def _kind_of_each_weight(n_in: int, n_hidden: int, nu: int) -> NDArray[np.integer]:
    """A number for each input of W1, for b1, for each output of W2 and of b2."""
    kind = np.empty(n_hidden * (n_in + 1) + nu * (n_hidden + 1), dtype=int)
    W1, b1, W2, b2 = unpack(kind, n_in, n_hidden, nu)  # views
    W1[:], b1[:] = np.arange(n_in), n_in
    W2[:] = n_in + 1 + np.arange(nu)[:, None]
    b2[:] = n_in + 1 + nu + np.arange(nu)
    return kind
