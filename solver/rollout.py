"""Rollouts through the true dynamics: of given actions, or under a time-varying linear feedback."""

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.model import Model
from vgps.solver.native import call, kernel, row
from vgps.solver.objective import Objective, costs

Array = NDArray[np.float64]


def rollout(model: Model, objective: Objective, x0: Array, U: Array) -> tuple[Array, Array, float]:
    """The rollout from x0 (nx,) under the actions U (T, nu), clipped to the limits, and its cost.

    Returns:
        States (T+1, nx), actions within the limits (T, nu), and the cost, which is infinite where a
        state is not finite.
    """
    x0, U = (np.ascontiguousarray(array, dtype=float) for array in (x0, U))
    T, nu, nx = len(U), model.nu, model.nx
    no_feedback = np.zeros((T, nx)), U, np.zeros((T, nu)), np.zeros((T, nu, nx)), np.zeros(1)
    X_new, U_new = np.empty((1, T + 1, nx)), np.empty((1, T, nu))
    limits = model.limits
    closed_loop_rollouts(model.address("follow"), x0[None], *no_feedback, limits, X_new, U_new)
    return X_new[0], U_new[0], total_cost(objective, X_new[0], U_new[0], np.empty(T))


def held(model: Model, x0: Array, x: Array, u: Array, K: Array, T: int) -> Array:
    """The actions (T, nu), within the limits, of the feedback u + K (x_t - x) from x0 (nx,).

    Args:
        model: the robot.
        x0: (nx,) where it begins.
        x: (nx,) on which it is held.
        u: (nu,) actions there.
        K: (nu, nx) feedback gain.
        T: number of steps.
    """
    reference = np.tile(x, (T, 1)), np.tile(u, (T, 1)), np.zeros((T, model.nu))
    about = *reference, np.tile(K, (T, 1, 1)), np.zeros(1), model.limits
    X_new, U_new = np.empty((1, T + 1, model.nx)), np.empty((1, T, model.nu))
    closed_loop_rollouts(model.address("follow"), x0[None], *about, X_new, U_new)
    return U_new[0]


@kernel
def closed_loop_rollouts(
    follow: int,
    x0: Array,
    X: Array,
    U: Array,
    k: Array,
    K: Array,
    sizes: Array,
    limits: Array,
    X_new: Array,
    U_new: Array,
) -> None:
    """Fill R rollouts under u_t = U[t] + size k[t] + K[t] (x_t - X[t]), each with its own size.

    Args:
        follow: address of the robot's compiled function of this name.  It has one rollout in each
            SIMD lane: eight cost about as much as one.
        x0: (R, nx) where each begins.
        X: (T, nx) or (T+1, nx) reference states.
        U: (T, nu) reference actions.
        k: (T, nu) changes of the actions.
        K: (T, nu, nx) feedback gains.
        sizes: (R,) share of k that each rollout adds.
        limits: (2, nu) least and largest actions, to which they are clipped.
        X_new: (R, T+1, nx), filled with the states.
        U_new: (R, T, nu), filled with the clipped actions.
    """
    about = row(X, 0), row(U, 0), row(k, 0), row(K, 0), row(sizes, 0), row(limits, 0)
    call(follow, (len(x0), len(U), row(x0, 0)) + about + (row(X_new, 0), row(U_new, 0)))


@kernel
def total_cost(objective: Objective, X: Array, U: Array, c: Array) -> float:
    """Sum of the costs ``c`` (T,), filled here, along X (T+1, nx), U (T, nu).

    Infinite where a cost or state is not finite.
    """
    for x in X.reshape(-1):
        if not np.isfinite(x):
            return np.inf
    costs(objective, X, U, c)
    total = 0.0
    for t in range(len(c)):
        total += c[t]
    return total if np.isfinite(total) else np.inf
