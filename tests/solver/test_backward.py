"""The backward pass, compiled for each robot's sizes, against its equations in NumPy."""

import ctypes

import numpy as np
import pytest
from wall import before_a_wall, behind_a_wall, survives

from vgps.codegen.emission.backward_pass import declarations
from vgps.codegen.folders import PACKAGE
from vgps.codegen.toolchain import find_toolchain
from vgps.solver.backward import Gains, backward
from vgps.solver.objective import Expansion

LOOPS = PACKAGE / "codegen" / "c"
# Those of a pendulum, the cart-pole, the swimmer and the walker, no action, more actions than lanes.
SIZES = [(2, 1), (4, 1), (10, 2), (18, 6), (6, 0), (7, 9), (30, 17)]
T = 3


@pytest.fixture(scope="module", params=SIZES, ids=str)
def sizes(request, tmp_path_factory):
    """The address for (nx, nu), and these sizes."""
    nx, nu = request.param
    folder = tmp_path_factory.mktemp("riccati")
    head = "#include <limits.h>\n#include <math.h>\n#include <string.h>\n"
    head += f"#define NX {nx}\n#define NU {nu}\n#define NZ {nx + nu}\n"
    lanes, batch, riccati = (
        (LOOPS / f"{name}.c").read_text(encoding="utf-8") for name in ("lanes", "batch", "riccati")
    )
    parts = [head, lanes, batch, declarations(), riccati]
    (folder / "f.c").write_text("\n".join(parts), encoding="utf-8")
    find_toolchain().compile(folder / "f.c", folder / "f.so")
    library = ctypes.CDLL(str(folder / "f.so"))
    return ctypes.cast(library.robot_backward, ctypes.c_void_p).value, nx, nu


@pytest.fixture
def problem(sizes, rng):
    """A random convex expansion, in arrays with NaN around them, and gains in such arrays."""
    _, nx, nu = sizes
    expansion, gains = Expansion.empty(T, nx, nu), Gains.zeros(T, nx, nu)
    expansion = Expansion(*(_guarded(part) for part in expansion))
    gains = Gains(*(_guarded(part) for part in gains))
    for part in expansion:
        part[:] = rng.standard_normal(part.shape)
    for t in range(T):
        root = rng.standard_normal((nx + nu, nx + nu))
        H = root @ root.T + np.eye(nx + nu)
        expansion.c_xx[t], expansion.c_ux[t], expansion.c_uu[t] = (
            H[:nx, :nx],
            H[nx:, :nx],
            H[nx:, nx:],
        )
    expansion.final_xx[:] = H[:nx, :nx]
    return expansion, gains


def _guarded(array, room=64):
    memory = np.full(array.size + 2 * room, np.nan)
    inner = memory[room : room + array.size].reshape(array.shape)
    inner[:] = array
    return inner


def _guards_hold(array, room=64):
    memory = array.base if array.base.ndim == 1 else array.base.base
    return np.isnan(memory[:room]).all() and np.isnan(memory[-room:]).all()


def unlimited(nu):
    return np.full((2, nu), [[-np.inf], [np.inf]])


def quadratic(expansion, t, V_x, V_xx):
    """Gradient and Hessian in (x, u) of c + V(f) at step t."""
    e = Expansion(*(part[t] for part in expansion[:-2]), *expansion[-2:])
    F = np.hstack([e.f_x, e.f_u])
    H = np.block([[e.c_xx, e.c_ux.T], [e.c_ux, e.c_uu]]) + F.T @ V_xx @ F
    return np.append(e.c_x, e.c_u) + F.T @ V_x, H, F


def under(k, K, gradient, H):
    """V_x and V_xx of that quadratic in x where u = k + K x, and its change by k: linear, squared."""
    nx = K.shape[1]
    substitute = np.vstack([np.eye(nx), K])
    moved = gradient + H[:, nx:] @ k
    change = np.array([k @ gradient[nx:], 0.5 * k @ H[nx:, nx:] @ k])
    return substitute.T @ moved, substitute.T @ H @ substitute, change


def check(found, wanted):
    """To rounding of the largest entry."""
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-12 * np.abs(wanted).max(initial=0))


@pytest.mark.parametrize("mu", [0.0, 0.3])
def test_backward_pass_solves_the_regularised_recursion(sizes, problem, mu):
    """Gains minimise Q with mu I added to the next V_xx; the value is that of Q itself under them."""
    address, nx, nu = sizes
    expansion, gains = problem
    U, limits = np.zeros((T, nu)), unlimited(nu)
    assert backward(address, expansion, U, limits, mu, gains) == -1
    V_x, V_xx, expected = expansion.final_x, expansion.final_xx, np.zeros(2)
    for t in reversed(range(T)):
        gradient, H, F = quadratic(expansion, t, V_x, V_xx)
        R = H + mu * F.T @ F
        k = -np.linalg.solve(R[nx:, nx:], gradient[nx:])
        K = -np.linalg.solve(R[nx:, nx:], R[nx:, :nx])
        V_x, V_xx, change = under(k, K, gradient, H)
        expected += change
        check(gains.Q_u[t], gradient[nx:])
        check(gains.Q_uu[t], R[nx:, nx:])
        check(gains.k[t], k)
        check(gains.K[t], K)
        check(gains.V_x[t], V_x)
        check(gains.V_xx[t], V_xx)
    check(gains.expected, expected)
    for symmetric in (gains.V_xx, gains.Q_uu):
        np.testing.assert_array_equal(symmetric, symmetric.transpose(0, 2, 1))
    assert all(_guards_hold(part) for part in (*expansion, *gains))


