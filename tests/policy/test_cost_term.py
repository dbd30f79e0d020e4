"""The policy's term in the cost of a trajectory, against plain loops over policy calls."""

import numpy as np
import pytest
import twin
from expansions import differences, evaluate, expansion_along

from vgps.policy.cost_term import negative_log_policy
from vgps.policy.gaussian import Policy
from vgps.solver.ilqr import Settings, ilqr
from vgps.solver.objective import task_objective, with_extra

ALPHA, T, S = 0.3, 4, 5


@pytest.fixture
def random_policy(rng):
    """A policy with weights of order one, for states and actions of order ``scale``."""

    def make(observed, nu, n_hidden=3, scale=1.0):
        n_in = len(observed)
        return Policy(
            observed=np.array(observed),
            W1=rng.normal(size=(n_hidden, n_in)),
            b1=rng.normal(size=n_hidden),
            W2=scale * rng.normal(size=(nu, n_hidden)),
            b2=scale * rng.normal(size=nu),
            log_sigma=np.log(scale) + 0.3 * rng.normal(size=nu),
        )

    return make


@pytest.fixture
def averaged(swimmer, random_policy, rng):
    """A modified cost on the swimmer, its policy, its displacements and a trajectory."""
    nx, nu = swimmer.nx, swimmer.nu
    policy = random_policy([1, 2, 4, 5, 9], nu, scale=2.0)
    dX, dU = 0.2 * rng.standard_normal((T, S, nx)), rng.standard_normal((T, S, nu))
    objective = with_extra(task_objective(swimmer, T, ALPHA), negative_log_policy(policy, dX, dU))
    return objective, policy, dX, dU, rng.standard_normal((T + 1, nx)), rng.standard_normal((T, nu))


def with_policy(problem, policy, dX, dU):
    """``problem`` plus the mean of -log pi over displacements (T, S, nx) and (T, S, nu)."""

    def displaced(t):
        return zip(dX[t], dU[t], strict=True)

    def cost(t, x, u):
        moved = [-policy.log_prob(x + dx, u + du) for dx, du in displaced(t)]
        return problem.cost(t, x, u) + sum(moved) / len(moved)

    def expand(t, x, u):
        moved = [policy_expansion(policy, x + dx, u + du) for dx, du in displaced(t)]
        means = [sum(parts) / len(moved) for parts in zip(*moved, strict=True)]
        return twin.Derivatives(
            *(a + b for a, b in zip(problem.expand(t, x, u), means, strict=True))
        )

    return problem._replace(cost=cost, expand=expand)


def policy_expansion(policy, x, u):
    """-log pi: c_u = P r, c_x = -J^T P r, and the Gauss-Newton Hessian [-J I]^T P [-J I]."""
    J, P, r = policy.jacobian(x), np.diag(policy.sigma**-2.0), u - policy.mean(x)
    return twin.Derivatives(-policy.log_prob(x, u), -J.T @ P @ r, P @ r, J.T @ P @ J, -P @ J, P)


def test_value_is_the_task_cost_plus_the_mean_over_displacements(swimmer, averaged):
    objective, policy, dX, dU, X, U = averaged
    for t in range(T):
        extra = [-policy.log_prob(X[t] + dX[t, i], U[t] + dU[t, i]) for i in range(S)]
        expected = ALPHA * twin.task_expansion(swimmer, X[t], U[t]).c + np.mean(extra)
        assert evaluate(objective, t, X[t], U[t]) == pytest.approx(expected, rel=1e-12)


def test_expansion_is_a_plain_loop_over_displacements(swimmer, averaged):
    """Every part, with J^T P J from `Policy.jacobian`; dynamics as `Model.linearize` gives them."""
    objective, policy, dX, dU, X, U = averaged
    found = expansion_along(swimmer, objective, X, U)
    problem = with_policy(twin.task(swimmer, ALPHA), policy, dX, dU)
    expected = [problem.expand(t, X[t], U[t]) for t in range(T)]
    for name in twin.Derivatives._fields:
        wanted = np.array([getattr(e, name) for e in expected])
        scale = np.abs(wanted).max()
        np.testing.assert_allclose(getattr(found, name), wanted, rtol=0, atol=1e-12 * scale)
    f_x, f_u = swimmer.linearize(X, U)
    np.testing.assert_array_equal(found.f_x, f_x)
    np.testing.assert_array_equal(found.f_u, f_u)


