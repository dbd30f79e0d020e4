"""Small dense factorisations for kernels, which allocate nothing.

NumPy's inside Numba go through LAPACK, whose call overhead exceeds the work at these sizes.
"""

import numpy as np
from numpy.typing import NDArray

from vgps.solver.native import kernel

Array = NDArray[np.float64]


@kernel
def cholesky(A: Array, L: Array) -> bool:
    """Fill the lower half of L (n, n) with the factor of A (n, n) = L L^T.

    False where A is not positive definite.
    """
    n = A.shape[0]
    for j in range(n):
        pivot = A[j, j]
        for k in range(j):
            pivot -= L[j, k] * L[j, k]
        if not pivot > 0.0:
            return False
        L[j, j] = pivot**0.5
        for i in range(j + 1, n):
            total = A[i, j]
            for k in range(j):
                total -= L[i, k] * L[j, k]
            L[i, j] = total / L[j, j]
    return True


@kernel
def cholesky_solve(L: Array, B: Array) -> None:
    """Overwrite B (n, m) with the solution X of L L^T X = B, for the lower half of L (n, n)."""
    n, m = B.shape
    for i in range(n):
        for k in range(i):
            for j in range(m):
                B[i, j] -= L[i, k] * B[k, j]
        scale = 1.0 / L[i, i]
        for j in range(m):
            B[i, j] *= scale
    for i in range(n - 1, -1, -1):
        for k in range(i + 1, n):
            for j in range(m):
                B[i, j] -= L[k, i] * B[k, j]
        scale = 1.0 / L[i, i]
        for j in range(m):
            B[i, j] *= scale
