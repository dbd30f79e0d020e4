"""Running a time-varying linear feedback through the true dynamics, and what it costs."""

import numpy as np
from numpy.typing import NDArray

from codegen.model import Model
from solver.native import call, kernel, row
from solver.objective import Objective, value

Array = NDArray[np.float64]


def total(model: Model, objective: Objective, x0: Array, U: Array) -> float:
    """Cost of the actions U (T, nu) from x0 (nx,); infinite where the state leaves the finite."""
    T, nu = U.shape
    X, X_new = np.tile(x0, (T + 1, 1)), np.empty((T + 1, model.nx))
    k, K = np.zeros((T, nu)), np.zeros((T, nu, model.nx))
    limits = np.array(model.robot.torque_limits)
    return follow(
        model.address("step"), objective, X, U, k, K, 0.0, limits, X_new, np.empty_like(U)
    )


@kernel
def follow(
    step: int,
    objective: Objective,
    X: Array,
    U: Array,
    k: Array,
    K: Array,
    size: float,
    limits: Array,
    X_new: Array,
    U_new: Array,
) -> float:
    """Roll out u = U[t] + size k[t] + K[t] (x - X[t]) and return its total cost.

    Starts from X[0]; U_new is clipped to +-``limits`` (nu,).  Fills X_new (T+1, nx) and U_new (T, nu).
    A state or cost that stops being finite ends the rollout with cost infinity.
    """
    T, nu = U.shape
    nx = X.shape[1]
    out = np.empty(1)
    X_new[0] = X[0]
    total = 0.0
    for t in range(T):
        for i in range(nu):
            u = U[t, i] + size * k[t, i]
            for j in range(nx):
                u += K[t, i, j] * (X_new[t, j] - X[t, j])
            U_new[t, i] = min(max(u, -limits[i]), limits[i])
        total += value(objective, t, X_new[t], U_new[t], out)
        call(step, (row(X_new, t), row(U_new, t), row(X_new, t + 1)))
        finite = np.isfinite(total)
        for j in range(nx):
            finite &= np.isfinite(X_new[t + 1, j])
        if not finite:
            return np.inf
    return total
