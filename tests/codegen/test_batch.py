"""Many evaluations in one call against one evaluation in each of many."""

import ctypes

import numpy as np
import pytest
from closeness import assert_close
from ground_robots import FOOT
from trees import PASSIVE_TREES, random_state, swimmer

COUNTS = (0, 1, 2, 7, 8, 9, 21)  # less than a register, whole ones, and a rest


@pytest.fixture(params=[*PASSIVE_TREES, "swimmer", "foot"], ids=str)
def model(request, compiled, passive_tree, tmp_path, load_text):
    """Both integrators; bases fixed and floating."""
    if request.param == "swimmer":
        return compiled(swimmer(tmp_path))
    if request.param == "foot":
        return compiled(load_text(FOOT))
    return passive_tree(*request.param)


def call(model, function, *arguments):
    """Call `robot_FUNCTION` of the library with counts and arrays."""
    kinds = [ctypes.c_long if isinstance(a, int) else ctypes.c_void_p for a in arguments]
    signature = ctypes.CFUNCTYPE(None, *kinds)
    signature(model.address(function))(
        *(a if isinstance(a, int) else a.ctypes.data for a in arguments)
    )


def trajectory(model, n, seed=0):
    """n unrelated states (n, nx) and actions (n, nu)."""
    rng = np.random.default_rng(seed)
    drawn = [random_state(model.robot, rng) for _ in range(n)]
    X = np.array([np.concatenate([q, v]) for q, v, _ in drawn]).reshape(n, model.nx)
    return X, np.array([u for *_, u in drawn]).reshape(n, model.nu)


def outputs(model, n):
    nx, nu = model.nx, model.nu
    shapes = {
        "acceleration_derivatives": [(model.nv,), (model.nv, nx + nu)],
        "velocity_update_derivatives": [(model.nv,), (model.nv, nx + nu)],
        "cost_expansion": [(), (nx,), (nu,), (nx, nx), (nu, nx), (nu, nu)],
    }
    # The row beyond the last must stay as it is.
    return {f: [np.full((n + 1, *s), np.nan) for s in shapes[f]] for f in shapes}


@pytest.mark.parametrize("n", COUNTS)
def test_generated_functions(model, n):
    X, U = trajectory(model, n)
    q, v = X[:, : model.nq].copy(), X[:, model.nq :].copy()
    used = "acceleration" if model.robot.task.integrator == "rk4" else "velocity_update"
    for function, given in ((f"{used}_derivatives", (q, v, U)), ("cost_expansion", (X, U))):
        batch, single = outputs(model, n)[function], outputs(model, n)[function]
        call(model, f"{function}_batch", n, *given, *batch)
        for i in range(n):
            call(model, function, *(a[i] for a in given), *(a[i:] for a in single))
        for ours, theirs in zip(batch, single, strict=True):
            assert_close(ours[:n], theirs[:n])
            assert np.isnan(ours[n]).all()


@pytest.mark.parametrize("n", COUNTS)
def test_steps_and_linearisations(model, n):
    X, U = trajectory(model, n)
    X_next = np.full((n + 1, model.nx), np.nan)
    call(model, "step_batch", n, X, U, X_next)
    f_x, f_u = model.linearize(X, U)
    assert np.isnan(X_next[n]).all()
    for i in range(n):
        x_next, each_x, each_u = np.empty(model.nx), np.empty_like(f_x[0]), np.empty_like(f_u[0])
        call(model, "step_derivatives", X[i], U[i], x_next, each_x, each_u)
        assert_close(X_next[i], model.step(X[i], U[i]))
        assert_close(f_x[i], each_x)
        assert_close(f_u[i], each_u)


@pytest.mark.parametrize("n", COUNTS)
def test_rollouts(model, n):
    """Bit for bit steps in a row; rounding apart, each is the rollout of its own start."""
    T = 5
    x0, _ = trajectory(model, n)
    U = np.random.default_rng(1).normal(size=(n, T, model.nu))
    X = np.full((n + 1, T + 1, model.nx), np.nan)
    call(model, "rollouts", n, T, x0, U, X)
    assert np.array_equal(X[:n, 0], x0)
    assert np.isnan(X[n]).all()
    for t in range(T):
        X_next = np.empty((n, model.nx))
        call(model, "step_batch", n, X[:n, t].copy(), U[:, t].copy(), X_next)
        assert np.array_equal(X_next, X[:n, t + 1])
    for r in range(n):
        assert_close(X[r], model.rollout(x0[r], U[r]), 1e-11)


def test_a_result_does_not_depend_on_its_neighbours(model):
    """Whatever lane an evaluation falls into, and though the evaluations beside it diverge."""
    X, U = trajectory(model, 12)
    f_x, f_u = model.linearize(X, U)
    for first in (1, 2, 5):
        moved_x, moved_u = model.linearize(X[first:], U[first:])
        assert np.array_equal(moved_x, f_x[first:])
        assert np.array_equal(moved_u, f_u[first:])
    X[3], X[10] = np.nan, 1e200
    spoiled, _ = model.linearize(X, U)
    others = [i for i in range(12) if i not in (3, 10)]
    assert np.array_equal(spoiled[others], f_x[others])
    assert np.isnan(spoiled[3]).any()
