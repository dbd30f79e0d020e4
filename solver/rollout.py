"""Running a time-varying linear feedback through the true dynamics, and what it costs."""

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.model import Model
from vgps.solver.native import call, kernel, row
from vgps.solver.objective import Objective, costs

Array = NDArray[np.float64]


def roll_out(model: Model, objective: Objective, x0: Array, U: Array) -> tuple[Array, Array, float]:
    """States X (T+1, nx) from x0 (nx,) under the actions U (T, nu) within limits, those, and the cost.

    It is infinite where the state leaves the finite.
    """
    x0, U = (np.ascontiguousarray(array, dtype=float) for array in (x0, U))
    T, nu, nx = len(U), model.nu, model.nx
    still = np.zeros((T, nx)), U, np.zeros((T, nu)), np.zeros((T, nu, nx)), np.zeros(1)
    X_new, U_new = np.empty((1, T + 1, nx)), np.empty((1, T, nu))
    limits = model.limits
    follow(model.address("follow"), x0[None], *still, limits, X_new, U_new)
    return X_new[0], U_new[0], total_cost(objective, X_new[0], U_new[0], np.empty(T))


@kernel
def follow(
    rollouts: int,
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
    """Roll out u = U[t] + size k[t] + K[t] (x - X[t]) from each x0 (R, nx), with its own of sizes (R,).

    ``rollouts`` is the address of the robot's compiled ``follow``, which has one rollout in each SIMD
    lane: eight cost about as much as one.  Fills X_new (R, T+1, nx) and U_new (R, T, nu), the latter
    clipped to +-``limits`` (nu,).
    """
    about = row(X, 0), row(U, 0), row(k, 0), row(K, 0), row(sizes, 0), row(limits, 0)
    call(rollouts, (len(x0), len(U), row(x0, 0)) + about + (row(X_new, 0), row(U_new, 0)))


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
