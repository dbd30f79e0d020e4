"""Small dense linear algebra for kernels: loops that the compiler vectorises, nothing allocated.

NumPy's products inside Numba go through BLAS, whose call overhead exceeds the work at these sizes.
"""

from solver.native import kernel


@kernel
def multiply(A, B, out):
    """out = A B."""
    for i in range(A.shape[0]):
        out[i, :] = 0.0
        for k in range(A.shape[1]):
            a = A[i, k]
            for j in range(B.shape[1]):
                out[i, j] += a * B[k, j]


@kernel
def add_transposed_product(A, B, out):
    """out += A^T B."""
    for k in range(A.shape[0]):
        for i in range(A.shape[1]):
            a = A[k, i]
            for j in range(B.shape[1]):
                out[i, j] += a * B[k, j]


@kernel
def add_transposed_vector(A, b, out):
    """out += A^T b."""
    for k in range(A.shape[0]):
        for i in range(A.shape[1]):
            out[i] += A[k, i] * b[k]


@kernel
def symmetrize(A):
    """Replace A by (A + A^T) / 2."""
    for i in range(A.shape[0]):
        for j in range(i):
            A[i, j] = A[j, i] = 0.5 * (A[i, j] + A[j, i])


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
    n = L.shape[0]
    for i in range(n):
        for k in range(i):
            B[i, :] -= L[i, k] * B[k, :]
        B[i, :] /= L[i, i]
    for i in range(n - 1, -1, -1):
        for k in range(i + 1, n):
            B[i, :] -= L[k, i] * B[k, :]
        B[i, :] /= L[i, i]
