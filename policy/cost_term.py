"""-log pi_theta(u | x) as a cost term that the trajectory optimiser calls by address.

With r = u - mu(x), J = dmu/dx and P = diag(1 / sigma^2), its expansion is

    gradient       c_u = P r      c_x = -J^T P r
    Gauss-Newton   c_uu = P       c_ux = -P J      c_xx = J^T P J

which drops the curvature of mu and is positive semidefinite by construction (Levine & Koltun 2013,
section 4).  The kernels are C callbacks compiled once; a policy is the array of numbers they read.
"""

import math

import numba as nb
import numpy as np
from numba import carray, cfunc
from numpy.typing import NDArray

from policy.mlp import LOG_2PI, Policy
from solver.native import kernel
from solver.objective import CostTerm

_HEADER = 4  # nx, n_in, n_hidden, nu stand first in the data


def pack(policy: Policy, nx: int) -> NDArray[np.float64]:
    """The numbers of a policy in the order in which the kernels read them."""
    sizes = [nx, *policy.shape]
    return np.concatenate([sizes, policy.observed, policy.theta]).astype(float)


def negative_log_policy(policy: Policy, nx: int) -> CostTerm:
    """The term -log pi_theta(u | x) in nats."""
    return CostTerm(_value.address, _expansion.address, pack(policy, nx))


@kernel
def forward(data, x, mean, slope):
    """mu(x) into ``mean`` (nu,) and the derivative of each hidden unit into ``slope`` (n_hidden,)."""
    n_in, n_hidden, nu = int(data[1]), int(data[2]), int(data[3])
    W1 = _HEADER + n_in
    b1 = W1 + n_hidden * n_in
    W2 = b1 + n_hidden
    b2 = W2 + nu * n_hidden
    for i in range(nu):
        mean[i] = data[b2 + i]
    for h in range(n_hidden):
        z = data[b1 + h]
        for j in range(n_in):
            z += data[W1 + h * n_in + j] * x[int(data[_HEADER + j])]
        e = math.exp(-abs(z))
        activation = max(z, 0.0) + math.log1p(e)
        slope[h] = 1.0 / (1.0 + e) if z >= 0.0 else e / (1.0 + e)
        for i in range(nu):
            mean[i] += data[W2 + i * n_hidden + h] * activation


@kernel
def _log_sigma(data, i):
    return data[len(data) - int(data[3]) + i]


@kernel
def _data_length(sizes):
    n_in, n_hidden, nu = int(sizes[1]), int(sizes[2]), int(sizes[3])
    return _HEADER + n_in + n_hidden * (n_in + 1) + nu * (n_hidden + 1) + nu


@kernel
def _negative_log(data, u, mean):
    total = 0.0
    for i in range(len(u)):
        log_sigma = _log_sigma(data, i)
        z = (u[i] - mean[i]) * math.exp(-log_sigma)
        total += 0.5 * z * z + log_sigma + 0.5 * LOG_2PI
    return total


_pointer = nb.types.CPointer(nb.float64)


@cfunc(nb.types.void(*[_pointer] * 4), cache=True)
def _value(x_, u_, data_, c_):
    data = carray(data_, _data_length(carray(data_, _HEADER)))
    nx, n_hidden, nu = int(data[0]), int(data[2]), int(data[3])
    mean, slope = np.empty(nu), np.empty(n_hidden)
    forward(data, carray(x_, nx), mean, slope)
    carray(c_, 1)[0] = _negative_log(data, carray(u_, nu), mean)


@cfunc(nb.types.void(*[_pointer] * 9), cache=True)
def _expansion(x_, u_, data_, c_, c_x_, c_u_, c_xx_, c_ux_, c_uu_):
    data = carray(data_, _data_length(carray(data_, _HEADER)))
    nx, n_in, n_hidden, nu = int(data[0]), int(data[1]), int(data[2]), int(data[3])
    u = carray(u_, nu)
    mean, slope = np.empty(nu), np.empty(n_hidden)
    forward(data, carray(x_, nx), mean, slope)
    carray(c_, 1)[0] = _negative_log(data, u, mean)

    W1 = _HEADER + n_in
    W2 = W1 + n_hidden * (n_in + 1)
    J = np.zeros((nu, n_in))  # over the observed coordinates
    for i in range(nu):
        for h in range(n_hidden):
            weight = data[W2 + i * n_hidden + h] * slope[h]
            for j in range(n_in):
                J[i, j] += weight * data[W1 + h * n_in + j]

    c_x, c_u = carray(c_x_, nx), carray(c_u_, nu)
    c_xx, c_ux, c_uu = carray(c_xx_, (nx, nx)), carray(c_ux_, (nu, nx)), carray(c_uu_, (nu, nu))
    c_x[:] = 0.0
    c_xx[:], c_ux[:], c_uu[:] = 0.0, 0.0, 0.0
    for i in range(nu):
        precision = math.exp(-2.0 * _log_sigma(data, i))
        c_u[i] = precision * (u[i] - mean[i])
        c_uu[i, i] = precision
        for j in range(n_in):
            column = int(data[_HEADER + j])
            c_x[column] -= J[i, j] * c_u[i]
            c_ux[i, column] = -precision * J[i, j]
            for m in range(n_in):
                c_xx[column, int(data[_HEADER + m])] += J[i, j] * precision * J[i, m]
