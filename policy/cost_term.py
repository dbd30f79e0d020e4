"""-log pi_theta(u | x), averaged over displaced states and actions, as a term of a cost.

    e_t(x, u) = -1/S sum_i log pi_theta(u + du_ti | x + dx_ti)

(Levine & Koltun 2013, section 4: "we compute the derivatives of the policy not only along the
current trajectory, but also at samples").  With z_i = W1 (x + dx_i) + b1, s_i = softplus'(z_i),
r_i = u + du_i - mu(x + dx_i) and P = diag(1 / sigma^2), its expansion is, as means over i,

    gradient       c_u = P r_i      c_x = -W1^T (s_i o W2^T P r_i)
    Gauss-Newton   c_uu = P         c_ux = -P W2 diag(s_i) W1      c_xx = W1^T (G o s_i s_i^T) W1

with G = W2^T P W2.  It drops the curvature of mu and is positive semidefinite by construction.  The
sums stay among the hidden units, of which there are fewer than states, and W1 is applied once; W1
dx_i does not change while a trajectory is optimised and is computed beforehand.

The kernels are C callbacks compiled once; a policy is the array of numbers they read.
"""

import math

import numba as nb
import numpy as np
from numba import carray, cfunc
from numpy.typing import NDArray

from policy.mlp import LOG_2PI, Policy
from solver.native import kernel
from solver.objective import CostTerm

Array = NDArray[np.float64]

_HEADER = 5  # nx, n_in, n_hidden, nu, S stand first in the data


def pack(policy: Policy, nx: int, samples: int = 0) -> Array:
    """The numbers of a policy in the order in which the kernels read them."""
    sizes = [nx, *policy.shape, samples]
    return np.concatenate([sizes, policy.observed, policy.theta]).astype(float)


def negative_log_policy(policy: Policy, dX: Array, dU: Array) -> CostTerm:
    """The term e_t in nats, for displacements dX (T, S, nx) and dU (T, S, nu)."""
    T, samples, nx = dX.shape
    hidden = dX[:, :, policy.observed] @ policy.W1.T  # (T, S, n_hidden)
    steps = np.concatenate([hidden.reshape(T, -1), dU.reshape(T, -1)], axis=1)
    return CostTerm(_value.address, _expansion.address, pack(policy, nx, samples), steps)


@kernel
def softplus(z):
    """log(1 + exp(z)) and its derivative, without overflow."""
    e = math.exp(-abs(z))
    slope = 1.0 / (1.0 + e)
    return max(z, 0.0) + math.log1p(e), slope if z >= 0.0 else e * slope


@kernel
def _offsets(sizes):
    """Where W1, b1, W2, b2 and log sigma start in the data."""
    n_in, n_hidden, nu = int(sizes[1]), int(sizes[2]), int(sizes[3])
    W1 = _HEADER + n_in
    b1 = W1 + n_hidden * n_in
    W2 = b1 + n_hidden
    b2 = W2 + nu * n_hidden
    return W1, b1, W2, b2, b2 + nu


@kernel
def forward(data, x, z, mean):
    """mu(x) into ``mean`` (nu,); ``z`` (n_hidden,) is scratch."""
    W1, b1, W2, b2, _ = _offsets(data)
    _preactivation(data, W1, b1, x, z)
    for h in range(len(z)):
        z[h], _ = softplus(z[h])
    for i in range(len(mean)):
        mean[i] = data[b2 + i]
        for h in range(len(z)):
            mean[i] += data[W2 + i * len(z) + h] * z[h]


@kernel
def _preactivation(data, W1, b1, x, z):
    """z = W1 x + b1 (n_hidden,)."""
    n_in = int(data[1])
    for h in range(len(z)):
        total = data[b1 + h]
        for j in range(n_in):
            total += data[W1 + h * n_in + j] * x[int(data[_HEADER + j])]
        z[h] = total


@kernel
def _residual(data, W2, b2, u, du, activation, r):
    """r = u + du - mu (nu,) from the hidden units' ``activation`` (n_hidden,)."""
    n_hidden = len(activation)
    for i in range(len(r)):
        mean = data[b2 + i]
        for h in range(n_hidden):
            mean += data[W2 + i * n_hidden + h] * activation[h]
        r[i] = u[i] + du[i] - mean


@kernel
def _precisions(data, log_sigma, P):
    """1 / sigma^2 into ``P`` (nu,); returns the part of -log pi that depends on sigma alone."""
    constant = 0.0
    for i in range(len(P)):
        P[i] = math.exp(-2.0 * data[log_sigma + i])
        constant += data[log_sigma + i] + 0.5 * LOG_2PI
    return constant


