"""What a trajectory is judged by, against plain loops over policy calls and central differences."""

import numpy as np
import pytest
import twin
from python_term import python_term
from wall import before_a_wall, behind_a_wall, survives

from vgps.policy.cost_term import negative_log_policy
from vgps.solver.objective import Expansion, costs, expand, task_objective, with_extra
from vgps.solver.rollout import follow, roll_out, total_cost

ALPHA, T, S = 0.3, 4, 5


@pytest.fixture
def averaged(swimmer, random_policy, rng):
    """A modified cost on the swimmer, its policy, its displacements and a trajectory."""
    nx, nu = swimmer.nx, swimmer.nu
    policy = random_policy([1, 2, 4, 5, 9], nu, scale=2.0)
    dX, dU = 0.2 * rng.standard_normal((T, S, nx)), rng.standard_normal((T, S, nu))
    objective = with_extra(task_objective(swimmer, T, ALPHA), negative_log_policy(policy, dX, dU))
    return objective, policy, dX, dU, rng.standard_normal((T + 1, nx)), rng.standard_normal((T, nu))


def evaluate(objective, t, x, u):
    """c_bar_t(x, u), from a trajectory that stays there."""
    c = np.empty(objective.T)
    costs(objective, np.tile(x, (objective.T, 1)), np.tile(u, (objective.T, 1)), c)
    return c[t]


def expansion_along(model, objective, X, U):
    into = Expansion.empty(len(U), model.nx, model.nu)
    expand(model.address("linearize"), objective, X, U, into)
    assert all(np.isfinite(part).all() for part in into)
    return into


def differences(function, z, h=1e-5):
    """Central differences of a scalar function."""
    return np.array([(function(z + h * e) - function(z - h * e)) / (2 * h) for e in np.eye(len(z))])


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
    problem = twin.with_policy(twin.task(swimmer, ALPHA), policy, dX, dU)
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
        slope = differences(lambda z: evaluate(objective, t, z[:nx], z[nx:]), z)
        np.testing.assert_allclose(
            np.append(found.c_x[t], found.c_u[t]), slope, rtol=1e-6, atol=1e-6
        )


def test_value_and_expansion_agree_on_the_cost(swimmer, averaged):
    objective, *_, X, U = averaged
    found = expansion_along(swimmer, objective, X, U)
    values = [evaluate(objective, t, X[t], U[t]) for t in range(T)]
    # sums of the same S terms of each hidden unit and action, in whatever order is fastest
    np.testing.assert_allclose(found.c, values, rtol=1e-12)


def test_without_an_extra_term_the_task_stands_alone(swimmer, rng):
    """The task alone, times alpha: costs of `Model.cost`, derivatives by central differences."""
    X, U = rng.standard_normal((T + 1, swimmer.nx)), rng.standard_normal((T, swimmer.nu))
    found, nx = expansion_along(swimmer, task_objective(swimmer, T, ALPHA), X, U), swimmer.nx
    np.testing.assert_allclose(found.c, ALPHA * swimmer.cost(X, U), rtol=1e-14)
    for t in range(T):
        z = np.append(X[t], U[t])
        slope = differences(lambda z: ALPHA * swimmer.cost([z[:nx]], [z[nx:]])[0], z)
        np.testing.assert_allclose(np.append(found.c_x[t], found.c_u[t]), slope, atol=1e-6)


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
    twin.call_c(term.expansion, x, u, term.data, term.steps, *out)
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
        twin.call_c(term.value, x, u, term.data, term.steps, c)
        assert np.isfinite(c[0])
        assert c[0] == pytest.approx(-policy.log_prob(x, u), rel=1e-12)


def run(model, x0, X, U, k, K, sizes, limits=np.inf):
    rollouts, (T, nu) = len(x0), U.shape
    X_new, U_new = np.full((rollouts, T + 1, model.nx), np.nan), np.full((rollouts, T, nu), np.nan)
    bounds = np.full(nu, limits)
    follow(model.address("follow"), x0, X, U, k, K, np.array(sizes), bounds, X_new, U_new)
    return X_new, U_new


def test_follow_without_gains_is_a_rollout(swimmer, rng):
    """From its own start, whatever the trajectory that it would feed back to."""
    U = 30.0 * rng.standard_normal((20, 2))
    x0, X = rng.standard_normal((1, swimmer.nx)), rng.standard_normal((21, swimmer.nx))
    still = np.zeros((20, 2)), np.zeros((20, 2, swimmer.nx))
    X_new, U_new = run(swimmer, x0, X, U, *still, [1.0])
    np.testing.assert_array_equal(X_new[0, 0], x0[0])
    np.testing.assert_array_equal(U_new[0], U)
    twin.check_rollout(swimmer, X_new[0], U)
    found = total_cost(task_objective(swimmer, 20, ALPHA), X_new[0], U, np.empty(20))
    each = [twin.task_expansion(swimmer, x, u).c for x, u in zip(X_new[0], U)]
    assert found == pytest.approx(ALPHA * sum(each), rel=1e-13)


