"""-log pi_theta(u | x), averaged over displaced states and actions, as a term of a cost.

    e_t(x, u) = -1/S sum_i log pi_theta(u + du_ti | x + dx_ti)

(Levine & Koltun 2013, section 4: "we compute the derivatives of the policy not only along the
current trajectory, but also at samples").  With z_i = W1 (x + dx_i) + b1, s_i = softplus'(z_i),
r_i = u + du_i - mu(x + dx_i) and P = diag(1 / sigma^2), its expansion is, as means over i,

    gradient       c_u = P r_i      c_x = -W1^T (s_i o W2^T P r_i)
    Gauss-Newton   c_uu = P         c_ux = -P W2 diag(s_i) W1      c_xx = W1^T (G o s_i s_i^T) W1

with G = W2^T P W2.  It drops the curvature of mu and is positive semidefinite by construction.  The
sums are taken over hidden units, of which there are fewer than states, before W1 is applied; W1
dx_i does not change while a trajectory is optimised and is computed beforehand.  In arrays over the
displacements these are the last axis, so that the compiler vectorises over them.

The kernels are C callbacks compiled once; a policy is the array of numbers they read
(`policy.packed`), followed by P, the constant of -log pi_theta, and G.

All this is of a policy that sees coordinates of the state.  Expressions are no linear function of
it, so that nothing can be multiplied by W1 beforehand: `policy.expression_term`.
"""

import numpy as np
from numba import carray
from numpy.typing import NDArray

from vgps.policy.expression_term import expression_term
from vgps.policy.gaussian import LOG_2PI, Policy
from vgps.policy.packed import FAST, HEADER, offsets, pack, preactivation
from vgps.policy.softplus import softplus_into
from vgps.solver.native import Pointer, callback, kernel
from vgps.solver.objective import CostTerm, cleared

Array = NDArray[np.float64]


def negative_log_policy(policy: Policy, dX: Array, dU: Array) -> CostTerm:
    """The term e_t, in nats.

    Args:
        policy: pi_theta.
        dX: (T, S, nx) displacements of the state.
        dU: (T, S, nu) displacements of the action.

    Raises:
        ValueError: when the policy is not for so many coordinates and actions.
    """
    if policy.expressions is not None:
        return expression_term(policy, policy.expressions.computing, dX, dU)
    T, S, nx = dX.shape
    hidden = policy.W1 @ dX[:, :, policy.observed].transpose(0, 2, 1)  # (T, n_hidden, S)
    actions = dU.transpose(0, 2, 1)  # (T, nu, S)
    step_data = np.concatenate([hidden.reshape(T, -1), actions.reshape(T, -1)], axis=1)
    P = policy.sigma**-2.0
    constant = (policy.log_sigma + 0.5 * LOG_2PI).sum()
    G = policy.W2.T @ (P[:, None] * policy.W2)
    data = np.concatenate([pack(policy, nx, dU.shape[-1], S), P, [constant], G.ravel()])
    return CostTerm(_value.address, _expansion.address, data, step_data)


@kernel
def _residuals(
    data: Array,
    x: Array,
    u: Array,
    step_data: Array,
    z: Array,
    activation: Array,
    slope: Array,
    r: Array,
) -> None:
    """Fill z, softplus, its slope (n_hidden, S) and r = u + du - mu (nu, S) at displacements.

    ``step_data`` holds W1 dx (n_hidden, S) and du (nu, S).
    """
    W1, b1, W2, b2, _ = offsets(data)
    n_hidden, S = z.shape
    centre = np.empty(n_hidden)
    preactivation(data, W1, b1, x, centre)
    for h in range(n_hidden):
        for s in range(S):
            z[h, s] = centre[h] + step_data[h * S + s]
    softplus_into(z.reshape(-1), activation.reshape(-1), slope.reshape(-1))
    for i in range(len(r)):
        rest, du = u[i] - data[b2 + i], (n_hidden + i) * S
        for s in range(S):
            r[i, s] = rest + step_data[du + s]
        for h in range(n_hidden):
            weight = data[W2 + i * n_hidden + h]
            for s in range(S):
                r[i, s] -= weight * activation[h, s]


