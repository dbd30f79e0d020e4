"""Final cost and time in iLQR: against the discrete Riccati equation, differences, and a clock."""

import numpy as np
import pytest
from expansions import differences, expansion_along

from vgps.solver.ilqr import Settings, ilqr
from vgps.solver.objective import task_objective
from vgps.solver.rollout import rollout

# A unit mass on a rail: a linear system, in which a step of Runge-Kutta is exact.
MASS = """
name: mass
gravity: 0
base: fixed
links: [{name: bead, mass: 1}]
joints: [{name: rail, type: prismatic, parent: world, child: bead, actuated: true}]
task:
  dt: 0.1
  horizon: 30
  cost: 0.05*rail.u**2 + 0.1*rail.q**2
  final_cost: 20*rail.q**2 + 6*rail.q*rail.v + 5*rail.v**2
  success: final(rail.q) < 0.1
  initial: {q: {rail: 1}, v: {rail: -0.5}}
"""

# Beside the arm a clock slides along, on which no force acts: its position is the time.
ARM = """
name: arm
base: fixed
links: [{name: upper, mass: 1, length: 0.5}, {name: lower, mass: 0.7, length: 0.4},
        {name: hand, mass: 0.1}]
joints:
  - {name: shoulder, parent: world, child: upper, damping: 0.2, actuated: true, torque_limit: 8}
  - {name: elbow, parent: upper, child: lower, damping: 0.1, actuated: true}
  - {name: clock, type: prismatic, parent: world, child: hand}
points: [{name: tip, link: lower, at: [0.4, 0]}]
task:
  dt: 0.02
  horizon: 40
  cost: 1e-3*sum(u**2) + 0.5*(tip.y + 0.9*cos(3*TIME))**2 + 0.02*wrap(elbow.q - TIME)**2
  final_cost: >-
    20*(tip.x - 0.3*TIME)**2 + 8*wrap(atan2(tip.y, tip.x) - 9)**2 + shoulder.v**2*TIME + elbow.v**2
  success: final(tip.x) > 0
  initial: {q: {shoulder: -1.5, elbow: 0.1}, v: {clock: 1}}
  start: {noise: 0.5}
"""
CLOSE = Settings(cost_tolerance=1e-12)


@pytest.fixture(scope="module")
def mass(build_text):
    return build_text(MASS)


@pytest.fixture(scope="module")
def arm(build_text):
    return build_text(ARM.replace("TIME", "t"))


def riccati(model, A, B, alpha=1.0):
    """V_xx (T+1, 2, 2) and K (T, 1, 2) of the mass, by the textbook's recursion."""
    Q, R = alpha * np.diag([0.2, 0.0]), alpha * np.array([[0.1]])
    V = [alpha * np.array([[40.0, 6.0], [6.0, 10.0]])]
    K = []
    for _ in range(model.robot.task.horizon):
        P = V[0]
        K.insert(0, -np.linalg.solve(R + B.T @ P @ B, B.T @ P @ A))
        V.insert(0, Q + A.T @ P @ A + A.T @ P @ B @ K[0])
    return np.array(V), np.array(K)


@pytest.mark.parametrize("alpha", [1.0, 0.3])
def test_a_linear_quadratic_problem(mass, alpha):
    """alpha multiplies the final cost, too."""
    T, dt = 30, mass.dt
    A, B = np.array([[1.0, dt], [0.0, 1.0]]), np.array([[dt**2 / 2], [dt]])
    V, K = riccati(mass, A, B, alpha)
    exact = CLOSE._replace(regularization_start=0.0)
    solution = ilqr(mass, task_objective(mass, T, alpha), mass.x0, np.zeros((T, 1)), exact)
    x, X, U = mass.x0, [mass.x0], []
    for t in range(T):
        U.append(K[t] @ x)
        x = A @ x + B @ U[-1]
        X.append(x)
    np.testing.assert_allclose(solution.X, X, rtol=0, atol=1e-9)
    np.testing.assert_allclose(solution.U, U, rtol=0, atol=1e-9)
    np.testing.assert_allclose(solution.gains.K, K, rtol=1e-9)
    np.testing.assert_allclose(solution.gains.V_xx, V[:T], rtol=1e-9, atol=1e-12)
    assert solution.cost == pytest.approx(0.5 * mass.x0 @ V[0] @ mass.x0, rel=1e-9)
    assert mass.cost(solution.X, solution.U).sum() == pytest.approx(
        solution.cost / alpha, rel=1e-12
    )


