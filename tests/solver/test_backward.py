"""The parts of a step of the backward pass, compiled for each robot's sizes, against NumPy."""

import ctypes
from pathlib import Path

import numpy as np
import pytest
import twin

import codegen
from codegen.toolchain import find_toolchain
from solver.backward import Products

ROOM = Path(codegen.__file__).parent
# Those of a pendulum, the cart-pole, the swimmer and the walker, no action, more actions than lanes.
SIZES = [(2, 1), (4, 1), (10, 2), (18, 6), (6, 0), (7, 9), (30, 17)]


@pytest.fixture(scope="module", params=SIZES, ids=str)
def sizes(request, tmp_path_factory):
    """Addresses of the parts for (nx, nu), and these sizes."""
    nx, nu = request.param
    folder = tmp_path_factory.mktemp("riccati")
    head = "#include <limits.h>\n#include <math.h>\n#include <string.h>\n"
    head += f"#define NX {nx}\n#define NU {nu}\n#define NZ {nx + nu}\n"
    parts = [(ROOM / name).read_text() for name in ("lanes.c", "riccati.c")]
    (folder / "f.c").write_text("\n".join([head, *parts]))
    find_toolchain().compile(folder / "f.c", folder / "f.so")
    library = ctypes.CDLL(str(folder / "f.so"))
    addresses = (
        ctypes.cast(getattr(library, f"robot_{name}"), ctypes.c_void_p).value
        for name in Products._fields
    )
    return Products(*addresses), nx, nu


def symmetric(rng, n):
    A = rng.standard_normal((n, n))
    return A + A.T


def test_q_function_adds_the_next_value(sizes, rng):
    """And R is the same with the next value's curvature raised by mu."""
    products, nx, nu = sizes
    f_x, f_u = rng.standard_normal((nx, nx)), rng.standard_normal((nx, nu))
    V_x, V_xx = rng.standard_normal(nx), symmetric(rng, nx)
    c_x, c_u, c_ux = (rng.standard_normal(s) for s in (nx, nu, (nu, nx)))
    c_xx, c_uu = symmetric(rng, nx), symmetric(rng, nu)
    upper = np.triu_indices(nx)
    for mu in (0.0, 0.3):
        found = [np.full_like(c, np.nan) for c in (c_x, c_u, c_xx, c_ux, c_uu, c_uu, c_ux)]
        costs = c_x, c_u, c_xx, c_ux, c_uu
        twin.call_c(products.q_function, f_x, f_u, V_x, V_xx, *costs, np.array([mu]), *found)
        Q_x, Q_u, Q_xx, Q_ux, Q_uu, R_uu, R_ux = found
        np.testing.assert_allclose(Q_x, c_x + f_x.T @ V_x, atol=1e-12)
        np.testing.assert_allclose(Q_u, c_u + f_u.T @ V_x, atol=1e-12)
        np.testing.assert_allclose(Q_xx[upper], (c_xx + f_x.T @ V_xx @ f_x)[upper], atol=1e-12)
        raised = V_xx + mu * np.eye(nx)
        for matrix, curvature in ((Q_ux, V_xx), (R_ux, raised)):
            np.testing.assert_allclose(matrix, c_ux + f_u.T @ curvature @ f_x, atol=1e-12)
        for matrix, curvature in ((Q_uu, V_xx), (R_uu, raised)):
            np.testing.assert_allclose(matrix, c_uu + f_u.T @ curvature @ f_u, atol=1e-12)


def test_gains_minimise_the_regularised_quadratic(sizes, rng):
    products, nx, nu = sizes
    root = rng.standard_normal((nu, nu))
    R_uu, R_ux, Q_u = root @ root.T + np.eye(nu), rng.standard_normal((nu, nx)), np.ones(nu)
    k, K, positive = np.full(nu, np.nan), np.full((nu, nx), np.nan), np.empty(1)
    twin.call_c(products.gains, R_uu, R_ux, Q_u, k, K, positive)
    assert positive[0] == 1.0
    np.testing.assert_allclose(k, -np.linalg.solve(R_uu, Q_u), rtol=1e-10)
    np.testing.assert_allclose(K, -np.linalg.solve(R_uu, R_ux), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("last", [0.0, -1.0, np.nan])
def test_gains_refuse_a_matrix_that_is_not_positive_definite(sizes, last):
    products, nx, nu = sizes
    k, K, positive = np.zeros(nu), np.zeros((nu, nx)), np.empty(1)
    if nu == 0:  # there is no such matrix
        return
    R_uu = np.diag(np.append(np.ones(nu - 1), last))
    twin.call_c(products.gains, R_uu, np.ones((nu, nx)), np.ones(nu), k, K, positive)
    assert positive[0] == 0.0 and not k.any() and not K.any()


def test_value_function_is_the_quadratic_under_its_policy(sizes, rng):
    """Any k and K, not only the optimal ones: Q(x, k + K x), and exactly symmetric."""
    products, nx, nu = sizes
    k, K = rng.standard_normal(nu), rng.standard_normal((nu, nx))
    Q_x, Q_u, Q_ux = (rng.standard_normal(s) for s in (nx, nu, (nu, nx)))
    Q_xx, Q_uu = symmetric(rng, nx), symmetric(rng, nu)
    below = np.tril_indices(nx, -1)
    half = Q_xx.copy()
    half[below] = np.nan  # is not read
    V_x, V_xx, expected = np.empty(nx), np.empty((nx, nx)), np.array([5.0, 7.0])
    twin.call_c(products.value_function, k, K, Q_x, Q_u, half, Q_ux, Q_uu, V_x, V_xx, expected)
    substitute = np.vstack([np.eye(nx), K])  # (x, u) of x, but for k
    H = np.block([[Q_xx, Q_ux.T], [Q_ux, Q_uu]])
    gradient = np.append(Q_x, Q_u) + H[:, nx:] @ k
    np.testing.assert_allclose(V_x, substitute.T @ gradient, atol=1e-12)
    np.testing.assert_allclose(V_xx, substitute.T @ H @ substitute, atol=1e-12)
    np.testing.assert_array_equal(V_xx, V_xx.T)
    np.testing.assert_allclose(expected, [5.0 + k @ Q_u, 7.0 + 0.5 * k @ Q_uu @ k], atol=1e-13)
