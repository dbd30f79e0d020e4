"""Second derivatives of a step and of the cost against differences of the first ones."""

import numpy as np
import pytest
from closeness import assert_close, differences
from ground_robots import HILLS, PROFILES, lowest
from quick import quick_ones
from trees import PASSIVE_TREES, random_state

STEPS = 11  # no multiple of any number of lanes
COST = "0.1*sum(u)*com.vx + (com.vx - 1)**2 + (l0.x - 0.3)**2*(1 + com.y**2) + cos(l1.angle)"


@pytest.mark.parametrize(
    "tree",
    quick_ones([(501, "rk4", 1), (504, "implicit", 4), *PASSIVE_TREES], PASSIVE_TREES),
    ids=str,
)
def test_hessians_of_random_trees(passive_tree, tree):
    """With limits, springs, drag and gravity: each seed another tree, and other times for stages."""
    model, rng = passive_tree(*tree), np.random.default_rng(tree[0])
    for _ in range(3):
        _assert_second_derivatives(model, *random_state(model.robot, rng, 0.5), rng)


@pytest.mark.parametrize("name", ["swimmer", "cartpole", "quadrotor", "rocket"])
def test_hessians_of_robots_of_all_kinds(request, name):
    """Floating, fixed, without a joint, with forces that turn with their link."""
    model, rng = request.getfixturevalue(name), np.random.default_rng(0)
    for _ in range(3):
        _assert_second_derivatives(model, *random_state(model.robot, rng, 0.3), rng)


@pytest.mark.parametrize("gap", [0.05, 0.002, -0.002, -0.015])
@pytest.mark.parametrize("height", PROFILES)
def test_hessians_through_touch_down(foot, height, gap):
    model, rng = foot(height), np.random.default_rng(4)
    q, v, u = random_state(model.robot, rng)
    q[1] += gap - lowest(model, q, PROFILES[height])
    _assert_second_derivatives(model, q, v, u, rng, 4e-4, 1e-8)


@pytest.mark.parametrize("gap", [0.002, -0.002])
def test_hessians_of_the_walker_and_of_wheels_through_touch_down(walker, roller, gap):
    for model, profile in ((walker, None), (roller, PROFILES[HILLS])):
        rng = np.random.default_rng(5)
        q, v = np.split(model.x0.copy(), 2)
        q[1] += gap - (lowest(model, q) if profile is None else lowest(model, q, profile))
        v[1] -= 1.0
        u = 10.0 * rng.standard_normal(model.nu)
        _assert_second_derivatives(model, q, v, u, rng, 1e-4, 1e-7)


def test_steps_have_nothing_to_do_with_each_other(swimmer):
    """Whatever lane they stand in."""
    rng = np.random.default_rng(0)
    X = swimmer.x0 + 0.05 * rng.standard_normal((STEPS, swimmer.nx))
    U = 10.0 * rng.standard_normal((STEPS, swimmer.nu))
    P = rng.standard_normal((STEPS, swimmer.nx))
    H = swimmer.hessians(X, U, P)
    one = [swimmer.hessians(X[t : t + 1], U[t : t + 1], P[t : t + 1])[0] for t in range(STEPS)]
    np.testing.assert_array_equal(np.array(one), H)


def _assert_second_derivatives(model, q, v, u, rng, step=4e-3, tolerance=1e-8):
    """p^T f_zz of a random p, which is symmetric to the bit, against differences of p^T f_z."""
    p = rng.standard_normal(model.nx)
    z = np.concatenate([q, v, u])

    def gradient(z):
        f_x, f_u = model.linearize(z[None, : model.nx], z[None, model.nx :])
        return p @ np.concatenate([f_x[0], f_u[0]], axis=1)

    (H,) = model.hessians(z[None, : model.nx], z[None, model.nx :], p[None])
    np.testing.assert_array_equal(H, H.T)
    assert_close(H, differences(gradient, z, step), tolerance)


@pytest.mark.parametrize("seed", range(420, 423))
def test_with_its_curvature_the_hessian_of_the_cost_is_exact(tree, seed):
    robot, functions = tree(seed, cost=COST)
    q, v, u = random_state(robot, np.random.default_rng(seed))
    z = np.concatenate([q, v, u])

    def gradient(z):
        return np.concatenate(functions.cost_expansion(z[: robot.nx], z[robot.nx :])[1:3])

    _, _, _, c_xx, c_ux, c_uu = functions.cost_expansion(z[: robot.nx], u)
    H = np.block([[c_xx, c_ux.T], [c_ux, c_uu]]) + functions.cost_curvature(z[: robot.nx], u)
    assert_close(H, differences(gradient, z), 1e-9)
