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
from solver.dense import cholesky_solve
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
    """Addresses of the parts of one step, compiled for the robot's sizes (``codegen/riccati.c``)."""

    q_function: int
    gains: int
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
    nothing_x, nothing_xx = np.zeros((1, nx)), np.zeros((1, nx, nx))
    V = row(nothing_x, 0), row(nothing_xx, 0)
    Q_x, Q_xx, Q_ux = np.empty(nx), np.empty((nx, nx)), np.empty((nu, nx))
    Q_uu, R_ux = np.empty((nu, nu)), np.empty((nu, nx))  # R: regularised
    weight, positive = np.array([mu]), np.empty(1)
    gains.expected[:] = 0.0

    for t in range(T - 1, -1, -1):
        f = row(expansion.f_x, t), row(expansion.f_u, t)
        c_x, c_u = row(expansion.c_x, t), row(expansion.c_u, t)
        c_xx, c_ux = row(expansion.c_xx, t), row(expansion.c_ux, t)
        c = c_x, c_u, c_xx, c_ux, row(expansion.c_uu, t)
        Q_u, R = row(gains.Q_u, t), (row(gains.Q_uu, t), R_ux.ctypes.data)
        Q = Q_x.ctypes.data, Q_u, Q_xx.ctypes.data, Q_ux.ctypes.data, Q_uu.ctypes.data
        call(products.q_function, f + V + c + (weight.ctypes.data,) + Q + R)
        policy = row(gains.k, t), row(gains.K, t)
        # In full, though a box needs it in the free actions only: Q_uu^-1 is pi_G's covariance.
        call(products.gains, R + (Q_u,) + policy + (positive.ctypes.data,))
        if positive[0] == 0.0 or not _keep_within(limits, U[t], gains, t, R_ux):
            return t
        V = row(gains.V_x, t), row(gains.V_xx, t)
        call(products.value_function, policy + Q + V + (gains.expected.ctypes.data,))
    return -1


@kernel
def _keep_within(limits, u, gains, t, R_ux):
    """Where u + k passes a limit: the minimiser in the box, and no feedback for clamped actions."""
    nu, nx = R_ux.shape
    k, K = gains.k[t], gains.K[t]
    inside = True
    for i in range(nu):
        inside &= abs(u[i] + k[i]) < limits[i]
    if inside:
        return True
    free, L, right = np.empty(nu), np.zeros((nu, nu)), np.empty((nu, nx))
    if not solve_box(gains.Q_uu[t], gains.Q_u[t], -limits - u, limits - u, k, free, L):
        return False
    for i in range(nu):
        for j in range(nx):
            right[i, j] = -R_ux[i, j] * free[i]
    cholesky_solve(L, right)
    K[:] = right
    return True
