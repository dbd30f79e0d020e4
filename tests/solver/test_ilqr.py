"""iLQR against its plain twin, the Riccati recursion, and SciPy on the shooting problem."""

import numpy as np
import pytest
import twin
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from python_term import python_term
from scipy.optimize import minimize
from solver_robots import SPRINGS
from twin import agree, assert_same

from vgps.solver.ilqr import Reason, Settings, ilqr
from vgps.solver.objective import task_objective, with_extra


def swing(T):
    """Actions around which the cost of the cart-pole is concave; the limits bind later."""
    return np.random.default_rng(3).standard_normal((T, 1))


@pytest.mark.parametrize("second_order", [True, False])
@pytest.mark.parametrize("iterations", range(1, 6))
def test_swimmer_agrees_with_the_twin(swimmer, iterations, second_order):
    T, limit = 30, Settings(max_iterations=iterations, second_order=second_order)
    U = 50.0 * np.random.default_rng(0).standard_normal((T, swimmer.nu))
    solution = ilqr(swimmer, task_objective(swimmer, T, 0.7), swimmer.x0, U, limit)
    assert_same(solution, twin.ilqr(twin.task(swimmer, 0.7), swimmer.x0, U, limit))


@pytest.mark.parametrize(
    "seed, accept, iterations, rejects", [(0, 1e-4, 20, False), (1, 0.98, 12, True)]
)
def test_line_search_agrees_with_the_twin(swimmer, seed, accept, iterations, rejects):
    """Where it starts after small steps, and, under a strict acceptance, after rejected ones."""
    T, limit, records = 30, Settings(max_iterations=iterations, accept=accept), []
    U = 50.0 * np.random.default_rng(seed).standard_normal((T, swimmer.nu))
    solution = ilqr(swimmer, task_objective(swimmer, T), swimmer.x0, U, limit, records.append)
    assert_same(solution, twin.ilqr(twin.task(swimmer), swimmer.x0, U, limit))
    sizes = [r.step_size for r in records]
    assert (0.0 in sizes) == rejects
    assert 0.0 < min(size for size in sizes if size > 0.0) <= 0.125


@pytest.mark.parametrize("iterations", range(1, 7))
def test_cart_pole_with_limits_agrees_with_the_twin(cart_pole, iterations):
    """Its cost is concave around the start, so mu grows; then the limits become active."""
    T, limit = 30, Settings(max_iterations=iterations)
    U = swing(T)
    solution = ilqr(cart_pole, task_objective(cart_pole, T), cart_pole.x0, U, limit)
    assert_same(solution, twin.ilqr(twin.task(cart_pole), cart_pole.x0, U, limit))


@pytest.mark.parametrize("iterations", [1, 2, 3])
def test_two_limited_actions_agree_with_the_twin(build_text, iterations):
    """Partly clamped actions: one of the two at its limit, the other free."""
    robot = build_text(
        SPRINGS.replace("actuated: true", "actuated: true\n    torque_limit: 0.25", 1)
    )
    T, limit = 20, Settings(max_iterations=iterations)
    U = np.zeros((T, robot.nu))
    solution = ilqr(robot, task_objective(robot, T), robot.x0, U, limit)
    assert_same(solution, twin.ilqr(twin.task(robot), robot.x0, U, limit))
    clamped = np.abs(solution.U[:, 0]) == 0.25
    assert clamped.any() and not clamped.all()


def test_linear_quadratic_problem_is_solved_in_one_iteration(springs):
    """Gains, value Hessian and actions equal the affine Riccati recursion in (x, 1)."""
    T, nx, nu = 20, springs.nx, springs.nu
    exact = Settings(regularization_start=0.0, cost_tolerance=1e-9)
    solution = ilqr(springs, task_objective(springs, T), np.full(nx, 0.5), np.ones((T, nu)), exact)
    assert solution.reason is Reason.STATIONARY
    assert solution.iterations == 2  # the second only finds that nothing is left to gain

    # z = (x, 1): dynamics and cost are a linear map and a quadratic form, read off by evaluation
    step = springs.step
    offset = step(np.zeros(nx), np.zeros(nu))
    A, B = np.eye(nx + 1), np.zeros((nx + 1, nu))
    A[:nx, nx] = offset
    A[:nx, :nx] = np.array([step(e, np.zeros(nu)) - offset for e in np.eye(nx)]).T
    B[:nx] = np.array([step(np.zeros(nx), e) - offset for e in np.eye(nu)]).T

    def cost(w):
        return springs.cost([w[:nx]], [w[nx:]])[0]

    n, zero = nx + nu, cost(np.zeros(nx + nu))
    E = np.eye(n)
    single = np.array([cost(e) for e in E])
    H = np.array([[cost(a + b) - cost(a) - cost(b) + zero for b in E] for a in E])
    g = single - zero - 0.5 * np.diag(H)
    Q = np.zeros((nx + 1, nx + 1))
    Q[:nx, :nx], Q[:nx, nx], Q[nx, :nx], Q[nx, nx] = H[:nx, :nx], g[:nx], g[:nx], 2.0 * zero
    R, S = H[nx:, nx:], np.column_stack([H[nx:, :nx], g[nx:]])  # (nu, nu), (nu, nx+1)

    P, z = np.zeros_like(Q), np.append(np.full(nx, 0.5), 1.0)
    feedback, values = [], []
    for _ in range(T):
        F = -np.linalg.solve(R + B.T @ P @ B, S + B.T @ P @ A)
        P = Q + F.T @ R @ F + F.T @ S + S.T @ F + (A + B @ F).T @ P @ (A + B @ F)
        feedback.insert(0, F)
        values.insert(0, P)
    agree(solution.gains.K, np.array(feedback)[:, :, :nx])
    agree(solution.gains.V_xx, np.array(values)[:, :nx, :nx])
    assert solution.cost == pytest.approx(0.5 * z @ values[0] @ z, rel=1e-9)
    for t, F in enumerate(feedback):
        agree(solution.U[t], F @ z, 1.0)
        z = (A + B @ F) @ z