def test_follow_is_the_feedback_run_by_hand(swimmer, averaged, rng):
    """Eleven rollouts, which fill no whole number of registers, each from its start by its size."""
    objective, *_, X, U = averaged
    k, K = rng.standard_normal((T, 2)), rng.standard_normal((T, 2, swimmer.nx))
    x0, sizes = X[0] + 0.3 * rng.standard_normal((11, swimmer.nx)), rng.uniform(0.0, 1.0, 11)
    X_new, U_new = run(swimmer, x0, X, U, k, K, sizes, limits=1.5)
    for r, size in enumerate(sizes):
        x, total = x0[r], 0.0
        for t in range(T):
            u = np.clip(U[t] + size * k[t] + K[t] @ (x - X[t]), -1.5, 1.5)
            np.testing.assert_allclose(X_new[r, t], x, rtol=1e-11)
            np.testing.assert_allclose(U_new[r, t], u, rtol=1e-11)
            total += evaluate(objective, t, x, u)
            x = swimmer.step(x, u)
        np.testing.assert_allclose(X_new[r, T], x, rtol=1e-11)
        found = total_cost(objective, X_new[r], U_new[r], np.empty(T))
        assert found == pytest.approx(total, rel=1e-12)
    assert (np.abs(U_new) == 1.5).any() and (np.abs(U_new) < 1.5).any()


def test_rollouts_side_by_side_do_not_disturb_each_other(swimmer, rng):
    """To the bit, even where one of them diverges."""
    U, k = 30.0 * rng.standard_normal((20, 2)), 1e200 * np.ones((20, 2))
    X, K = np.zeros((21, swimmer.nx)), rng.standard_normal((20, 2, swimmer.nx))
    alone, _ = run(swimmer, X[:1], X, U, k, K, [0.0])
    beside, _ = run(swimmer, X[:3], X, U, k, K, [1.0, 0.0, 0.5])
    np.testing.assert_array_equal(beside[1], alone[0])
    assert not np.isfinite(beside[0]).all() and not np.isfinite(beside[2]).all()


@pytest.mark.parametrize("place", [before_a_wall, behind_a_wall])
@pytest.mark.parametrize("rollouts", [1, 3, 8, 11])
def test_trajectories_stay_within_their_arrays(swimmer, rng, rollouts, place):
    """Whole vectors are read and written, but nothing beside the first and last row."""
    nx, nu = swimmer.nx, swimmer.nu
    shapes = (rollouts, nx), (T + 1, nx), (T, nu), (T, nu), (T, nu, nx), (rollouts,), (nu,)
    shapes += (rollouts, T + 1, nx), (rollouts, T, nu)
    arrays = [place(rng.standard_normal(shape)) for shape in shapes]
    survives(follow, swimmer.address("follow"), *arrays)

    X, U = (place(rng.standard_normal((rollouts, n))) for n in (nx, nu))
    into = Expansion(*map(place, Expansion.empty(rollouts, nx, nu)))
    objective = task_objective(swimmer, rollouts)
    survives(expand, swimmer.address("linearize"), objective, X, U, into)
    survives(costs, objective, X, U, place(np.empty(rollouts)))


def test_divergence_costs_infinitely_much(swimmer, springs):
    """Whether the state overflows or a cost term is not a number."""
    *_, cost = roll_out(swimmer, task_objective(swimmer, 5), swimmer.x0, np.full((5, 2), 1e200))
    assert cost == np.inf

    # a finite cost, and a state behind it that is not: its spin overflows within the step
    x0, U = np.zeros(swimmer.nx), np.zeros((1, 2))
    x0[-1] = 1e100
    X, _, cost = roll_out(swimmer, task_objective(swimmer, 1), x0, U)
    assert np.isfinite(swimmer.cost(X[:1], U)) and not np.isfinite(X[1]).all()
    assert cost == np.inf

    for bad in (np.nan, np.inf, -np.inf):
        term, _keep = python_term(lambda x, u: bad, None, springs.nx, 2, 5)
        objective = with_extra(task_objective(springs, 5), term)
        assert roll_out(springs, objective, springs.x0, np.zeros((5, 2)))[2] == np.inf
