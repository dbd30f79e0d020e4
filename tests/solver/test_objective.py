"""What a trajectory is judged by, against plain loops and central differences."""

import numpy as np
import pytest
import twin
from expansions import differences, evaluate, expansion_along
from python_term import python_term
from wall import before_a_wall, behind_a_wall, survives

from vgps.solver.objective import Expansion, costs, expand, task_objective, with_extra
from vgps.solver.rollout import closed_loop_rollouts, rollout, total_cost

ALPHA, T = 0.3, 4


@pytest.fixture
def extended(swimmer, rng):
    """The task and a term of our own, what it adds to cost and derivatives, and a trajectory."""
    nx, nu = swimmer.nx, swimmer.nu
    g, root = rng.standard_normal(nx + nu), rng.standard_normal((nx + nu, nx + nu))
    H = root @ root.T

    def value(x, u):
        z = np.append(x, u)
        return g @ z + 0.5 * z @ H @ z

    def expansion(x, u):
        slope = g + H @ np.append(x, u)
        return value(x, u), slope[:nx], slope[nx:], H[:nx, :nx], H[nx:, :nx], H[nx:, nx:]

    term, keep = python_term(value, expansion, nx, nu, T)
    objective = with_extra(task_objective(swimmer, T, ALPHA), term)
    X, U = rng.standard_normal((T + 1, nx)), rng.standard_normal((T, nu))
    yield objective, expansion, X, U
    del keep


def test_an_extra_term_is_added(swimmer, extended):
    """Value and derivatives; dynamics as `Model.linearize` gives them."""
    objective, expansion, X, U = extended
    found = expansion_along(swimmer, objective, X, U)
    for t in range(T):
        task, extra = twin.task_expansion(swimmer, X[t], U[t]), expansion(X[t], U[t])
        for name, own, more in zip(twin.Derivatives._fields, task, extra, strict=True):
            part = getattr(found, name)[t]
            np.testing.assert_allclose(part, ALPHA * own + more, rtol=1e-12, atol=1e-12)
        assert evaluate(objective, t, X[t], U[t]) == pytest.approx(found.c[t], rel=1e-12)
    f_x, f_u = swimmer.linearize(X, U)
    np.testing.assert_array_equal(found.f_x, f_x)
    np.testing.assert_array_equal(found.f_u, f_u)


def test_without_an_extra_term_the_task_stands_alone(swimmer, rng):
    """The task alone, times alpha: costs of `Model.cost`, derivatives by central differences."""
    X, U = rng.standard_normal((T + 1, swimmer.nx)), rng.standard_normal((T, swimmer.nu))
    found, nx = expansion_along(swimmer, task_objective(swimmer, T, ALPHA), X, U), swimmer.nx
    np.testing.assert_allclose(found.c, ALPHA * swimmer.cost(X, U), rtol=1e-14)
    for t in range(T):
        z = np.append(X[t], U[t])
        slope = differences(lambda z: ALPHA * swimmer.cost([z[:nx]], [z[nx:]])[0], z)
        np.testing.assert_allclose(np.append(found.c_x[t], found.c_u[t]), slope, atol=1e-6)


def run(model, x0, X, U, k, K, sizes, limits=(-np.inf, np.inf)):
    rollouts, (T, nu) = len(x0), U.shape
    X_new, U_new = np.full((rollouts, T + 1, model.nx), np.nan), np.full((rollouts, T, nu), np.nan)
    bounds = np.outer(limits, np.ones(nu))
    closed_loop_rollouts(
        model.address("follow"), x0, X, U, k, K, np.array(sizes), bounds, X_new, U_new
    )
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
    each = [twin.task_expansion(swimmer, x, u).c for x, u in zip(X_new[0, :-1], U, strict=True)]
    assert found == pytest.approx(ALPHA * sum(each), rel=1e-13)


def test_follow_is_the_feedback_run_by_hand(swimmer, extended, rng):
    """Eleven rollouts, which fill no whole number of registers, each from its start by its size."""
    objective, _, X, U = extended
    k, K = rng.standard_normal((T, 2)), rng.standard_normal((T, 2, swimmer.nx))
    x0, sizes = X[0] + 0.3 * rng.standard_normal((11, swimmer.nx)), rng.uniform(0.0, 1.0, 11)
    X_new, U_new = run(swimmer, x0, X, U, k, K, sizes, limits=(-1.5, 0.7))
    for r, size in enumerate(sizes):
        x, total = x0[r], 0.0
        for t in range(T):
            u = np.clip(U[t] + size * k[t] + K[t] @ (x - X[t]), -1.5, 0.7)
            np.testing.assert_allclose(X_new[r, t], x, rtol=1e-11)
            np.testing.assert_allclose(U_new[r, t], u, rtol=1e-11)
            total += evaluate(objective, t, x, u)
            x = swimmer.step(x, u)
        np.testing.assert_allclose(X_new[r, T], x, rtol=1e-11)
        found = total_cost(objective, X_new[r], U_new[r], np.empty(T))
        assert found == pytest.approx(total, rel=1e-12)
    assert (U_new == -1.5).any() and (U_new == 0.7).any() and (np.abs(U_new) < 0.7).any()


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
    shapes = (rollouts, nx), (T + 1, nx), (T, nu), (T, nu), (T, nu, nx), (rollouts,), (2, nu)
    shapes += (rollouts, T + 1, nx), (rollouts, T, nu)
    arrays = [place(rng.standard_normal(shape)) for shape in shapes]
    survives(closed_loop_rollouts, swimmer.address("follow"), *arrays)

    X, U = (place(rng.standard_normal((rollouts, n))) for n in (nx, nu))
    into = Expansion(*map(place, Expansion.empty(rollouts, nx, nu)))
    objective = task_objective(swimmer, rollouts)
    survives(expand, swimmer.address("linearize"), objective, X, U, into)
    survives(costs, objective, X, U, place(np.empty(rollouts)))


def test_divergence_costs_infinitely_much(swimmer, springs):
    """Whether the state overflows or a cost term is not a number."""
    *_, cost = rollout(swimmer, task_objective(swimmer, 5), swimmer.x0, np.full((5, 2), 1e200))
    assert cost == np.inf

    # a finite cost, and a state behind it that is not: its spin overflows within the step
    x0, U = np.zeros(swimmer.nx), np.zeros((1, 2))
    x0[-1] = 1e100
    X, _, cost = rollout(swimmer, task_objective(swimmer, 1), x0, U)
    assert np.isfinite(swimmer.cost(X[:1], U)) and not np.isfinite(X[1]).all()
    assert cost == np.inf

    for bad in (np.nan, np.inf, -np.inf):
        term, _keep = python_term(lambda x, u, bad=bad: bad, None, springs.nx, 2, 5)
        objective = with_extra(task_objective(springs, 5), term)
        assert rollout(springs, objective, springs.x0, np.zeros((5, 2)))[2] == np.inf
