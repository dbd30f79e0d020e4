"""The box-constrained quadratic against trial of all active sets, SciPy and its conditions."""

import numpy as np
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from twin import box_minimum

from vgps.solver.boxqp import solve_box

sizes = st.integers(1, 3)
seeds = st.integers(0, 2**32 - 1)


def problem(seed, n, conditioning=1.0):
    """H positive definite, g, and bounds of which some coincide with the start or lie far off."""
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((n, n)) * conditioning ** rng.uniform(-1, 1, n)
    H = A @ A.T + 1e-3 * np.eye(n)
    g = 3.0 * rng.standard_normal(n)
    lower, upper = -rng.uniform(0, 2, n), rng.uniform(0, 2, n)
    far = rng.random(n) < 0.2
    return H, g, np.where(far, -np.inf, lower), np.where(far, np.inf, upper), rng


def solve(H, g, lower, upper, start):
    n = len(g)
    u, free, L = start.copy(), np.full(n, np.nan), np.zeros((n, n))
    return solve_box(H, g, lower, upper, u, free, L), u, free, L


@settings(max_examples=200)
@given(seed=seeds, n=sizes, conditioning=st.sampled_from([1.0, 10.0, 100.0]))
# here a search along the projected step stalls next to a bound, far from the minimum
@example(seed=1154, n=2, conditioning=100.0)
def test_minimum_is_that_of_the_best_active_set(seed, n, conditioning):
    H, g, lower, upper, rng = problem(seed, n, conditioning)
    ok, u, _, _ = solve(H, g, lower, upper, rng.standard_normal(n))
    expected, _ = box_minimum(H, g, lower, upper)
    assert ok
    assert (lower <= u).all() and (u <= upper).all()
    value, least = 0.5 * u @ H @ u + g @ u, 0.5 * expected @ H @ expected + g @ expected
    assert value <= least + 1e-9 * (1.0 + abs(least))
    np.testing.assert_allclose(u, expected, atol=1e-7 * (1.0 + np.abs(expected).max()))


@settings(max_examples=50)
@given(seed=seeds, n=st.integers(4, 8))
def test_minimum_is_that_of_scipy(seed, n):
    H, g, lower, upper, _ = problem(seed, n)
    ok, u, _, _ = solve(H, g, lower, upper, np.zeros(n))
    found = minimize(
        lambda u: (0.5 * u @ H @ u + g @ u, H @ u + g),
        np.zeros(n),
        jac=True,
        bounds=list(zip(lower, upper, strict=True)),
        method="L-BFGS-B",
        options={"ftol": 1e-15, "gtol": 1e-10, "maxiter": 5000, "maxfun": 50000},
    )
    assert ok
    assert 0.5 * u @ H @ u + g @ u <= found.fun + 1e-8 * (1.0 + abs(found.fun))


@settings(max_examples=100)
@given(seed=seeds, n=st.integers(1, 6))
def test_first_order_conditions(seed, n):
    """The gradient vanishes in free coordinates and points out of the box in clamped ones."""
    H, g, lower, upper, rng = problem(seed, n)
    _, u, free, L = solve(H, g, lower, upper, 5.0 * rng.standard_normal(n))
    slope, clamped = H @ u + g, free == 0.0
    assert set(free) <= {0.0, 1.0}
    assert np.abs(slope[~clamped]).max(initial=0.0) < 1e-9 * (
        1.0 + np.abs(H).max() * np.abs(u).max()
    )
    assert ((u == lower) & (slope > 0.0) | (u == upper) & (slope < 0.0))[clamped].all()
    # the factor is that of H with clamped rows and columns replaced by the identity
    reduced = H * np.outer(free, free) + np.diag(1.0 - free)
    np.testing.assert_allclose(L @ L.T, reduced, atol=1e-12 * np.abs(H).max())


@settings(max_examples=50)
@given(seed=seeds, n=st.integers(1, 6))
def test_without_bounds_it_is_a_linear_system(seed, n):
    H, g, _, _, rng = problem(seed, n)
    ok, u, free, _ = solve(H, g, np.full(n, -np.inf), np.full(n, np.inf), rng.standard_normal(n))
    assert ok and (free == 1.0).all()
    np.testing.assert_allclose(H @ u, -g, atol=1e-9 * (1.0 + np.abs(u).max()))


@settings(max_examples=50)
@given(seed=seeds, n=st.integers(1, 5))
def test_indefinite_free_part_is_reported(seed, n):
    H, g, _, _, rng = problem(seed, n)
    direction = rng.standard_normal(n)
    H -= (direction @ H @ direction / (direction @ direction) ** 2 + 0.1) * np.outer(
        direction, direction
    )
    assume(np.linalg.eigvalsh(H).min() < -1e-6)
    ok, *_ = solve(H, g, np.full(n, -np.inf), np.full(n, np.inf), np.zeros(n))
    assert not ok


def test_start_outside_the_box_is_projected():
    ok, u, *_ = solve(
        np.eye(2), np.zeros(2), np.array([1.0, -2.0]), np.array([3.0, -1.0]), np.full(2, 9.0)
    )
    assert ok
    np.testing.assert_array_equal(u, [1.0, -1.0])


def test_a_box_of_one_point_has_one_answer():
    H, point = np.array([[2.0, 1.0], [1.0, 2.0]]), np.array([0.3, -0.4])
    ok, u, *_ = solve(H, np.array([5.0, -7.0]), point, point, np.zeros(2))
    assert ok
    np.testing.assert_array_equal(u, point)
