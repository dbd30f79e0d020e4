import numpy as np
import pytest
import scipy.optimize
from hypothesis import given
from hypothesis import strategies as st
from imitation import imitation_problem

from vgps.policy.bound import ClosedFormBound
from vgps.policy.optimizers.lbfgs import Pairs, minimize
from vgps.policy.optimizers.wolfe import C1, C2


def rosenbrock(x):
    return scipy.optimize.rosen(x), scipy.optimize.rosen_der(x)


def ours(objective, x0):
    return minimize(objective, x0, max_iterations=2000, value_tolerance=0.0)


def scipys(objective, x0):
    options = {"maxcor": 10, "maxiter": 2000, "maxfun": 10**6, "ftol": 0.0, "gtol": 1e-6}
    return scipy.optimize.minimize(objective, x0, jac=True, method="L-BFGS-B", options=options)


def values_of(optimise, objective, x0):
    """The result, and the values (N,) of the objective in the order in which they were asked for."""
    values = []

    def watched(x):
        value, gradient = objective(x)
        values.append(value)
        return value, gradient

    return optimise(watched, x0), np.array(values)


def needed(values, target):
    """Evaluations until a value of at most ``target``, which must be among them."""
    assert values.min() <= target
    return np.argmax(values <= target) + 1


def typical_ratio(ours, theirs):
    """Geometric mean.  Rounding makes single counts differ by a third, the mean by a few per cent."""
    return np.exp(np.mean(np.log(np.array(ours) / theirs)))


