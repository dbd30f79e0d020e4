"""-log pi_theta(u | x), averaged over displacements, of a policy that sees expressions o = g(x, t).

    e_t(x, u) = -1/S sum_i log pi_theta(u + du_ti | x + dx_ti)

is that of `policy.cost_term`, where a policy sees coordinates.  Expressions are no linear function
of the state: g and its Jacobian are taken at every displaced state, by the robot's compiled code in
SIMD lanes.  With r_i = u + du_i - mu(o_i), P = diag(1 / sigma^2) and

    A_i = d mu / dx = W2 diag(s_i) W1 dg/dx,     s_i = softplus'(W1 o_i + b1),

the expansion is, as means over i,

    gradient       c_u = P r_i      c_x = -A_i^T P r_i
    Gauss-Newton   c_uu = P         c_ux = -P A_i         c_xx = A_i^T P A_i

What the kernels read is the policy (`policy.packed`), followed by P, the constant of -log pi_theta,
and the addresses of g and of g with its Jacobian, which doubles hold exactly.
"""

import numpy as np
from numba import carray
from numpy.typing import NDArray

from vgps.codegen.model import Model
from vgps.policy.gaussian import LOG_2PI, Policy
from vgps.policy.packed import FAST, HEADER, offsets, pack, preactivation
from vgps.policy.softplus import softplus_into
from vgps.solver.native import Pointer, call, callback, kernel, row
from vgps.solver.objective import CostTerm, cleared

Array = NDArray[np.float64]


def expression_term(policy: Policy, model: Model, dX: Array, dU: Array) -> CostTerm:
    """The term e_t, in nats, of rollouts from time 0 on.

    Args:
        policy: pi_theta.
        model: whose expressions it sees.
        dX: (T, S, nx) displacements of the state.
        dU: (T, S, nu) displacements of the action.

    Raises:
        ValueError: when the policy is not for so many coordinates and actions.
    """
    T, S, nx = dX.shape
    t = model.dt * np.arange(T)[:, None]  # (T, 1)
    step_data = np.concatenate([dX.reshape(T, -1), dU.reshape(T, -1), t], axis=1)
    P = policy.sigma**-2.0
    constant = (policy.log_sigma + 0.5 * LOG_2PI).sum()
    functions = [model.address(f"{name}_batch") for name in ("observation", "observation_jacobian")]
    data = np.concatenate([pack(policy, nx, dU.shape[-1], S), P, [constant], functions])
    return CostTerm(_value.address, _expansion.address, data, step_data)


@kernel
def _displaced(x: Array, step_data: Array, X: Array, t: Array) -> None:
    """Fill X (S, nx) with x + dx and t (S,) with the time of the step."""
    S, nx = X.shape
    for s in range(S):
        t[s] = step_data[-1]
        for j in range(nx):
            X[s, j] = x[j] + step_data[s * nx + j]


@kernel
def _residual(
    data: Array, o: Array, u: Array, du: Array, z: Array, activation: Array, slope: Array, r: Array
) -> None:
    """Fill r (nu,) with u + du - mu(o), and z, softplus and its slope (n_hidden,)."""
    W1, b1, W2, b2, _ = offsets(data)
    n_hidden = len(z)
    preactivation(data, W1, b1, o, z)
    softplus_into(z, activation, slope)
    for i in range(len(r)):
        r[i] = u[i] + du[i] - data[b2 + i]
        for h in range(n_hidden):
            r[i] -= data[W2 + i * n_hidden + h] * activation[h]


@callback(5, FAST)
def _value(x_: Pointer, u_: Pointer, data_: Pointer, step_data_: Pointer, c_: Pointer) -> None:
    sizes = carray(data_, HEADER)
    nx, n_in, n_hidden = int(sizes[0]), int(sizes[1]), int(sizes[2])
    nu, S = int(sizes[3]), int(sizes[4])
    P = offsets(sizes)[4]
    data, step_data = carray(data_, P + nu + 3), carray(step_data_, S * (nx + nu) + 1)
    x, u, dU = carray(x_, nx), carray(u_, nu), step_data[S * nx :]
    X, t, o = np.empty((S, nx)), np.empty(S), np.empty((S, n_in))
    _displaced(x, step_data, X, t)
    call(int(data[P + nu + 1]), (S, row(X, 0), row(t, 0), row(o, 0)))
    hidden, r = np.empty((3, n_hidden)), np.empty(nu)
    total = 0.0
    for s in range(S):
        _residual(data, o[s], u, dU[s * nu :], hidden[0], hidden[1], hidden[2], r)
        for i in range(nu):
            total += 0.5 * data[P + i] * r[i] * r[i]
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
    data, step_data = carray(data_, P + nu + 3), carray(step_data_, S * (nx + nu) + 1)
    x, u, dU = carray(x_, nx), carray(u_, nu), step_data[S * nx :]
    c_x, c_u, c_xx, c_ux, c_uu = cleared(nx, nu, c_x_, c_u_, c_xx_, c_ux_, c_uu_)

    X, t = np.empty((S, nx)), np.empty(S)
    o, o_x = np.empty((S, n_in)), np.empty((S, n_in, nx))
    _displaced(x, step_data, X, t)
    call(int(data[P + nu + 2]), (S, row(X, 0), row(t, 0), row(o, 0), row(o_x, 0)))
    hidden, r = np.empty((3, n_hidden)), np.empty(nu)
    slope = hidden[2]
    by_o, A = np.empty(n_in), np.empty((nu, nx))  # a row of d mu / do; d mu / dx
    total = 0.0
    for s in range(S):
        _residual(data, o[s], u, dU[s * nu :], hidden[0], hidden[1], slope, r)
        A[:] = 0.0
        for i in range(nu):
            by_o[:] = 0.0
            for h in range(n_hidden):
                weight = data[W2 + i * n_hidden + h] * slope[h]
                for j in range(n_in):
                    by_o[j] += weight * data[W1 + h * n_in + j]
            for j in range(n_in):
                for m in range(nx):
                    A[i, m] += by_o[j] * o_x[s, j, m]
            share = data[P + i] / S
            total += 0.5 * share * r[i] * r[i]
            c_u[i] += share * r[i]
            for m in range(nx):
                c_x[m] -= share * r[i] * A[i, m]
                c_ux[i, m] -= share * A[i, m]
                for n in range(nx):
                    c_xx[m, n] += share * A[i, m] * A[i, n]
    for i in range(nu):
        c_uu[i, i] = data[P + i]
    carray(c_, 1)[0] = total + data[P + nu]
