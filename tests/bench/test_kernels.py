"""The loops reach every state once, against small C functions with the robots' signatures."""

import ctypes

import numpy as np
import pytest

from vgps.bench import kernels
from vgps.bench.share import peak
from vgps.codegen.toolchain import find_toolchain

# One coordinate and one action; the sums tell which state was where, and how often.
SOURCE = """
void one(const double *q, const double *v, const double *u, double *a, double *a_z)
{
  a[0] = q[0] + 10 * v[0] + 100 * u[0];
  for (int i = 0; i < 3; ++i) a_z[i] += a[0] + i;
}
void all(long N, const double *q, const double *v, const double *u, double *a, double *a_z)
{
  for (long n = 0; n < N; ++n) one(q + n, v + n, u + n, a + n, a_z + 3 * n);
}
void roll(long T, const double *x0, const double *U, double *X)
{
  X[0] = x0[0];
  for (long t = 0; t < T; ++t) X[t + 1] = X[t] + U[t];
}
void rolls(long R, long T, const double *x0, const double *U, double *X)
{
  for (long r = 0; r < R; ++r) roll(T, x0 + r, U + r * T, X + r * (T + 1));
}
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("c")
    (folder / "small.c").write_text(SOURCE, encoding="utf-8")
    find_toolchain().compile(folder / "small.c", folder / "small.so")
    library = ctypes.CDLL(str(folder / "small.so"))
    return lambda name: ctypes.cast(getattr(library, name), ctypes.c_void_p).value


@pytest.mark.parametrize(
    ("function", "loop"), [("one", kernels.each_acceleration), ("all", kernels.all_accelerations)]
)
def test_accelerations(address, function, loop):
    q, v, u = (np.arange(12.0).reshape(4, 3).T + 1).reshape(3, 4, 1).copy()
    a, a_z = np.empty((4, 1)), np.zeros((4, 1, 3))
    loop(address(function), 2, q, v, u, a, a_z)
    np.testing.assert_array_equal(a, q + 10 * v + 100 * u)
    np.testing.assert_array_equal(a_z, 2 * (a[:, :, None] + np.arange(3.0)))


@pytest.mark.parametrize(
    ("function", "loop"), [("roll", kernels.each_rollout), ("rolls", kernels.all_rollouts)]
)
def test_rollouts(address, function, loop):
    rng = np.random.default_rng(0)
    x0, U, X = rng.normal(size=(5, 1)), rng.normal(size=(5, 7, 1)), np.empty((5, 8, 1))
    loop(address(function), 1, x0, U, X)
    expected = np.cumsum(np.concatenate([x0[:, None], U], axis=1), axis=1)
    np.testing.assert_allclose(X, expected, rtol=1e-14)


@pytest.mark.parametrize("turns", [1, 2, 200])
def test_the_peak_loop_does_what_it_counts(turns):
    """Twelve chains of x -> x/2 + 1, the first from 1, the next from 2 and so on."""
    chains = 1.0 + np.arange(12)
    for _ in range(turns):
        chains = chains / 2 + 1
    numbers = np.array([0.5, 1.0])
    kernels.call_peak(peak().address, 1, turns, numbers)
    assert numbers[0] == pytest.approx(chains.sum(), rel=1e-14)
    assert peak().operations % (2 * len(chains)) == 0