def test_rosenbrock_as_well_as_scipy():
    counts = []
    for n in (2, 4, 6, 10, 20, 50):
        x0 = np.tile([-1.2, 1.0], n // 2)
        result, values = values_of(ours, rosenbrock, x0)
        reference, its_values = values_of(scipys, rosenbrock, x0)
        assert result.reason == "gradient"
        assert result.evaluations == len(values)
        np.testing.assert_allclose(result.x, reference.x, atol=1e-5)
        counts.append([needed(v, 1e-8) for v in (values, its_values)])
    assert typical_ratio(*np.transpose(counts)) <= 1.2


@given(
    n=st.integers(1, 30),
    log_condition=st.floats(0.0, 4.0),
    log_scale=st.floats(-3.0, 3.0),
    seed=st.integers(0, 2**32 - 1),
)
def test_convex_quadratics(n, log_condition, log_scale, seed):
    rng = np.random.default_rng(seed)
    basis, _ = np.linalg.qr(rng.normal(size=(n, n)))
    eigenvalues = 10.0 ** (log_scale + rng.uniform(0.0, log_condition, size=n))
    A = basis * eigenvalues @ basis.T
    optimum = rng.normal(size=n)

    def objective(x):
        g = A @ (x - optimum)
        return 0.5 * g @ (x - optimum), g

    result = minimize(
        objective,
        np.zeros(n),
        max_iterations=2000,
        gradient_tolerance=1e-8 * eigenvalues.min(),
        value_tolerance=0.0,
    )
    assert result.reason in ("gradient", "value", "stalled")
    np.testing.assert_allclose(result.x, optimum, atol=1e-6)


def test_policy_objective_as_well_as_scipy():
    """To 1e-4 nats a step, in as few evaluations; and further, but for what is ill-conditioned."""
    counts, excess = [], []
    for seed in range(12):
        Z, mu_q, var_q, n_hidden, start = imitation_problem(np.random.default_rng(seed))
        objective = ClosedFormBound(Z, mu_q, var_q, n_hidden)
        result, values = values_of(ours, objective, start)
        reference, its_values = values_of(scipys, objective, start)
        target = min(result.value, reference.fun) + 1e-4
        counts.append([needed(v, target) for v in (values, its_values)])
        excess.append((result.value - reference.fun) / abs(reference.fun))
    assert typical_ratio(*np.transpose(counts)) <= 1.2
    assert np.median(excess) <= 1e-6


def test_the_result_is_what_the_objective_says(imitation):
    Z, mu_q, var_q, n_hidden, start = imitation
    objective = ClosedFormBound(Z, mu_q, var_q, n_hidden)
    result = minimize(objective, start)
    value, gradient = objective(result.x)
    assert value == pytest.approx(result.value, rel=1e-12)
    np.testing.assert_allclose(gradient, result.gradient, rtol=0, atol=1e-10)


def test_every_accepted_step_is_strong_wolfe(imitation):
    """Runs that differ by one iteration share all steps but the last."""
    Z, mu_q, var_q, n_hidden, start = imitation
    objective = ClosedFormBound(Z, mu_q, var_q, n_hidden)
    before = minimize(objective, start, max_iterations=0)
    for iterations in range(1, 60):
        after = minimize(objective, start, max_iterations=iterations)
        assert (after.iterations, after.reason) == (iterations, "iterations")
        s = after.x - before.x
        rounding = 1e-12 * abs(before.value)
        assert after.value <= before.value + C1 * before.gradient @ s + rounding
        assert abs(after.gradient @ s) <= C2 * abs(before.gradient @ s) * (1.0 + 1e-9)
        before = after


def test_first_trial_moves_by_one():
    trials = []

    def objective(x):
        trials.append(x.copy())
        return rosenbrock(x)

    minimize(objective, np.array([-1.2, 1.0]), max_iterations=1)
    assert np.linalg.norm(trials[1] - trials[0]) == pytest.approx(1.0)


@pytest.mark.parametrize("with_basis", [False, True])
@pytest.mark.parametrize("stored", [1, 4, 5, 13])
def test_two_loops_equal_the_explicit_bfgs_matrix(stored, with_basis, rng):
    """H from eq. 6.17, on the last 5 of the pairs, from the identity or B B^T scaled by eq. 7.20."""
    n, m = 8, 5
    B = rng.normal(size=(n, n)) if with_basis else np.eye(n)
    curvature = np.diag(rng.uniform(0.5, 5.0, size=n))
    history = [(s, curvature @ s + 0.02 * rng.normal(size=n)) for s in rng.normal(size=(stored, n))]
    pairs = Pairs(m, n, B if with_basis else None)
    for s, y in history:
        pairs.store(s, y)
    assert pairs.count == min(stored, m)

    s, y = history[-1]
    H = s @ y / (y @ B @ B.T @ y) * B @ B.T
    for s, y in history[-m:]:
        V = np.eye(n) - np.outer(y, s) / (y @ s)
        H = V.T @ H @ V + np.outer(s, s) / (y @ s)
    gradient = rng.normal(size=n)
    np.testing.assert_allclose(pairs.direction(gradient), -H @ gradient, rtol=1e-10)


def test_a_basis_is_a_change_of_variables(imitation):
    """The search for x with a basis B is the search for z, x = x0 + B z, with the identity."""
    objective, x0 = ClosedFormBound(*imitation[:-1]), imitation.start
    B = np.random.default_rng(1).normal(size=(x0.size, x0.size)) / x0.size

    def in_basis(z):
        value, gradient = objective(x0 + B @ z)
        return value, B.T @ gradient

    for iterations in (1, 2, 8):
        settings = {"max_iterations": iterations, "value_tolerance": 0.0}
        result = minimize(objective, x0, basis=B, **settings)
        twin = minimize(in_basis, np.zeros(x0.size), basis=np.eye(x0.size), **settings)
        assert result.iterations == twin.iterations == iterations
        np.testing.assert_allclose(result.x, x0 + B @ twin.x, rtol=1e-6, atol=1e-9)


def test_the_basis_of_a_quadratic_takes_newtons_step(rng):
    n = 20
    rotation, _ = np.linalg.qr(rng.normal(size=(n, n)))
    curvature = 10.0 ** rng.uniform(-4.0, 4.0, size=n)
    A = rotation * curvature @ rotation.T
    optimum = rng.normal(size=n)

    def objective(x):
        g = A @ (x - optimum)
        return 0.5 * g @ (x - optimum), g

    newton = minimize(objective, np.zeros(n), max_iterations=1, basis=rotation / np.sqrt(curvature))
    assert newton.evaluations == 2
    np.testing.assert_allclose(newton.x, optimum, rtol=1e-6)
    assert minimize(objective, np.zeros(n), max_iterations=1).value > 1e3 * newton.value


def test_pairs_without_curvature_are_left_out(rng):
    pairs = Pairs(3, 2)
    s = np.array([1.0, 0.0])
    for y in (-s, np.array([0.0, 1.0]), np.zeros(2)):
        pairs.store(s, y)
    assert pairs.count == 0


def test_reason_gradient_at_once_when_already_there():
    result = minimize(rosenbrock, np.ones(2))
    assert (result.reason, result.iterations, result.evaluations) == ("gradient", 0, 1)


def test_reason_value():
    result = minimize(
        rosenbrock, np.array([-1.2, 1.0]), gradient_tolerance=0.0, value_tolerance=1e-3
    )
    assert result.reason == "value"


def test_reason_stalled_when_only_rounding_is_left():
    def objective(x):
        value, gradient = rosenbrock(x)
        return value + 1e6, gradient

    # a gradient of exactly zero would be small enough for any tolerance but a negative one
    result = minimize(
        objective, np.array([-1.2, 1.0]), gradient_tolerance=-1.0, value_tolerance=-np.inf
    )
    assert result.reason == "stalled"
    np.testing.assert_allclose(result.x, np.ones(2), atol=1e-3)


@pytest.mark.filterwarnings("error")
def test_trials_that_overflow_are_shortened():
    def objective(x):
        return float(np.exp(1e4 * x - 1.0).sum() - 1e4 * x.sum()), 1e4 * (
            np.exp(1e4 * x - 1.0) - 1.0
        )

    result = minimize(objective, np.zeros(3), value_tolerance=0.0)
    np.testing.assert_allclose(result.x, 1e-4, rtol=1e-6)


@pytest.mark.parametrize(
    "x0, value, gradient, named",
    [
        (np.nan, 0.0, 0.0, "x0"),
        (0.0, np.nan, 0.0, "the value at x0"),
        (0.0, 0.0, np.inf, "the gradient at x0"),
    ],
)
def test_a_start_that_is_not_finite_is_named(x0, value, gradient, named):
    with pytest.raises(FloatingPointError, match=f"{named} is not finite"):
        minimize(lambda x: (value, np.full(2, gradient)), np.full(2, x0))


def test_shapes_that_do_not_fit():
    with pytest.raises(ValueError, match=r"x0 must be a vector, not of shape \(2, 2\)"):
        minimize(rosenbrock, np.zeros((2, 2)))
    with pytest.raises(ValueError, match=r"gradient has shape \(3,\), x0 \(2,\)"):
        minimize(lambda x: (0.0, np.ones(3)), np.zeros(2))


def test_no_tolerance_is_needed_where_the_gradient_vanishes():
    result = minimize(lambda x: (0.0, np.zeros(2)), np.ones(2), gradient_tolerance=0.0)
    assert (result.reason, result.evaluations) == ("gradient", 1)
