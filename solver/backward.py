"""The backward pass of iLQR (Levine & Koltun 2013, section 4; Tassa, Erez & Todorov 2012).

    Q_xx = c_xx + f_x^T V_xx' f_x      Q_x = c_x + f_x^T V_x'
    Q_ux = c_ux + f_u^T V_xx' f_x      Q_u = c_u + f_u^T V_x'
    Q_uu = c_uu + f_u^T V_xx' f_u
    k = -Q_uu^-1 Q_u     K = -Q_uu^-1 Q_ux

from V' = 0 after the last step.  Regularisation adds mu to V_xx' (a quadratic pull to the old
states), that is mu f_u^T f_u to Q_uu and mu f_u^T f_x to Q_ux where the gains are computed; the
value function keeps the unregularised Q, so its expected decrease is honest.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.emission.backward_pass import Arguments, Stop
from vgps.solver.boxqp import solve_box
from vgps.solver.dense import cholesky_solve
from vgps.solver.native import call, kernel, row

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
        """Arrays of zeros, to be filled."""
        shapes = (T, nu), (T, nu, nx), (T, nu), (T, nu, nu), (T, nx), (T, nx, nx), (2,)
        return cls(*(np.zeros(shape) for shape in shapes))


@kernel
def backward(steps, expansion, U, limits, mu, gains):
    """Fill ``gains``; returns -1, or the step at which the regularised Q_uu is not positive definite.

    ``steps`` is the address of the robot's compiled ``backward``, which goes through the steps as long
    as no limit is reached.  ``limits`` (nu,) bounds |U + k|; with a bound in reach the step's
    quadratic is minimised in the box and the gains of clamped actions are zero (Tassa et al. 2014).
    """
    weight, progress = np.array([mu]), np.array([len(U) - 1, Stop.DONE.value])
    e, g = expansion, gains
    # Only arrays of the caller: an address does not keep alive what is made here.
    fields = Arguments(
        T=len(U),
        limits=row(limits, 0),
        U=row(U, 0),
        f_x=row(e.f_x, 0),
        f_u=row(e.f_u, 0),
        c_x=row(e.c_x, 0),
        c_u=row(e.c_u, 0),
        c_xx=row(e.c_xx, 0),
        c_ux=row(e.c_ux, 0),
        c_uu=row(e.c_uu, 0),
        k=row(g.k, 0),
        K=row(g.K, 0),
        Q_u=row(g.Q_u, 0),
        R_uu=row(g.Q_uu, 0),
        V_x=row(g.V_x, 0),
        V_xx=row(g.V_xx, 0),
        expected=row(g.expected, 0),
    )
    arguments = np.array(fields)
    gains.expected[:] = 0.0
    while progress[0] >= 0:
        call(steps, (arguments.ctypes.data, weight.ctypes.data, progress.ctypes.data))
        t = progress[0]
        if progress[1] == Stop.NOT_CONVEX.value:
            return t
        if progress[1] == Stop.OUT_OF_LIMITS.value and not _minimize_in_box(limits, U[t], gains, t):
            return t
    return -1


@kernel
def _minimize_in_box(limits, u, gains, t):
    """Replace k by the minimiser in the box, and let clamped actions have no feedback."""
    nu, nx = gains.K.shape[1:]
    k, K, R_uu = gains.k[t], gains.K[t], gains.Q_uu[t]
    free, L, right = np.empty(nu), np.zeros((nu, nu)), np.empty((nu, nx))
    if not solve_box(R_uu, gains.Q_u[t], -limits - u, limits - u, k, free, L):
        return False
    for i in range(nu):
        for j in range(nx):
            right[i, j] = 0.0  # -R_ux of the free actions, from K = -R_uu^-1 R_ux
            for m in range(nu):
                right[i, j] += free[i] * R_uu[i, m] * K[m, j]
    cholesky_solve(L, right)
    K[:] = right
    return True
