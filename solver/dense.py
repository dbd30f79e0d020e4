"""Small dense factorisations for kernels, nothing allocated.

NumPy's inside Numba go through LAPACK, whose call overhead exceeds the work at these sizes.
"""

from vgps.solver.native import kernel


@kernel
def cholesky(A, L):
    """Lower factor of A = L L^T into L; False where A is not positive definite."""
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
def cholesky_solve(L, B):
    """Overwrite B (n, m) with the solution of L L^T X = B."""
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
