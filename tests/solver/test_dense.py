"""The kernels of dense factorisations against NumPy, at all small sizes."""

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from vgps.solver import dense

small = st.integers(1, 7)
seeds = st.integers(0, 2**32 - 1)
examples = settings(max_examples=60)


@examples
@given(n=small, m=small, seed=seeds)
def test_cholesky(n, m, seed):
    rng = np.random.default_rng(seed)
    root = rng.standard_normal((n, n))
    A = root @ root.T + 0.1 * np.eye(n)
    L = np.zeros((n, n))
    assert dense.cholesky(A, L)
    np.testing.assert_allclose(L, np.linalg.cholesky(A), atol=1e-11)
    B = rng.standard_normal((n, m))
    X = B.copy()
    dense.cholesky_solve(L, X)
    np.testing.assert_allclose(A @ X, B, atol=1e-9)


@examples
@given(n=small, seed=seeds)
def test_cholesky_of_an_indefinite_matrix_fails(n, seed):
    rng = np.random.default_rng(seed)
    Q, _ = np.linalg.qr(rng.standard_normal((n, n)))
    values = rng.uniform(0.1, 1.0, n)
    values[rng.integers(n)] = -rng.uniform(1e-6, 1.0)
    A = (Q * values) @ Q.T
    assume(np.linalg.eigvalsh(A).min() < -1e-7)
    assert not dense.cholesky(A, np.zeros((n, n)))


def test_cholesky_of_singular_and_undefined_matrices_fails():
    for A in (
        np.zeros((2, 2)),
        np.array([[1.0, 1.0], [1.0, 1.0]]),
        np.array([[1.0, 0.0], [0.0, np.nan]]),
    ):
        assert not dense.cholesky(A, np.zeros((2, 2)))