def test_limits_meet_the_optimality_conditions(cart_pole):
    """Actions within +-4 N: the gradient vanishes inside and at a limit points out of the box.

    The minimum is that of L-BFGS-B on the single-shooting problem.
    """
    T = 25
    U = swing(T)
    tight = Settings(cost_tolerance=1e-12)
    solution = ilqr(cart_pole, task_objective(cart_pole, T), cart_pole.x0, U, tight)
    problem = twin.task(cart_pole)
    _, slope = twin.gradient(problem, cart_pole.x0, solution.U)
    low, high = solution.U == -4.0, solution.U == 4.0
    inside = ~(low | high)
    assert low.sum() > 5 and inside.sum() > 5
    assert np.abs(solution.U).max() <= 4.0
    assert np.abs(slope[inside]).max() < 1e-5
    assert (slope[low] > 0.0).all() and (slope[high] < 0.0).all()

    def shoot(actions):
        total, slope = twin.gradient(problem, cart_pole.x0, actions.reshape(T, 1))
        return total, slope.ravel()

    options = {"ftol": 1e-15, "gtol": 1e-9}
    found = minimize(
        shoot, U.ravel(), jac=True, bounds=[(-4, 4)] * T, method="L-BFGS-B", options=options
    )
    assert solution.cost == pytest.approx(found.fun, rel=1e-10)
    np.testing.assert_allclose(solution.U.ravel(), found.x, atol=1e-4)


def test_clamped_actions_have_no_gain(cart_pole):
    """Zero feedback exactly where the next action, U + k, stands at its limit."""
    T = 25
    solution = ilqr(cart_pole, task_objective(cart_pole, T), cart_pole.x0, swing(T))
    # U + k is rounded: 4 - U and U together need not make 4
    clamped = np.isclose(np.abs(solution.U + solution.gains.k)[:-1, 0], 4.0, rtol=1e-12, atol=0)
    feedback = np.abs(solution.gains.K[:-1]).max(axis=(1, 2))  # the last step has none
    assert clamped.sum() > 5 and (~clamped).sum() > 5
    assert (feedback[clamped] == 0.0).all() and (feedback[~clamped] > 0.0).all()


def test_covariance_is_defined_for_clamped_actions_too(cart_pole):
    """Q_uu is positive definite in all actions: a clamped one's own curvature may be negative."""
    U = swing(30)
    for iterations in range(8):
        limit = Settings(max_iterations=iterations)
        solution = ilqr(cart_pole, task_objective(cart_pole, 30), cart_pole.x0, U, limit)
        assert np.linalg.eigvalsh(solution.gains.Q_uu).min() > 0.0


def test_actions_outside_the_limits_are_clipped_at_the_start(cart_pole):
    none = Settings(max_iterations=0)
    solution = ilqr(
        cart_pole, task_objective(cart_pole, 5), cart_pole.x0, np.full((5, 1), -9.0), none
    )
    np.testing.assert_array_equal(solution.U, np.full((5, 1), -4.0))
    np.testing.assert_array_equal(solution.X[0], cart_pole.x0)
    twin.check_rollout(cart_pole, solution.X, solution.U)


def test_no_iterations_give_the_gains_of_the_start(springs):
    none = Settings(max_iterations=0)
    solution = ilqr(springs, task_objective(springs, 5), springs.x0, np.ones((5, 2)), none)
    assert (solution.iterations, solution.reason) == (0, Reason.ITERATIONS)
    np.testing.assert_array_equal(solution.U, np.ones((5, 2)))
    assert np.abs(solution.gains.k).min() > 0.0


