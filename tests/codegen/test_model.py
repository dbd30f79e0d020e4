"""What a model accepts: shapes are checked by name, and arrays are taken as they come."""

import numpy as np
import pytest


@pytest.fixture
def model(built_arm):
    return built_arm


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("q", lambda m: m.mass_matrix([1, 2, 3])),
        ("q", lambda m: m.mass_matrix([[1, 2]])),
        ("q", lambda m: m.points(1.0)),
        ("q", lambda m: m.point_jacobians([1, 2, 3])),
        ("v", lambda m: m.bias_force([1, 2], [1])),
        ("v", lambda m: m.passive_force([1, 2], [])),
        ("q", lambda m: m.energy([1], [1, 2])),
        ("u", lambda m: m.acceleration([1, 2], [1, 2], [1, 2, 3])),
        ("u", lambda m: m.acceleration_derivatives([1, 2], [1, 2], [[1, 2]])),
        ("x", lambda m: m.step([1, 2], [1, 2])),
        ("u", lambda m: m.step([1, 2, 3, 4], [1])),
        ("x", lambda m: m.rollout([1, 2, 3], np.zeros((5, 2)))),
        ("U", lambda m: m.rollout(np.zeros(4), np.zeros(2))),
        ("U", lambda m: m.rollout(np.zeros(4), np.zeros((2, 5)))),
        ("X", lambda m: m.linearize(np.zeros((5, 3)), np.zeros((5, 2)))),
        ("U", lambda m: m.linearize(np.zeros((5, 4)), np.zeros((5, 4)))),
        ("X", lambda m: m.cost(np.zeros((7, 4)), np.zeros((5, 2)))),
        ("X", lambda m: m.speed(np.zeros((4, 4)), np.zeros((5, 2)))),
        ("X", lambda m: m.success(np.zeros(4), np.zeros((5, 2)))),
    ],
)
def test_a_wrong_shape_is_refused_by_name(model, name, call):
    with pytest.raises(ValueError, match=rf"^{name} (must have shape|has \d)"):
        call(model)


def test_arrays_are_taken_as_they_come(model):
    """Lists, integers, single precision, strides and Fortran order give the same numbers."""
    rng = np.random.default_rng(0)
    X, U = rng.integers(-3, 4, (6, 4)), rng.integers(-3, 4, (6, 2))
    X, U = X.astype(float), U.astype(float)
    f_x, f_u = model.linearize(X, U)
    cost, states, step = model.cost(X, U), model.rollout(X[0], U), model.step(X[0], U[0])
    sparse_X, sparse_U = np.full((12, 8), np.nan), np.full((12, 4), np.nan)
    sparse_X[::2, ::2], sparse_U[::2, ::2] = X, U
    for other_X, other_U in (
        (X.tolist(), U.tolist()),
        (X.astype(int), U.astype(int)),
        (X.astype(np.float32), U.astype(np.float32)),
        (np.asfortranarray(X), np.asfortranarray(U)),
        (sparse_X[::2, ::2], sparse_U[::2, ::2]),
    ):
        other_x, other_u = model.linearize(other_X, other_U)
        assert np.array_equal(other_x, f_x)
        assert np.array_equal(other_u, f_u)
        assert np.array_equal(model.cost(other_X, other_U), cost)
        assert np.array_equal(model.rollout(other_X[0], other_U), states)
        assert np.array_equal(model.step(other_X[0], other_U[0]), step)


def test_inputs_are_left_alone(model):
    x, U = np.array([0.1, 0.2, 0.3, 0.4]), np.ones((3, 2))
    X = model.rollout(x, U)
    model.linearize(X, U)
    assert x.tolist() == [0.1, 0.2, 0.3, 0.4]
    assert np.array_equal(U, np.ones((3, 2)))
    assert not np.shares_memory(X, x)


def test_no_steps_are_a_trajectory_too(model):
    X = model.rollout([0.1, 0.2, 0, 0], np.empty((0, 2)))
    assert X.tolist() == [[0.1, 0.2, 0, 0]]
    assert model.cost(X, np.empty((0, 2))).shape == (0,)


def test_point_jacobians_by_name(model):
    """The compiled ones, each against differences of its own point."""
    q, h = np.array([0.3, -0.8]), 1e-6
    J = model.point_jacobians(q)
    assert list(J) == list(model.points(q)) and "hand" in J
    for name in J:
        columns = [
            (model.points(q + unit)[name] - model.points(q - unit)[name]) / (2 * h)
            for unit in h * np.eye(2)
        ]
        np.testing.assert_allclose(J[name], np.transpose(columns), atol=1e-9)


def test_a_rollout_that_diverges_says_when(model):
    """The step is the index of the first state that is not finite."""
    U = np.zeros((6, 2))
    U[3] = 1e308
    with pytest.raises(FloatingPointError, match=r"no longer finite at step 4: shoulder\.[qv]$"):
        model.rollout(np.zeros(4), U)
    with pytest.raises(FloatingPointError, match=r"at step 0: shoulder\.q$"):
        model.rollout([np.nan, 0, 0, 0], U)


def test_success_is_the_expression_over_the_rollout(compiled, arm):
    """The hand ends above 0.8 m, of 0.9 m when upright, and the elbow never bends below -1 rad."""
    model = compiled(arm("final(hand.y) > 0.9", "final(hand.y) > 0.8"))
    up, bent, lying = [np.pi / 2, 0, 0, 0], [np.pi / 2, -1.1, 0, 0], [0, 0, 0, 0]
    U = np.zeros((3, 2))
    assert model.success([lying, up, up], U)
    assert not model.success([up, up, lying], U)
    assert not model.success([up, bent, up], U)


FREE = """
name: free
gravity: 0
base: fixed
links:
  - {name: arm, mass: 1, length: 1}
  - {name: puck, mass: 2}
joints:
  - {name: shoulder, parent: world, child: arm, actuated: true}
  - {name: slide, type: prismatic, parent: world, child: puck, damping: 0}
task: {dt: 0.01, horizon: 10, cost: sum(u**2), success: final(slide.q) > 0, INTEGRATOR}
"""


@pytest.mark.parametrize("integrator", ["rk4", "implicit"])
def test_a_coordinate_on_which_no_force_acts_keeps_its_speed(compiled, load_text, integrator):
    model = compiled(load_text(FREE.replace("INTEGRATOR", f"integrator: {integrator}")))
    assert model.acceleration([0.3, 0.5], [0.1, 2.0], [1.0])[1] == 0.0
    X = model.rollout([0.3, 0.5, 0.1, 2.0], np.ones((10, 1)))
    np.testing.assert_allclose(X[:, 3], 2.0)
    np.testing.assert_allclose(X[-1, 1], 0.5 + 0.1 * 2.0)
    f_x, f_u = model.linearize(X[:1], np.ones((1, 1)))
    np.testing.assert_allclose(f_x[0, [1, 3]], [[0, 1, 0, 0.01], [0, 0, 0, 1]], atol=1e-15)
    assert not f_u[0, [1, 3]].any()
