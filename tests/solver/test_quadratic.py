"""The quadratic around given states and actions, against its formula."""

import numpy as np

from vgps.solver.objective import Expansion, costs, expand, task_objective, with_extra
from vgps.solver.quadratic import quadratic


def test_value_and_derivatives(springs, rng):
    T, nx, nu = 20, springs.nx, springs.nu
    X, U = rng.standard_normal((T + 1, nx)), rng.standard_normal((T, nu))
    X_wanted, U_wanted = rng.standard_normal((T, nx)), rng.standard_normal((T, nu))
    W_x, W_u = rng.random((T, nx)), rng.random((T, nu))
    term = quadratic(X_wanted, U_wanted, W_x, W_u)
    objective = with_extra(task_objective(springs, T, alpha=0.0), term)

    dX, dU = X[:T] - X_wanted, U - U_wanted
    c = np.empty(T)
    costs(objective, X, U, c)
    expected = 0.5 * ((W_x * dX**2).sum(axis=1) + (W_u * dU**2).sum(axis=1))
    np.testing.assert_allclose(c, expected, rtol=1e-12)

    found = Expansion.empty(T, nx, nu)
    expand(springs.address("linearize"), objective, X, U, found)
    np.testing.assert_allclose(found.c, expected, rtol=1e-12)
    np.testing.assert_allclose(found.c_x, W_x * dX, rtol=1e-12)
    np.testing.assert_allclose(found.c_u, W_u * dU, rtol=1e-12)
    np.testing.assert_allclose(found.c_xx, W_x[:, :, None] * np.eye(nx), rtol=1e-12)
    np.testing.assert_allclose(found.c_uu, W_u[:, :, None] * np.eye(nu), rtol=1e-12)
    assert not found.c_ux.any() and not found.final_x.any() and not found.final_xx.any()
