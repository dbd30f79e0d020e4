"""min_u  1/2 u^T H u + g^T u   subject to   lower <= u <= upper.

Projected Newton as in control-limited DDP (Tassa, Mansard & Todorov, ICRA 2014; Bertsekas 1982):
coordinates that sit at a bound with the gradient pushing outwards are clamped, a Newton step is
taken in the free ones, and the step is projected and searched back (Armijo).
"""

import numpy as np

from solver.dense import cholesky, cholesky_solve
from solver.native import kernel

MAX_ITERATIONS = 100
_ARMIJO = 0.1
_SHRINK = 0.6


@kernel
def solve_box(H, g, lower, upper, u, free, L):
    """Overwrite ``u`` (its entry is the start) with the minimiser; mark the free coordinates.

    ``free`` (n,) receives 1.0 or 0.0, ``L`` (n, n) the Cholesky factor of H with clamped rows and
    columns replaced by the identity.  False where the free part of H is not positive definite or
    the iteration limit is reached.
    """
    n = len(u)
    gradient, trial = np.empty(n), np.empty(n)
    reduced, direction = np.empty((n, n)), np.empty((n, 1))
    for i in range(n):
        u[i] = min(max(u[i], lower[i]), upper[i])
    for _ in range(MAX_ITERATIONS):
        scale = 0.0
        for i in range(n):
            gradient[i] = g[i]
            for j in range(n):
                gradient[i] += H[i, j] * u[j]
            scale = max(scale, abs(g[i]))
            outwards = (u[i] <= lower[i] and gradient[i] > 0.0) or (
                u[i] >= upper[i] and gradient[i] < 0.0
            )
            free[i] = 0.0 if outwards else 1.0
        slope = 0.0
        for i in range(n):
            direction[i, 0] = -free[i] * gradient[i]
            for j in range(n):
                reduced[i, j] = free[i] * free[j] * H[i, j]
            if free[i] == 0.0:
                reduced[i, i] = 1.0
        if not cholesky(reduced, L):
            return False
        largest = np.abs(direction).max()
        if largest <= 1e-13 * (1.0 + scale):
            return True
        cholesky_solve(L, direction)
        for i in range(n):
            slope += gradient[i] * direction[i, 0]
        before = _quadratic(H, g, u)
        size = 1.0
        while True:
            for i in range(n):
                trial[i] = min(max(u[i] + size * direction[i, 0], lower[i]), upper[i])
            decrease = before - _quadratic(H, g, trial)
            if decrease >= -_ARMIJO * size * slope:
                break
            size *= _SHRINK
            if size < 1e-12:
                return True  # the objective no longer resolves a step: u is optimal to rounding
        u[:] = trial
    return False


@kernel
def _quadratic(H, g, u):
    total = 0.0
    for i in range(len(u)):
        total += g[i] * u[i]
        for j in range(len(u)):
            total += 0.5 * u[i] * H[i, j] * u[j]
    return total