@callback(5, FAST)
def _value(x_: Pointer, u_: Pointer, data_: Pointer, step_data_: Pointer, c_: Pointer) -> None:
    sizes = carray(data_, HEADER)
    nx, n_hidden, nu, S = int(sizes[0]), int(sizes[2]), int(sizes[3]), int(sizes[4])
    P = offsets(sizes)[4]
    data = carray(data_, P + nu + 1)
    step_data, x, u = carray(step_data_, S * (n_hidden + nu)), carray(x_, nx), carray(u_, nu)
    hidden, r = np.empty((3, n_hidden, S)), np.empty((nu, S))
    _residuals(data, x, u, step_data, hidden[0], hidden[1], hidden[2], r)
    total = 0.0
    for i in range(nu):
        squares = 0.0
        for s in range(S):
            squares += r[i, s] * r[i, s]
        total += 0.5 * data[P + i] * squares
    carray(c_, 1)[0] = total / S + data[P + nu]


@callback(10, FAST)
def _expansion(
    x_: Pointer,
    u_: Pointer,
    data_: Pointer,
    step_data_: Pointer,
    c_: Pointer,
    c_x_: Pointer,
    c_u_: Pointer,
    c_xx_: Pointer,
    c_ux_: Pointer,
    c_uu_: Pointer,
) -> None:
    sizes = carray(data_, HEADER)
    nx, n_in, n_hidden = int(sizes[0]), int(sizes[1]), int(sizes[2])
    nu, S = int(sizes[3]), int(sizes[4])
    W1, _, W2, _, P = offsets(sizes)
    G = P + nu + 1
    data = carray(data_, G + n_hidden * n_hidden)
    step_data, x, u = carray(step_data_, S * (n_hidden + nu)), carray(x_, nx), carray(u_, nu)
    c_x, c_u, c_xx, c_ux, c_uu = cleared(nx, nu, c_x_, c_u_, c_xx_, c_ux_, c_uu_)

    hidden, r = np.empty((3, n_hidden, S)), np.empty((nu, S))
    slope = hidden[2]
    _residuals(data, x, u, step_data, hidden[0], hidden[1], slope, r)
    pull = hidden[0]  # W2^T P r of each sample
    pull[:] = 0.0
    total = 0.0
    for i in range(nu):
        squares, mean = 0.0, 0.0
        for s in range(S):
            squares += r[i, s] * r[i, s]
            mean += r[i, s]
        total += 0.5 * data[P + i] * squares
        c_u[i], c_uu[i, i] = data[P + i] * mean / S, data[P + i]
        for h in range(n_hidden):
            weight = data[P + i] * data[W2 + i * n_hidden + h]
            for s in range(S):
                pull[h, s] += weight * r[i, s]
    carray(c_, 1)[0] = total / S + data[P + nu]

    B = np.empty((n_hidden, n_hidden))  # G o mean s s^T
    for h in range(n_hidden):
        for m in range(h + 1):
            product = 0.0
            for s in range(S):
                product += slope[h, s] * slope[m, s]
            B[h, m] = B[m, h] = data[G + h * n_hidden + m] * product / S
    # Derivatives with respect to the observed coordinates.
    e_x, e_ux, e_xx = np.zeros(n_in), np.zeros((nu, n_in)), np.zeros((n_in, n_in))
    BW = np.empty(n_in)  # row h of B W1
    for h in range(n_hidden):
        gradient, mean_slope = 0.0, 0.0
        for s in range(S):
            gradient += slope[h, s] * pull[h, s]
            mean_slope += slope[h, s]
        gradient, mean_slope = gradient / S, mean_slope / S
        BW[:] = 0.0
        for m in range(n_hidden):
            for j in range(n_in):
                BW[j] += B[h, m] * data[W1 + m * n_in + j]
        weights = W1 + h * n_in  # of hidden unit h
        for j in range(n_in):
            e_x[j] -= gradient * data[weights + j]
        for i in range(nu):
            weight = data[P + i] * data[W2 + i * n_hidden + h] * mean_slope
            for j in range(n_in):
                e_ux[i, j] -= weight * data[weights + j]
        for m in range(n_in):
            for j in range(n_in):
                e_xx[m, j] += data[weights + m] * BW[j]
    for j in range(n_in):
        column = int(data[HEADER + j])
        c_x[column] = e_x[j]
        for i in range(nu):
            c_ux[i, column] = e_ux[i, j]
        for m in range(n_in):
            c_xx[int(data[HEADER + m]), column] = e_xx[m, j]
