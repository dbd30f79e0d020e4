"""The backward pass of iLQR (Levine & Koltun 2013, section 4; Tassa, Erez & Todorov 2012).

    Q_xx = c_xx + f_x^T V_xx' f_x      Q_x = c_x + f_x^T V_x'
    Q_ux = c_ux + f_u^T V_xx' f_x      Q_u = c_u + f_u^T V_x'
    Q_uu = c_uu + f_u^T V_xx' f_u
    k = -Q_uu^-1 Q_u     K = -Q_uu^-1 Q_ux

from V' = 0 behind the last step.  Regularisation adds mu to V_xx' (a quadratic pull to the old
states), that is mu f_u^T f_u to Q_uu and mu f_u^T f_x to Q_ux where the gains are computed; the
value function keeps the unregularised Q, so its expected decrease is honest.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from solver.boxqp import solve_box
from solver.dense import (
    add_transposed_product,
    add_transposed_vector,
    cholesky,
    cholesky_solve,
    multiply,
    symmetrize,
)
from solver.native import kernel

Array = NDArray[np.float64]


class Gains(NamedTuple):
    """What the backward pass finds, for each of T steps."""

    k: Array  # (T, nu)
    K: Array  # (T, nu, nx)
    Q_u: Array  # (T, nu)
    Q_uu: Array  # (T, nu, nu), with the regularisation that the gains were computed under
    V_x: Array  # (T, nx)
    V_xx: Array  # (T, nx, nx)
    expected: Array  # (2,): the cost is expected to change by size * [0] + size^2 * [1]

    @classmethod
    def zeros(cls, T: int, nx: int, nu: int) -> "Gains":
        shapes = ((nu,), (nu, nx), (nu,), (nu, nu), (nx,), (nx, nx))
        return cls(*(np.zeros((T, *shape)) for shape in shapes), np.zeros(2))


@kernel
def backward(expansion, U, limits, mu, gains):
    """Fill ``gains``; returns -1, or the step at which the regularised Q_uu is not positive definite.

    ``limits`` (nu,) bounds |U + k|; with a bound in reach the step's quadratic is minimised in the
    box and the gains of clamped actions are zero (Tassa et al. 2014).
    """
    T, nx, nu = expansion.f_u.shape
    boxed = np.isfinite(limits).any()
    W = np.empty((nx, nx))  # V_xx' f_x
    W_u = np.empty((nx, nu))  # V_xx' f_u
    V_x, V_xx = np.zeros(nx), np.zeros((nx, nx))
    Q_x, Q_xx, Q_ux = np.empty(nx), np.empty((nx, nx)), np.empty((nu, nx))
    Q_uu, R_ux = np.empty((nu, nu)), np.empty((nu, nx))  # R: regularised
    L, right, free = np.zeros((nu, nu)), np.empty((nu, nx + 1)), np.ones(nu)
    lower, upper = np.empty(nu), np.empty(nu)
    QK = np.empty((nu, nx))
    gains.expected[:] = 0.0

    for t in range(T - 1, -1, -1):
        f_x, f_u = expansion.f_x[t], expansion.f_u[t]
        Q_u, R_uu, k, K = gains.Q_u[t], gains.Q_uu[t], gains.k[t], gains.K[t]
        multiply(V_xx, f_x, W)
        multiply(V_xx, f_u, W_u)
        Q_x[:], Q_u[:] = expansion.c_x[t], expansion.c_u[t]
        Q_xx[:], Q_ux[:], Q_uu[:] = expansion.c_xx[t], expansion.c_ux[t], expansion.c_uu[t]
        add_transposed_vector(f_x, V_x, Q_x)
        add_transposed_vector(f_u, V_x, Q_u)
        add_transposed_product(f_x, W, Q_xx)
        add_transposed_product(f_u, W, Q_ux)
        add_transposed_product(f_u, W_u, Q_uu)
        symmetrize(Q_uu)

        R_uu[:], R_ux[:] = Q_uu, Q_ux
        if mu > 0.0:
            W_u[:] = mu * f_u
            add_transposed_product(W_u, f_u, R_uu)
            add_transposed_product(W_u, f_x, R_ux)
        # In full, though a box needs it in the free actions only: Q_uu^-1 is pi_G's covariance.
        if not cholesky(R_uu, L):
            return t
        if boxed:
            lower[:], upper[:] = -limits - U[t], limits - U[t]
            if not solve_box(R_uu, Q_u, lower, upper, k, free, L):
                return t
        for i in range(nu):
            right[i, 0] = -Q_u[i] * free[i]
            for j in range(nx):
                right[i, 1 + j] = -R_ux[i, j] * free[i]
        cholesky_solve(L, right)
        K[:] = right[:, 1:]
        if not boxed:
            k[:] = right[:, 0]

        multiply(Q_uu, K, QK)
        for i in range(nu):
            gains.expected[0] += k[i] * Q_u[i]
            for j in range(nu):
                gains.expected[1] += 0.5 * k[i] * Q_uu[i, j] * k[j]
        # V_x = Q_x + K^T (Q_uu k + Q_u) + Q_ux^T k ;  V_xx = Q_xx + K^T Q_uu K + K^T Q_ux + Q_ux^T K
        V_x[:] = Q_x
        add_transposed_vector(QK, k, V_x)
        add_transposed_vector(K, Q_u, V_x)
        add_transposed_vector(Q_ux, k, V_x)
        V_xx[:] = Q_xx
        QK += Q_ux
        add_transposed_product(K, QK, V_xx)
        add_transposed_product(Q_ux, K, V_xx)
        symmetrize(V_xx)
        gains.V_x[t], gains.V_xx[t] = V_x, V_xx
    return -1
