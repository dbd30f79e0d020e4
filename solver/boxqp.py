"""min_u  1/2 u^T H u + g^T u   subject to   lower <= u <= upper,   H positive definite.

The step of control-limited DDP (Tassa, Mansard & Todorov, ICRA 2014), by a primal active set
(Nocedal & Wright, section 16.5).  Newton's step in the free coordinates ends where the first of
them reaches its bound, and this coordinate is clamped; at the minimum for the present set of
clamps, the clamped coordinate with the steepest descent into the box is freed.  Each step lowers
the objective, so that no set of clamps occurs twice.
"""

import numpy as np
from numpy.typing import NDArray

from vgps.solver.dense import cholesky, cholesky_solve
from vgps.solver.native import kernel

Array = NDArray[np.float64]

MAX_ITERATIONS = 100
_TOLERANCE = 1e-12  # of a gradient, relative to the terms that it sums


@kernel
def solve_box(
    H: Array, g: Array, lower: Array, upper: Array, u: Array, free: Array, L: Array
) -> bool:
    """Overwrite ``u`` with the minimiser.

    Args:
        H: (n, n) symmetric.
        g: (n,).
        lower: (n,), may be -inf.
        upper: (n,), may be inf.
        u: (n,) where to start; filled with the minimiser.
        free: (n,), filled with 1.0 for the free coordinates and 0.0 for the clamped ones.
        L: (n, n), filled with the Cholesky factor of H with clamped rows and columns replaced by
            those of the identity.

    Returns:
        False where the free part of H is not positive definite or the iteration limit is reached.
    """
    n = len(u)
    gradient, reduced, direction = np.empty(n), np.empty((n, n)), np.empty((n, 1))
    for i in range(n):
        u[i] = min(max(u[i], lower[i]), upper[i])
        free[i] = 1.0 if lower[i] < u[i] < upper[i] else 0.0
    for _ in range(MAX_ITERATIONS):
        _differentiate(H, g, u, gradient)
        for i in range(n):
            direction[i, 0] = -free[i] * gradient[i]
            for j in range(n):
                reduced[i, j] = free[i] * free[j] * H[i, j]
            if free[i] == 0.0:
                reduced[i, i] = 1.0
        if not cholesky(reduced, L):
            return False
        cholesky_solve(L, direction)

        size, blocked, bound = 1.0, -1, 0.0
        for i in range(n):
            if direction[i, 0] != 0.0:
                ahead = upper[i] if direction[i, 0] > 0.0 else lower[i]
                room = (ahead - u[i]) / direction[i, 0]
                if room < size:
                    size, blocked, bound = room, i, ahead
        for i in range(n):
            u[i] = min(max(u[i] + size * direction[i, 0], lower[i]), upper[i])
        if blocked >= 0:
            u[blocked], free[blocked] = bound, 0.0
            continue

        strongest = _TOLERANCE * _differentiate(H, g, u, gradient)
        freed = -1
        for i in range(n):
            if free[i] == 0.0 and lower[i] < upper[i]:
                inwards = -gradient[i] if u[i] <= lower[i] else gradient[i]
                if inwards > strongest:
                    strongest, freed = inwards, i
        if freed < 0:
            return True
        free[freed] = 1.0
    return False


@kernel
def _differentiate(H: Array, g: Array, u: Array, gradient: Array) -> float:
    """gradient = H u + g; returns the largest sum of the absolute terms of an entry."""
    largest = 0.0
    for i in range(len(u)):
        gradient[i], total = g[i], abs(g[i])
        for j in range(len(u)):
            gradient[i] += H[i, j] * u[j]
            total += abs(H[i, j] * u[j])
        largest = max(largest, total)
    return largest