def test_gradient_of_the_total_is_its_central_difference(swimmer, averaged):
    """c_x and c_u are derivatives of exactly the function that `costs` computes."""
    objective, *_, X, U = averaged
    found, nx = expansion_along(swimmer, objective, X, U), swimmer.nx
    for t in range(T):
        z = np.append(X[t], U[t])
        slope = differences(lambda z, t=t: evaluate(objective, t, z[:nx], z[nx:]), z)
        np.testing.assert_allclose(
            np.append(found.c_x[t], found.c_u[t]), slope, rtol=1e-6, atol=1e-6
        )


def test_value_and_expansion_agree_on_the_cost(swimmer, averaged):
    objective, *_, X, U = averaged
    found = expansion_along(swimmer, objective, X, U)
    values = [evaluate(objective, t, X[t], U[t]) for t in range(T)]
    # sums of the same S terms of each hidden unit and action, in whatever order is fastest
    np.testing.assert_allclose(found.c, values, rtol=1e-12)


@pytest.mark.parametrize("observed", [[0], [3, 1], [4, 0, 2, 1, 3]])
def test_policy_term_at_one_point(random_policy, rng, observed):
    """-log pi: gradient by central differences of `log_prob`, Hessian J^T P J of `jacobian`.

    Observed coordinates may come in any order; unobserved ones have no derivative.
    """
    nx, nu = 5, 2
    policy = random_policy(observed, nu, scale=3.0)
    term = negative_log_policy(policy, np.zeros((1, 1, nx)), np.zeros((1, 1, nu)))
    x, u = rng.standard_normal(nx), rng.standard_normal(nu)
    out = [np.full(s, np.nan) for s in ((1,), nx, nu, (nx, nx), (nu, nx), (nu, nu))]
    twin.call_c(term.expansion, x, u, term.data, term.step_data, *out)
    c, c_x, c_u, c_xx, c_ux, c_uu = out
    assert c[0] == pytest.approx(-policy.log_prob(x, u), rel=1e-13)
    slope = differences(lambda z: -policy.log_prob(z[:nx], z[nx:]), np.append(x, u))
    np.testing.assert_allclose(np.append(c_x, c_u), slope, rtol=1e-6, atol=1e-8)
    both = np.column_stack([-policy.jacobian(x), np.eye(nu)])  # d(u - mu)/d(x, u)
    hessian = both.T @ np.diag(policy.sigma**-2) @ both
    np.testing.assert_allclose(np.block([[c_xx, c_ux.T], [c_ux, c_uu]]), hessian, atol=1e-12)
    unobserved = sorted(set(range(nx)) - set(observed))
    assert (c_x[unobserved] == 0.0).all() and (c_xx[unobserved] == 0.0).all()


def test_policy_term_does_not_overflow(random_policy):
    """Hidden units far into saturation, where exp(z) alone would overflow."""
    policy = random_policy([0, 1], 1)
    term = negative_log_policy(policy, np.zeros((1, 1, 2)), np.zeros((1, 1, 1)))
    for scale in (1e3, 1e4, -1e4):
        x, u, c = np.full(2, scale), np.zeros(1), np.empty(1)
        twin.call_c(term.value, x, u, term.data, term.step_data, c)
        assert np.isfinite(c[0])
        assert c[0] == pytest.approx(-policy.log_prob(x, u), rel=1e-12)


@pytest.mark.parametrize("iterations", range(1, 4))
def test_policy_term_agrees_with_the_twin(swimmer, random_policy, rng, iterations):
    """The modified cost of Algorithm 1, line 6, averaged over displacements."""
    T, S, limit = 12, 3, Settings(max_iterations=iterations)
    policy = random_policy(range(1, swimmer.nx), swimmer.nu, scale=30.0)
    dX = 0.1 * rng.standard_normal((T, S, swimmer.nx))
    dU = 5.0 * rng.standard_normal((T, S, swimmer.nu))
    U = 10.0 * rng.standard_normal((T, swimmer.nu))
    objective = with_extra(task_objective(swimmer, T, 0.5), negative_log_policy(policy, dX, dU))
    solution = ilqr(swimmer, objective, swimmer.x0, U, limit)
    problem = with_policy(twin.task(swimmer, 0.5), policy, dX, dU)
    twin.assert_same(solution, twin.ilqr(problem, swimmer.x0, U, limit))
