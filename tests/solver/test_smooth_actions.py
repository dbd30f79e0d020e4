"""Costs of the change of the actions: iLQR, feedback on an equilibrium, and the length of steps."""

import numpy as np
import pytest
import twin
from solver_robots import CART_POLE, SPRINGS

from vgps.solver.accuracy import accuracy
from vgps.solver.balance import equilibrium
from vgps.solver.ilqr import Reason, Settings, ilqr
from vgps.solver.objective import task_objective
from vgps.solver.starts import all_starts

# In units of its cost: an action of 1 N throughout, or 0.1 N more in every step.
SMOOTH_SPRINGS = SPRINGS.replace("0.1*sum(u**2)", "0.1*sum(u**2) + 10*sum(du**2) - right.du*left.q")


@pytest.fixture(scope="module")
def smooth_springs(build_text):
    return build_text(SMOOTH_SPRINGS)


@pytest.fixture(scope="module")
def smooth_cart(build_text):
    return build_text(CART_POLE.replace("sum(u**2)", "sum(u**2) + 0.05*slide.du**2"))


def test_a_linear_problem_ends_at_the_least_squares_of_its_actions(smooth_springs, springs):
    """The robot without last actions gives states that are linear in U, and du is a difference."""
    T, x0 = 20, smooth_springs.x0
    settings = Settings(regularization_start=0.0, cost_tolerance=1e-9)
    solution = ilqr(
        smooth_springs, task_objective(smooth_springs, T), x0, np.ones((T, 2)), settings
    )
    assert solution.reason is Reason.STATIONARY

    def total(w):
        """Cost of all actions w (2 T,), a quadratic form."""
        U = w.reshape(T, 2)
        du = np.diff(U, axis=0, prepend=np.zeros((1, 2)))
        X = springs.rollout(springs.x0, U)
        return springs.cost(X, U).sum() + 10 * (du**2).sum() - du[:, 1] @ X[:-1, 0]

    E, zero = np.eye(2 * T), total(np.zeros(2 * T))
    single = np.array([total(e) for e in E])
    H = np.array([[total(a + b) for b in E] for a in E]) - single[:, None] - single + zero
    best = np.linalg.solve(H, 0.5 * np.diag(H) - single + zero)
    np.testing.assert_allclose(solution.U.ravel(), best, atol=1e-7)
    assert solution.cost == pytest.approx(total(best), rel=1e-9)
    assert np.abs(solution.gains.K[:, :, [2, 3]]).max() > 0.1  # feedback on the last actions


@pytest.mark.parametrize("iterations", [1, 3, 6])
def test_iterations_agree_with_the_twin(smooth_cart, iterations):
    """Where the cost is not convex, and limits bind."""
    T, limit = 30, Settings(max_iterations=iterations)
    U = np.random.default_rng(3).standard_normal((T, 1))
    solution = ilqr(smooth_cart, task_objective(smooth_cart, T), smooth_cart.x0, U, limit)
    twin.assert_same(solution, twin.ilqr(twin.task(smooth_cart), smooth_cart.x0, U, limit))


def test_starts_are_those_of_the_robot_without_last_actions(smooth_cart, cart_pole):
    """All but plans, which reckon with the cost."""
    rng, x0s = np.random.default_rng, ([0.3, 0.5, 0, 0, -1, 0], [0.3, 0.5, 0, -1])
    mine, others = (
        {start.name: start.actions for start in all_starts(model, np.array(x0), 30, rng(0))}
        for model, x0 in zip((smooth_cart, cart_pole), x0s, strict=True)
    )
    for name in ("rest", "hold (0.3, 0.1 s)", "balance"):
        np.testing.assert_allclose(mine[name](), others[name](), atol=1e-9)
    assert np.isfinite(mine["receding (10 steps)"]()).all()
    assert np.abs(mine["balance"]()).max() > 0.1


def test_steps_are_as_exact_as_without_them(smooth_cart, cart_pole):
    """What jumps at the end of a step is no error of the integration."""
    U = np.random.default_rng(0).standard_normal((30, 1))
    with_last, without = (
        accuracy(model, model.rollout(model.x0, U), U) for model in (smooth_cart, cart_pole)
    )
    assert with_last.error == pytest.approx(without.error, rel=1e-6)
    assert (with_last.step, with_last.coordinate) == (without.step, without.coordinate)


def test_an_equilibrium_does_not_depend_on_the_action_before_it(smooth_springs):
    x, u = equilibrium(smooth_springs, smooth_springs.x0, np.zeros(2), np.ones(2))
    np.testing.assert_allclose(smooth_springs.step(x, u)[[0, 1, 4, 5]], x[[0, 1, 4, 5]], atol=1e-8)
