"""iLQR of actions that are no joint torques, between limits that are not symmetric."""

import numpy as np
import pytest
import twin
from solver_robots import CART_POLE
from twin import assert_same

from vgps.solver.ilqr import Settings, ilqr
from vgps.solver.objective import task_objective
from vgps.solver.optimize import optimize

ACTUATED = "    actuated: true\n    torque_limit: 4\n"


@pytest.fixture(scope="module", params=["[-1.5, 4]", "[1, 4]"], ids=["around zero", "beside zero"])
def one_sided(request, build_text):
    """The cart-pole with a motor that pulls less than it pushes, or pushes always."""
    motor = f"actuators:\n  - {{name: motor, joint: slide, limits: {request.param}}}\npoints:"
    return build_text(CART_POLE.replace(ACTUATED, "").replace("points:", motor))


def swing(T):
    return 3.0 * np.random.default_rng(3).standard_normal((T, 1))


@pytest.mark.parametrize("iterations", [0, 1, 2, 3, 4])
def test_limits_on_either_side_agree_with_the_twin(one_sided, iterations):
    T, limit = 30, Settings(max_iterations=iterations)
    U = swing(T)
    solution = ilqr(one_sided, task_objective(one_sided, T), one_sided.x0, U, limit)
    assert_same(solution, twin.ilqr(twin.task(one_sided), one_sided.x0, U, limit))
    if iterations == 0:
        np.testing.assert_array_equal(solution.U, np.clip(U, *one_sided.limits))


def test_limits_meet_the_optimality_conditions(one_sided):
    """The gradient vanishes inside of the limits, and at one of them points out of the box."""
    T, tight = 30, Settings(cost_tolerance=1e-12)
    solution = ilqr(one_sided, task_objective(one_sided, T), one_sided.x0, swing(T), tight)
    _, slope = twin.gradient(twin.task(one_sided), one_sided.x0, solution.U)
    low, high = (solution.U == limit for limit in one_sided.limits)
    inside = ~(low | high)
    assert low.sum() > 3 and inside.sum() > 3
    assert np.abs(slope[inside]).max() < 1e-5
    assert (slope[low] > 0.0).all() and (slope[high] < 0.0).all()


def test_the_quadrotor_comes_back_and_hovers(quadrotor):
    """At the end each rotor carries half the weight, and none has pulled."""
    solution = optimize(quadrotor)
    weight = quadrotor.robot.parameters["m"] * quadrotor.robot.gravity
    assert quadrotor.success(solution.X, solution.U)
    assert (solution.U >= 0.0).all() and (solution.U <= 2 * weight).all()
    np.testing.assert_allclose(solution.U[-10:], 0.5 * weight, rtol=0.02)
    np.testing.assert_allclose(quadrotor.points(solution.X[-1, :3])["middle"], 0.0, atol=0.05)


def test_the_quadrotor_turns_around_although_rotors_only_push(quadrotor):
    """From upside down: both limits are reached, and it hovers in the end."""
    x0 = quadrotor.x0.copy()
    x0[:3] = [1.0, 2.0, 3.0]
    T = 200
    objective = task_objective(quadrotor, T)
    U = np.full((T, 2), 0.5 * quadrotor.robot.parameters["m"] * quadrotor.robot.gravity)
    solution = ilqr(quadrotor, objective, x0, U)
    low, high = quadrotor.limits
    assert (solution.U == low).any() and (solution.U == high).any()
    assert ((low <= solution.U) & (solution.U <= high)).all()
    assert np.cos(solution.X[-1, 2]) > 0.99
    np.testing.assert_allclose(quadrotor.points(solution.X[-1, :3])["middle"], 0.0, atol=0.1)


def test_the_rocket_lands(rocket):
    """Its engine cannot be switched off: a start of zeros begins at the least thrust."""
    start = ilqr(rocket, task_objective(rocket, 5), rocket.x0, np.zeros((5, 2)), Settings(0))
    np.testing.assert_array_equal(start.U, np.tile([rocket.limits[0, 0], 0.0], (5, 1)))
    solution = optimize(rocket)
    assert rocket.success(solution.X, solution.U)
    assert (solution.U >= rocket.limits[0]).all() and (solution.U <= rocket.limits[1]).all()