def opposed(nx, nu, T, scale):
    """A term whose value rises steeply wherever its gradient promises a decrease."""

    def value(x, u):
        return scale * np.abs(u).sum()

    def expansion(x, u):
        zeros = np.zeros((nx, nx)), np.zeros((nu, nx))
        return value(x, u), np.zeros(nx), np.ones(nu), *zeros, np.eye(nu)

    return python_term(value, expansion, nx, nu, T)


def flat(nx, nu, T):
    """Half a sum of squares whose Hessian is told to be 0.6 of what it is."""

    def value(x, u):
        return 0.5 * u @ u

    def expansion(x, u):
        zeros = np.zeros((nx, nx)), np.zeros((nu, nx))
        return value(x, u), np.zeros(nx), u, *zeros, 0.6 * np.eye(nu)

    return python_term(value, expansion, nx, nu, T)


def test_every_reason_to_stop(springs):
    T, nx, nu = 10, springs.nx, springs.nu
    plain, U = task_objective(springs, T), np.ones((T, nu))

    def reason(objective=plain, **options):
        return ilqr(springs, objective, springs.x0, U, Settings(**options)).reason

    assert reason(max_iterations=1, cost_tolerance=1e-9) is Reason.ITERATIONS
    assert reason(regularization_start=0.0, cost_tolerance=1e-9) is Reason.STATIONARY
    term, _keep = opposed(nx, nu, T, 1e3)
    U = np.zeros((T, nu))
    assert reason(with_extra(plain, term)) is Reason.REGULARIZATION


@pytest.mark.parametrize("second_order", [True, False])
def test_a_step_that_hardly_lowers_the_cost_ends_it(springs, second_order):
    """A model that is too flat steps too far: of what it expects a third comes true, each time."""
    T, nx, nu, records = 10, springs.nx, springs.nu, []
    term, _keep = flat(nx, nu, T)
    objective = with_extra(task_objective(springs, T, alpha=0.0), term)
    plainly = Settings(cost_tolerance=1e-3, regularization_start=0.0, second_order=second_order)
    solution = ilqr(springs, objective, springs.x0, np.ones((T, nu)), plainly, records.append)
    assert solution.reason is Reason.CONVERGED
    assert all(r.step_size == 1.0 for r in records)
    assert records[-1].decrease < 1e-3 <= records[-2].decrease


def test_final_gains_need_no_leftover_regularisation(springs):
    """Q_uu of a convex problem is reported as it is, though the search ended with a huge mu."""
    T, nx, nu = 10, springs.nx, springs.nu
    term, _keep = opposed(nx, nu, T, 1e3)
    objective = with_extra(task_objective(springs, T), term)
    solution = ilqr(springs, objective, springs.x0, np.zeros((T, nu)))
    assert solution.reason is Reason.REGULARIZATION
    assert solution.regularization == 0.0
    np.testing.assert_array_equal(solution.U, 0.0)


def test_final_regularisation_starts_small(cart_pole):
    """The rate at which mu grew during rejected steps does not carry over to the final gains."""
    T, U = 30, swing(30)
    objective = task_objective(cart_pole, T)
    none, impossible = Settings(max_iterations=0), Settings(max_iterations=5, accept=1e9)
    untouched = ilqr(cart_pole, objective, cart_pole.x0, U, none)
    rejected = ilqr(cart_pole, objective, cart_pole.x0, U, impossible)
    np.testing.assert_array_equal(rejected.U, untouched.U)
    assert untouched.regularization > 0.0
    assert rejected.regularization == untouched.regularization


def test_callback_receives_every_iteration(swimmer):
    """Numbered from 1, with the achieved decrease: costs telescope from the start to the end."""
    T, records = 20, []
    U = 10.0 * np.random.default_rng(1).standard_normal((T, 2))
    objective, limit = task_objective(swimmer, T), Settings(max_iterations=12)
    solution = ilqr(swimmer, objective, swimmer.x0, U, limit, records.append)
    assert solution.reason is Reason.ITERATIONS
    assert [r.iteration for r in records] == list(range(1, 13))
    start = swimmer.cost(swimmer.rollout(swimmer.x0, U), U).sum()
    costs = np.array([start] + [r.cost for r in records])
    np.testing.assert_allclose(-np.diff(costs), [r.decrease for r in records], atol=1e-9 * start)
    assert costs[-1] == solution.cost
    assert solution.cost == pytest.approx(swimmer.cost(solution.X, solution.U).sum(), rel=1e-12)
    assert {r.step_size for r in records} <= {0.0, *twin.SIZES}