def test_limited_step_continues_with_the_minimum_in_the_box(sizes, problem, rng):
    """k of every step in its box, no feedback of clamped actions, and the value of just that policy."""
    address, nx, nu = sizes
    expansion, gains = problem
    if nu == 0:  # there is no limit
        return
    U = rng.uniform(-0.1, 0.1, (T, nu))
    assert backward(address, expansion, U, unlimited(nu), 0.0, gains) == -1
    wanted = U + gains.k
    middle = wanted.mean(axis=0)
    limits = middle + np.stack(
        [0.5 * (wanted.min(axis=0) - middle), 0.3 * (wanted.max(axis=0) - middle)]
    )
    assert backward(address, expansion, U, limits, 0.0, gains) == -1
    V_x, V_xx, expected, clamped = expansion.final_x, expansion.final_xx, np.zeros(2), 0
    for t in reversed(range(T)):
        gradient, H, _ = quadratic(expansion, t, V_x, V_xx)
        k, K, Q_uu, Q_ux = gains.k[t], gains.K[t], H[nx:, nx:], H[nx:, :nx]
        slope, scale = gradient[nx:] + Q_uu @ k, np.abs(gradient).max()
        room = 1e-12 * np.abs(limits).max()
        at_low, at_high = np.abs(U[t] + k - limits) <= room
        at_limit = at_low | at_high
        assert (U[t] + k >= limits[0] - room).all() and (U[t] + k <= limits[1] + room).all()
        np.testing.assert_allclose(slope[~at_limit], 0.0, atol=1e-9 * scale)
        assert (slope[at_low] >= -1e-9 * scale).all() and (slope[at_high] <= 1e-9 * scale).all()
        free = ~at_limit
        check(K[at_limit], np.zeros_like(K[at_limit]))
        check(K[free], -np.linalg.solve(Q_uu[np.ix_(free, free)], Q_ux[free]))
        V_x, V_xx, change = under(k, K, gradient, H)
        expected += change
        clamped += at_limit.sum()
        check(gains.V_x[t], V_x)
        check(gains.V_xx[t], V_xx)
    check(gains.expected, expected)
    assert clamped >= 1


@pytest.mark.parametrize("last", [0.0, -1.0, np.nan])
def test_stops_where_the_curvature_is_not_positive_definite(sizes, problem, last):
    """At that step, whose gains stay as they were; those after it are found."""
    address, _, nu = sizes
    expansion, gains = problem
    if nu == 0:  # there is no such matrix
        return
    expansion.f_u[1], expansion.c_uu[1] = 0.0, np.diag(np.append(np.ones(nu - 1), last))
    limits = unlimited(nu)
    assert backward(address, expansion, np.zeros((T, nu)), limits, 0.0, gains) == 1
    for part in gains.k, gains.K, gains.V_x, gains.V_xx:
        assert not part[:2].any() and part[2].any()


def test_regularisation_makes_an_indefinite_step_convex(sizes, problem):
    """mu f_u^T f_u is added to Q_uu, not to anything that the value is made of."""
    address, nx, nu = sizes
    expansion, gains = problem
    if not 0 < nu <= nx:  # f_u^T f_u is positive definite
        return
    expansion.c_uu[T - 1], expansion.final_xx[:] = -np.eye(nu), 0.0
    U, limits = np.zeros((T, nu)), unlimited(nu)
    assert backward(address, expansion, U, limits, 0.0, gains) == T - 1
    f_u = expansion.f_u[T - 1]
    mu = 2.0 / np.linalg.eigvalsh(f_u.T @ f_u).min()
    backward(address, expansion, U, limits, mu, gains)
    check(gains.Q_uu[T - 1], mu * f_u.T @ f_u - np.eye(nu))
    gradient, H, _ = quadratic(expansion, T - 1, expansion.final_x, expansion.final_xx)
    check(gains.V_xx[T - 1], under(gains.k[T - 1], gains.K[T - 1], gradient, H)[1])


@pytest.mark.parametrize("place", [before_a_wall, behind_a_wall])
def test_nothing_beside_the_arrays_is_touched(place, sizes, problem):
    """Rows are read in whole vectors, but never past either end."""
    address, _, nu = sizes
    expansion, gains = (type(part)(*map(place, part)) for part in problem)
    U, limits = place(np.zeros((T, nu))), place(unlimited(nu))
    survives(backward, address, expansion, U, limits, 0.3, gains)