def test_the_gradient_of_the_total_cost(arm, rng):
    """By the chain rule through the expansion, against central differences of the whole rollout."""
    T, alpha = 25, 0.7
    U, objective = rng.standard_normal((T, 2)), task_objective(arm, 25, alpha)
    X = arm.rollout(arm.x0, U)
    e = expansion_along(arm, objective, X, U)
    slope, adjoint = np.empty_like(U), e.final_x
    for t in reversed(range(T)):
        slope[t] = e.c_u[t] + e.f_u[t].T @ adjoint
        adjoint = e.c_x[t] + e.f_x[t].T @ adjoint

    def total(u):
        return alpha * arm.cost(arm.rollout(arm.x0, u.reshape(T, 2)), u.reshape(T, 2)).sum()

    expected = differences(total, U.ravel()).reshape(T, 2)
    np.testing.assert_allclose(slope, expected, rtol=0, atol=1e-7 * np.abs(expected).max())
    assert e.c.sum() == pytest.approx(total(U.ravel()), rel=1e-12)
    assert rollout(arm, objective, arm.x0, U)[2] == pytest.approx(total(U.ravel()), rel=1e-12)


def test_the_hessian_of_the_final_cost(mass, rng):
    """Exact where the quantities are linear in the state."""
    X, U = rng.standard_normal((4, 2)), rng.standard_normal((3, 1))
    e = expansion_along(mass, task_objective(mass, 3, 0.3), X, U)
    for i in range(2):

        def slope(x, i=i):
            there = np.vstack([X[:3], x])
            return expansion_along(mass, task_objective(mass, 3, 0.3), there, U).final_x[i]

        np.testing.assert_allclose(e.final_xx[i], differences(slope, X[3]), rtol=1e-6)


def test_the_state_after_the_last_step_may_be_missing(mass, rng):
    """Then nothing is known of the final cost."""
    X, U = rng.standard_normal((4, 2)), rng.standard_normal((3, 1))
    found = expansion_along(mass, task_objective(mass, 3), X[:3], U)
    np.testing.assert_array_equal(found.c, mass.cost(X[:3], U))
    assert not found.final_x.any() and not found.final_xx.any()


def test_time_is_what_a_clock_shows(arm, build_text, rng):
    """Costs, derivatives by the arm's states and the optimum are those of the twin with a clock."""
    twin = build_text(ARM.replace("TIME", "clock.q"))
    T = arm.robot.task.horizon
    U = rng.standard_normal((T, 2))
    X = arm.rollout(arm.x0, U)
    np.testing.assert_allclose(arm.cost(X, U), twin.cost(X, U), rtol=1e-12)
    ours = expansion_along(arm, task_objective(arm, T), X, U)
    theirs = expansion_along(twin, task_objective(twin, T), X, U)
    of_the_arm = np.array([0, 1, 3, 4])  # the others are the clock's
    for name in ("c_x", "c_u", "final_x"):
        found, expected = getattr(ours, name), getattr(theirs, name)
        if name.endswith("_x"):
            found, expected = found[..., of_the_arm], expected[..., of_the_arm]
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-11)

    first = ilqr(arm, task_objective(arm, T), arm.x0, U, CLOSE)
    second = ilqr(twin, task_objective(twin, T), twin.x0, U, CLOSE)
    assert first.cost == pytest.approx(second.cost, rel=1e-7)
    assert first.cost < 0.5 * arm.cost(X, U).sum()
