"""The matrix products of the backward pass, compiled for each robot's sizes, against NumPy."""

import numpy as np
import pytest
import twin

from solver.backward import Products


@pytest.fixture(params=["swimmer", "springs", "cart_pole"])
def sizes(request):
    """Addresses of a robot's products, and its sizes: (nx, nu) are (10, 2), (4, 2) and (4, 1)."""
    model = request.getfixturevalue(request.param)
    return Products.of(model), model.nx, model.nu


def symmetric(rng, n):
    A = rng.standard_normal((n, n))
    return A + A.T


def test_q_function_adds_the_next_value(sizes, rng):
    products, nx, nu = sizes
    f_x, f_u = rng.standard_normal((nx, nx)), rng.standard_normal((nx, nu))
    V_x, V_xx = rng.standard_normal(nx), symmetric(rng, nx)
    costs = [rng.standard_normal(s) for s in (nx, nu, (nx, nx), (nu, nx), (nu, nu))]
    found = [c.copy() for c in costs]
    twin.call_c(products.q_function, f_x, f_u, V_x, V_xx, *found)
    products_of = [f_x.T @ V_x, f_u.T @ V_x, f_x.T @ V_xx @ f_x, f_u.T @ V_xx @ f_x]
    for Q, c, added in zip(found, costs, [*products_of, f_u.T @ V_xx @ f_u], strict=True):
        np.testing.assert_allclose(Q, c + added, atol=1e-12)


def test_regularisation_pulls_to_the_old_states(sizes, rng):
    products, nx, nu = sizes
    f_x, f_u, mu = rng.standard_normal((nx, nx)), rng.standard_normal((nx, nu)), np.array([0.3])
    Q_ux, Q_uu = rng.standard_normal((nu, nx)), symmetric(rng, nu)
    R_ux, R_uu = Q_ux.copy(), Q_uu.copy()
    twin.call_c(products.regularize, mu, f_x, f_u, R_ux, R_uu)
    np.testing.assert_allclose(R_ux, Q_ux + 0.3 * f_u.T @ f_x, atol=1e-13)
    np.testing.assert_allclose(R_uu, Q_uu + 0.3 * f_u.T @ f_u, atol=1e-13)


def test_value_function_is_the_quadratic_under_its_policy(sizes, rng):
    """Any k and K, not only the optimal ones: Q(x, k + K x), and exactly symmetric."""
    products, nx, nu = sizes
    k, K = rng.standard_normal(nu), rng.standard_normal((nu, nx))
    Q_x, Q_u, Q_ux = (rng.standard_normal(s) for s in (nx, nu, (nu, nx)))
    Q_xx, Q_uu = symmetric(rng, nx), symmetric(rng, nu)
    V_x, V_xx, expected = np.empty(nx), np.empty((nx, nx)), np.array([5.0, 7.0])
    twin.call_c(products.value_function, k, K, Q_x, Q_u, Q_xx, Q_ux, Q_uu, V_x, V_xx, expected)
    substitute = np.vstack([np.eye(nx), K])  # (x, u) of x, but for k
    H = np.block([[Q_xx, Q_ux.T], [Q_ux, Q_uu]])
    gradient = np.append(Q_x, Q_u) + H[:, nx:] @ k
    np.testing.assert_allclose(V_x, substitute.T @ gradient, atol=1e-12)
    np.testing.assert_allclose(V_xx, substitute.T @ H @ substitute, atol=1e-12)
    np.testing.assert_array_equal(V_xx, V_xx.T)
    np.testing.assert_allclose(expected, [5.0 + k @ Q_u, 7.0 + 0.5 * k @ Q_uu @ k], atol=1e-13)