_pointer = nb.types.CPointer(nb.float64)


@cfunc(nb.types.void(*[_pointer] * 5), cache=True)
def _value(x_, u_, data_, step_, c_):
    W1, b1, W2, b2, log_sigma = _offsets(carray(data_, _HEADER))
    data = carray(data_, log_sigma + int(carray(data_, _HEADER)[3]))
    nx, n_hidden, nu, S = int(data[0]), int(data[2]), int(data[3]), int(data[4])
    step, u = carray(step_, S * (n_hidden + nu)), carray(u_, nu)
    z, activation, P, r = np.empty(n_hidden), np.empty(n_hidden), np.empty(nu), np.empty(nu)
    _preactivation(data, W1, b1, carray(x_, nx), z)
    constant = _precisions(data, log_sigma, P)
    total = 0.0
    for s in range(S):
        for h in range(n_hidden):
            activation[h], _ = softplus(z[h] + step[s * n_hidden + h])
        _residual(data, W2, b2, u, step[S * n_hidden + s * nu :], activation, r)
        for i in range(nu):
            total += 0.5 * P[i] * r[i] * r[i]
    carray(c_, 1)[0] = total / S + constant


@cfunc(nb.types.void(*[_pointer] * 10), cache=True)
def _expansion(x_, u_, data_, step_, c_, c_x_, c_u_, c_xx_, c_ux_, c_uu_):
    W1, b1, W2, b2, log_sigma = _offsets(carray(data_, _HEADER))
    data = carray(data_, log_sigma + int(carray(data_, _HEADER)[3]))
    nx, n_in, n_hidden = int(data[0]), int(data[1]), int(data[2])
    nu, S = int(data[3]), int(data[4])
    step, u = carray(step_, S * (n_hidden + nu)), carray(u_, nu)
    z, activation, slope = np.empty(n_hidden), np.empty(n_hidden), np.empty(n_hidden)
    P, r = np.empty(nu), np.empty(nu)
    mean_slope, pull = np.zeros(n_hidden), np.zeros(n_hidden)  # means of s and s o W2^T P r
    products = np.zeros((n_hidden, n_hidden))  # mean of s s^T, lower triangle
    c_x, c_u = carray(c_x_, nx), carray(c_u_, nu)
    c_xx, c_ux, c_uu = carray(c_xx_, (nx, nx)), carray(c_ux_, (nu, nx)), carray(c_uu_, (nu, nu))
    c_x[:], c_u[:] = 0.0, 0.0
    c_xx[:], c_ux[:], c_uu[:] = 0.0, 0.0, 0.0

    _preactivation(data, W1, b1, carray(x_, nx), z)
    constant = _precisions(data, log_sigma, P)
    total = 0.0
    for s in range(S):
        for h in range(n_hidden):
            activation[h], slope[h] = softplus(z[h] + step[s * n_hidden + h])
        _residual(data, W2, b2, u, step[S * n_hidden + s * nu :], activation, r)
        for i in range(nu):
            total += 0.5 * P[i] * r[i] * r[i]
            r[i] *= P[i] / S
            c_u[i] += r[i]
        for h in range(n_hidden):
            mean_slope[h] += slope[h] / S
            gradient = 0.0
            for i in range(nu):
                gradient += data[W2 + i * n_hidden + h] * r[i]
            pull[h] += slope[h] * gradient
            for m in range(h + 1):
                products[h, m] += slope[h] * slope[m] / S
    carray(c_, 1)[0] = total / S + constant

    WP = np.empty((n_hidden, n_in))  # (G o mean s s^T) W1
    for h in range(n_hidden):
        WP[h] = 0.0
        for m in range(n_hidden):
            weight = 0.0
            for i in range(nu):
                weight += data[W2 + i * n_hidden + h] * P[i] * data[W2 + i * n_hidden + m]
            weight *= products[max(h, m), min(h, m)]
            for j in range(n_in):
                WP[h, j] += weight * data[W1 + m * n_in + j]
    for h in range(n_hidden):
        for j in range(n_in):
            w, column = data[W1 + h * n_in + j], int(data[_HEADER + j])
            c_x[column] -= w * pull[h]
            for i in range(nu):
                c_ux[i, column] -= P[i] * data[W2 + i * n_hidden + h] * mean_slope[h] * w
            for m in range(n_in):
                c_xx[column, int(data[_HEADER + m])] += w * WP[h, m]
    for i in range(nu):
        c_uu[i, i] = P[i]