def test_rejected_iterations_are_reported_too(springs):
    T, nx, nu, records = 10, springs.nx, springs.nu, []
    term, _keep = opposed(nx, nu, T, 1e3)
    objective = with_extra(task_objective(springs, T), term)
    limit = Settings(max_iterations=3)
    ilqr(springs, objective, springs.x0, np.zeros((T, nu)), limit, records.append)
    assert [(r.step_size, r.decrease) for r in records] == [(0.0, 0.0)] * 3
    first, second, third = (r.regularization for r in records)
    assert first < second < third
    assert third / second > second / first  # at a growing rate


def test_diverging_start_is_an_error(swimmer):
    U = np.full((10, 2), 1e200)
    with pytest.raises(FloatingPointError, match="the state is no longer finite at step 1: "):
        ilqr(swimmer, task_objective(swimmer, 10), swimmer.x0, U)


@pytest.mark.parametrize("part", range(1, 6))
def test_derivatives_that_are_not_finite_are_named(springs, part):
    """A NaN in any derivative of the cost raises instead of ending as a NaN policy."""
    T, nx, nu = 6, springs.nx, springs.nu

    def expansion(x, u):
        parts = [0.0] + [np.zeros(s) for s in (nx, nu, (nx, nx), (nu, nx), (nu, nu))]
        if x[0] > 0.0:  # as of step 3 of this rollout
            parts[part] = np.full_like(parts[part], np.nan)
        return parts

    term, _keep = python_term(lambda x, u: 0.0, expansion, nx, nu, T)
    U, x0 = np.zeros((T, nu)), np.array([-0.25, 0.2, 1.0, 0.0])
    X = springs.rollout(x0, U)
    assert X[2, 0] < 0.0 < X[3, 0]
    with pytest.raises(FloatingPointError, match="derivative of the cost .* at step 3"):
        ilqr(springs, with_extra(task_objective(springs, T), term), x0, U)


def test_a_problem_that_stays_concave_is_an_error(cart_pole):
    """With mu bounded far below the curvature of the cost no gains exist."""
    U, weak = swing(30), Settings(regularization_start=0.0, regularization_max=1e-5)
    with pytest.raises(FloatingPointError, match="not positive definite"):
        ilqr(cart_pole, task_objective(cart_pole, 30), cart_pole.x0, U, weak)


@pytest.mark.parametrize("x0, U", [((4,), (5, 3)), ((4,), (4, 2)), ((4,), (5,)), ((3,), (5, 2))])
def test_shapes_are_checked(springs, x0, U):
    with pytest.raises(ValueError, match="must have shape"):
        ilqr(springs, task_objective(springs, 5), np.zeros(x0), np.zeros(U))


def test_arguments_are_left_alone(springs):
    x0, U = springs.x0.copy(), np.ones((5, 2))
    ilqr(springs, task_objective(springs, 5), x0, U)
    np.testing.assert_array_equal(x0, springs.x0)
    np.testing.assert_array_equal(U, 1.0)


def test_any_memory_order_and_integers_are_taken(springs):
    """Compiled code reads rows of doubles."""
    x0, U = np.array([1, 0, 2, 0]), np.arange(10).reshape(5, 2)
    objective = task_objective(springs, 5)
    plain = ilqr(springs, objective, x0.astype(float), U.astype(float))
    for other in (U, np.asfortranarray(U.astype(float)), U.repeat(2, axis=0)[::2]):
        solution = ilqr(springs, objective, x0, other)
        np.testing.assert_array_equal(solution.U, plain.U)
        np.testing.assert_array_equal(solution.X, plain.X)


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    seed=st.integers(0, 2**32 - 1),
    scale=st.floats(0.0, 20.0),
    T=st.integers(1, 40),
    start=st.sampled_from([0.0, 1e-3, 1.0, 100.0]),
)
def test_cost_never_rises(cart_pole, seed, scale, T, start):
    """From any start: costs fall or stay, actions keep to the limits, the result is a rollout."""
    rng, costs = np.random.default_rng(seed), []
    x0 = np.array([0.0, 3.0, 1.0, 5.0]) * rng.standard_normal(4)
    U = scale * rng.standard_normal((T, 1))
    options = Settings(max_iterations=15, regularization_start=start)
    objective = task_objective(cart_pole, T)
    solution = ilqr(cart_pole, objective, x0, U, options, lambda r: costs.append(r.cost))
    clipped = np.clip(U, -4.0, 4.0)
    start = ilqr(cart_pole, objective, x0, clipped, Settings(max_iterations=0)).cost
    assert (np.diff([start, *costs]) <= 0.0).all()
    assert np.abs(solution.U).max() <= 4.0
    np.testing.assert_array_equal(solution.X[0], x0)
    twin.check_rollout(cart_pole, solution.X, solution.U)
