"""Sparse factorisation of the mass matrix."""

import casadi as ca


def least_degree(matrix: ca.SX) -> list[int]:
    """Rows ordered so that each has as few entries as possible in what is left to eliminate.

    (Tinney & Walker 1967.)  On a branching tree that is from the leaves to the root, and keeps the
    branches apart; on a chain, whose angles all couple, the root's x and y come first, which couple
    with the angles only and have constant pivots.
    """
    left: dict[int, set[int]] = {i: set() for i in range(matrix.rows())}
    for i, j in zip(*matrix.sparsity().get_triplet(), strict=True):
        if i != j and not matrix[i, j].is_zero():
            left[i].add(j)
    order = []
    while left:
        pivot = min(left, key=lambda i: (len(left[i]), -i))
        neighbours = left.pop(pivot)
        for i in neighbours:
            left[i] = (left[i] | neighbours) - {i, pivot}
        order.append(pivot)
    return order


class SparseFactor:
    """L D L^T of a symmetric matrix with structural zeros, in the order of least degree."""

    def __init__(self, matrix: ca.SX) -> None:
        self.order = order = least_degree(matrix)
        n = len(order)
        A = [[matrix[i, j] for j in order] for i in order]
        self.L = [[ca.SX(0)] * n for _ in range(n)]
        self.D = [A[k][k] for k in range(n)]
        for k in range(n):
            self.D[k] = A[k][k]
            for i in range(k + 1, n):
                if not A[i][k].is_zero():
                    self.L[i][k] = A[i][k] / self.D[k]
            for i in range(k + 1, n):
                for j in range(k + 1, i + 1):
                    if not (self.L[i][k].is_zero() or A[j][k].is_zero()):
                        A[i][j] = A[i][j] - self.L[i][k] * A[j][k]
                        A[j][i] = A[i][j]

    @property
    def entries(self) -> int:
        """Structural nonzeros of L beside its diagonal."""
        return sum(not e.is_zero() for i, row in enumerate(self.L) for e in row[:i])

    def solve(self, rhs: ca.SX) -> ca.SX:
        """Solution X (n, m) of (L D L^T) X = rhs."""
        n, order = len(self.order), self.order
        rows = [rhs[i, :] for i in order]
        for k in range(n):
            for i in range(k + 1, n):
                if not self.L[i][k].is_zero():
                    rows[i] = rows[i] - self.L[i][k] * rows[k]
        rows = [row / d for row, d in zip(rows, self.D, strict=True)]
        for k in reversed(range(n)):
            for i in range(k + 1, n):
                if not self.L[i][k].is_zero():
                    rows[k] = rows[k] - self.L[i][k] * rows[i]
        back = sorted(range(n), key=order.__getitem__)
        return ca.sparsify(ca.vertcat(*(rows[k] for k in back)))
