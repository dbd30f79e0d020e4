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

from codegen.model import Model
from solver.boxqp import solve_box
from solver.dense import cholesky, cholesky_solve
from solver.native import call, kernel, row

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


class Products(NamedTuple):
    """Addresses of the robot's matrix products, compiled for its sizes (``codegen/riccati.c``)."""

    q_function: int
    regularize: int
    value_function: int

    @classmethod
    def of(cls, model: Model) -> "Products":
        return cls(*(model.address(name) for name in cls._fields))


@kernel
def backward(products, expansion, U, limits, mu, gains):
    """Fill ``gains``; returns -1, or the step at which the regularised Q_uu is not positive definite.

    ``limits`` (nu,) bounds |U + k|; with a bound in reach the step's quadratic is minimised in the
    box and the gains of clamped actions are zero (Tassa et al. 2014).
    """
    T, nx, nu = expansion.f_u.shape
    boxed = np.isfinite(limits).any()
    V_x, V_xx = np.zeros(nx), np.zeros((nx, nx))
    Q_x, Q_xx, Q_ux = np.empty(nx), np.empty((nx, nx)), np.empty((nu, nx))
    Q_uu, R_ux = np.empty((nu, nu)), np.empty((nu, nx))  # R: regularised
    L, right, free = np.zeros((nu, nu)), np.empty((nu, nx + 1)), np.ones(nu)
    lower, upper = np.empty(nu), np.empty(nu)
    weight = np.array([mu])
    gains.expected[:] = 0.0

    for t in range(T - 1, -1, -1):
        Q_u, R_uu, k, K = gains.Q_u[t], gains.Q_uu[t], gains.k[t], gains.K[t]
        Q_x[:], Q_u[:] = expansion.c_x[t], expansion.c_u[t]
        Q_xx[:], Q_ux[:], Q_uu[:] = expansion.c_xx[t], expansion.c_ux[t], expansion.c_uu[t]
        f = row(expansion.f_x, t), row(expansion.f_u, t)
        Q = Q_x.ctypes.data, row(gains.Q_u, t), Q_xx.ctypes.data, Q_ux.ctypes.data, Q_uu.ctypes.data
        V = V_x.ctypes.data, V_xx.ctypes.data
        call(products.q_function, f + V + Q)

        R_uu[:], R_ux[:] = Q_uu, Q_ux
        if mu > 0.0:
            R = R_ux.ctypes.data, row(gains.Q_uu, t)
            call(products.regularize, (weight.ctypes.data,) + f + R)
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

        policy = row(gains.k, t), row(gains.K, t)
        call(products.value_function, policy + Q + V + (gains.expected.ctypes.data,))
        gains.V_x[t], gains.V_xx[t] = V_x, V_xx
    return -1
