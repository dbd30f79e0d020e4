"""The backward pass of DDP (Levine & Koltun 2013, section 4; Tassa, Erez & Todorov 2012).

    Q_xx = c_xx + f_x^T V_xx' f_x      Q_x = c_x + f_x^T V_x'
    Q_ux = c_ux + f_u^T V_xx' f_x      Q_u = c_u + f_u^T V_x'
    Q_uu = c_uu + f_u^T V_xx' f_u
    k = -Q_uu^-1 Q_u     K = -Q_uu^-1 Q_ux

where V' is the value function of the next step; after the last one it is the final cost, or zero.
Regularisation adds r I to V_xx' where the gains are computed, that is r f_u^T f_u to Q_uu and
r f_u^T f_x to Q_ux: it penalises the distance from the old states.  The value function is that of
the unregularised Q under these gains, so that the expected decrease is the one of the true
quadratic model.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.emission.backward_pass import Arguments, Stop
from vgps.solver.boxqp import solve_box
from vgps.solver.dense import cholesky_solve
from vgps.solver.native import call, kernel, row
from vgps.solver.objective import Expansion

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

    @property
    def expected_decrease(self) -> float:
        """Of the cost by the full step."""
        return -float(self.expected[0] + self.expected[1])

    @classmethod
    def zeros(cls, T: int, nx: int, nu: int) -> "Gains":
        """Zero everywhere, to be filled."""
        return cls(
            k=np.zeros((T, nu)),
            K=np.zeros((T, nu, nx)),
            Q_u=np.zeros((T, nu)),
            Q_uu=np.zeros((T, nu, nu)),
            V_x=np.zeros((T, nx)),
            V_xx=np.zeros((T, nx, nx)),
            expected=np.zeros(2),
        )


@kernel
def backward(
    steps: int,
    expansion: Expansion,
    U: Array,
    limits: Array,
    regularization: float,
    gains: Gains,
) -> int:
    """Fill ``gains``.

    Args:
        steps: address of the robot's compiled ``backward``, which goes through the steps as long as
            no limit is reached.
        expansion: along the trajectory.
        U: (T, nu) actions of the trajectory.
        limits: (2, nu) least and largest U + k.  Where an action would pass a limit, the step's
            quadratic is minimised in the box and the gains of clamped actions are zero (Tassa et
            al. 2014).
        regularization: weight r that is added to V_xx'.
        gains: what is filled.

    Returns:
        -1, or the step at which the regularised Q_uu is not positive definite.
    """
    weight, progress = np.array([regularization]), np.array([len(U) - 1, Stop.DONE.value])
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
        final_x=row(e.final_x, 0),
        final_xx=row(e.final_xx, 0),
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
def _minimize_in_box(limits: Array, u: Array, gains: Gains, t: int) -> bool:
    """Replace k by the minimiser in the box and the gains of clamped actions by zero.

    False where Q_uu of the free actions is not positive definite.
    """
    nu, nx = gains.K.shape[1:]
    k, K, R_uu = gains.k[t], gains.K[t], gains.Q_uu[t]
    free, L, right = np.empty(nu), np.zeros((nu, nu)), np.empty((nu, nx))
    if not solve_box(R_uu, gains.Q_u[t], limits[0] - u, limits[1] - u, k, free, L):
        return False
    for i in range(nu):
        for j in range(nx):
            right[i, j] = 0.0  # -R_ux of the free actions, from K = -R_uu^-1 R_ux
            for m in range(nu):
                right[i, j] += free[i] * R_uu[i, m] * K[m, j]
    cholesky_solve(L, right)
    K[:] = right
    return True
