"""Actions that a robot can do near recorded states that they do not lead through.

Rolled out, the actions of an unstable robot soon leave the states with which they were recorded, by
another program or on another processor.  So the states are kept, though the robot cannot do them,

    gap_t = f(x_t, u_t) - x_{t+1},

and the gaps are closed by and by, on the way to less cost (feasibility-driven DDP: Giftthaler et
al., IROS 2018; Mastalli et al., ICRA 2020).  An iteration

1. follows the gaps in the linear model under the feedback K of a backward pass, which they do not
   change:  e' = f_x e + f_u d + gap,  d = K e within the limits.  Along (x + e, u + d) there are no
   gaps left;
2. optimises from there, by a second backward pass about the gradients c_z + c_zz (e, d);
3. runs that through the true dynamics with the sizes 1, 1/2, ..., 2^-9, each of which leaves the
   rest of every gap, and takes the one that lowers the merit most:

       u = u_t + size (d + k) + K (x - x_t - size e),     x' = f(x, u) - (1 - size) gap_t.

The merit is the cost plus a weight times the sum of all |gap|; it must fall by at least a share of
what the quadratic model says.  The weight grows until closing the gaps is worth its cost, and is at
least the largest multiplier V_x (Nocedal & Wright, *Numerical Optimization*, 2nd ed., eq. 18.36 and
theorem 17.3).  A step of size 1 closes them all.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.model import Model
from vgps.solver.backward import Gains, backward
from vgps.solver.objective import Expansion, expand, task_objective

Array = NDArray[np.float64]

SIZES = 0.5 ** np.arange(10.0)
ACCEPT = 1e-4  # share of the expected decrease of the merit that a step must achieve
WORTH = 0.5  # share of the weighted gaps by which the merit is at least expected to fall
ITERATIONS = 100  # at most
LEAST, MOST = 1e-6, 1e10  # regularisation, where there is some
FACTOR = 10.0  # by which it grows and falls


class _Step(NamedTuple):
    """The way of an iteration in the linear model: e and d close the gaps, k and K lower the cost.

    The cost is expected to change by  size * slope + size^2 * curvature.
    """

    e: Array  # (T+1, nx)
    d: Array  # (T, nu)
    k: Array  # (T, nu)
    K: Array  # (T, nu, nx)
    multiplier: float  # largest |V_x|, what a unit of a gap is worth
    slope: float
    curvature: float


def gaps(model: Model, X: Array, U: Array) -> Array:
    """(T, nx), by how much the steps from X (T+1, nx) under U (T, nu) miss the next state."""
    return model.steps(X[:-1], U) - X[1:]


def close_gaps(model: Model, X: Array, U: Array) -> tuple[Array, Array]:
    """States (T+1, nx) and actions (T, nu) near X, U; without gaps where that could be reached.

    Args:
        model: the robot, whose task's cost counts.
        X: (T+1, nx) states, which begin where they shall.
        U: (T, nu) actions within the limits.
    """
    objective = task_objective(model, len(U))
    expansion, gap = Expansion.empty(len(U), model.nx, model.nu), gaps(model, X, U)
    weight, regularization, cost = 0.0, 0.0, float(model.cost(X, U).sum())
    for _ in range(ITERATIONS):
        if not gap.any() or regularization > MOST:
            break
        expand(model.address("linearize"), objective, X, U, expansion)
        step = _step(model, expansion, U, gap, regularization)
        size = 0.0
        if step is not None:
            total = float(np.abs(gap).sum())
            rise = step.slope + max(step.curvature, 0.0)
            weight = max(weight, step.multiplier, rise / ((1.0 - WORTH) * total))
            tried_X, tried_U = _rolled_out(model, X, U, gap, step)
            costs = np.array([model.cost(*one).sum() for one in zip(tried_X, tried_U, strict=True)])
            gained = cost - costs + weight * SIZES * total
            expected = SIZES * (weight * total - step.slope) - SIZES**2 * step.curvature
            good = np.flatnonzero((gained >= ACCEPT * expected) & (expected > 0.0))
            if len(good):
                i = good[np.argmax(gained[good])]
                size = SIZES[i]
                X, U, cost, gap = tried_X[i], tried_U[i], float(costs[i]), (1.0 - size) * gap
        if size == 0.0:
            regularization = max(LEAST, FACTOR * regularization)
        elif size > SIZES[2]:
            regularization = regularization / FACTOR if regularization > LEAST else 0.0
    return X, U


def _step(
    model: Model, expansion: Expansion, U: Array, gap: Array, regularization: float
) -> _Step | None:
    """The step about a trajectory with gaps; None where Q_uu is not positive definite."""
    T, nu, nx = len(U), model.nu, model.nx
    steps_back, limits, gains = model.address("backward"), model.limits, Gains.zeros(T, nx, nu)
    if backward(steps_back, expansion, U, limits, regularization, gains) >= 0:
        return None
    e, d = np.zeros((T + 1, nx)), np.zeros((T, nu))
    x = expansion
    for t in range(T):
        d[t] = np.clip(U[t] + gains.K[t] @ e[t], *limits) - U[t]
        e[t + 1] = x.f_x[t] @ e[t] + x.f_u[t] @ d[t] + gap[t]
    closed = expansion._replace(
        c_x=x.c_x + _times(x.c_xx, e[:-1]) + _times(x.c_ux.swapaxes(1, 2), d),
        c_u=x.c_u + _times(x.c_ux, e[:-1]) + _times(x.c_uu, d),
        final_x=x.final_x + x.final_xx @ e[-1],
    )
    if backward(steps_back, closed, U + d, limits, regularization, gains) >= 0:
        return None
    dX, dU = np.zeros((T + 1, nx)), np.zeros((T, nu))
    for t in range(T):
        dU[t] = d[t] + gains.k[t] + gains.K[t] @ (dX[t] - e[t])
        dX[t + 1] = x.f_x[t] @ dX[t] + x.f_u[t] @ dU[t] + gap[t]
    slope = (x.c_x * dX[:-1]).sum() + (x.c_u * dU).sum() + x.final_x @ dX[-1]
    bent = (dX[:-1] * _times(x.c_xx, dX[:-1])).sum() + (dU * _times(x.c_uu, dU)).sum()
    bent += 2.0 * (dU * _times(x.c_ux, dX[:-1])).sum() + dX[-1] @ x.final_xx @ dX[-1]
    multiplier = float(np.abs(gains.V_x).max())
    return _Step(e, d, gains.k, gains.K, multiplier, float(slope), float(0.5 * bent))


def _times(matrices: Array, vectors: Array) -> Array:
    """The products (T, m) of matrices (T, m, n) and vectors (T, n)."""
    return np.einsum("tmn,tn->tm", matrices, vectors)


def _rolled_out(model: Model, X: Array, U: Array, gap: Array, step: _Step) -> tuple[Array, Array]:
    """States (sizes, T+1, nx) and actions (sizes, T, nu) of each size of the step."""
    R, T = len(SIZES), len(U)
    tried_X, tried_U = np.empty((R, T + 1, model.nx)), np.empty((R, T, model.nu))
    tried_X[:, 0] = X[0]
    size = SIZES[:, None]
    for t in range(T):
        away = tried_X[:, t] - X[t] - size * step.e[t]  # (R, nx)
        u = U[t] + size * (step.d[t] + step.k[t]) + away @ step.K[t].T
        tried_U[:, t] = np.clip(u, *model.limits)
        tried_X[:, t + 1] = model.steps(tried_X[:, t], tried_U[:, t]) - (1.0 - size) * gap[t]
    return tried_X, tried_U
