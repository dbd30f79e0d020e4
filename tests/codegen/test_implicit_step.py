"""The implicit step, on the ground and without: what it solves, its derivatives and its accuracy."""

import ground_twin as ground
import numpy as np
import pytest
import yaml
from arm import ARM
from closeness import assert_close, differences
from ground_robots import HILLS, PROFILES, lowest, near_ground, walker_data
from mujoco_reference import Reference
from scipy.integrate import solve_ivp
from trees import random_state, robot_of
from virtual import Virtual


@pytest.mark.parametrize("height", PROFILES)
def test_a_step_solves_for_the_new_velocity(foot, height):
    """(M + h D) v+ = M v + h (B u + spring - bias), q+ = q + h v+, four times, in plain NumPy."""
    _assert_solves(foot(height), PROFILES[height])


def test_a_step_on_wheels_with_friction_solves_for_the_new_velocity(roller):
    _assert_solves(roller, PROFILES[HILLS])


def _assert_solves(model, profile):
    robot, rng = model.robot, np.random.default_rng(3)
    h = robot.task.dt / robot.task.substeps
    for _ in range(10):
        q, v, u = near_ground(model, rng, profile)
        x = np.concatenate([q, v])
        torque = np.zeros(robot.nv)
        torque[[robot.q_names.index(name) for name in robot.u_names]] = u
        for _ in range(robot.task.substeps):
            M, bias = model.mass_matrix(q), model.bias_force(q, v)
            spring, D = ground.spring_and_damping(robot, q, v, profile)
            v = np.linalg.solve(M + h * D, M @ v + h * (torque + spring - bias))
            q = q + h * v
        assert_close(model.step(x, u), np.concatenate([q, v]), 1e-10)


TOUCH_DOWN = (0.05, 0.015, 0.002, 0.0, -0.002, -0.015)  # m, of the lowest point over the ground


@pytest.mark.parametrize("gap", TOUCH_DOWN)
def test_linearize_differentiates_a_step_through_touch_down_of_the_walker(walker, gap):
    """f_x and f_u against differences, falling with 1 m/s before, at and after contact."""
    model = walker
    q, v = np.split(model.x0.copy(), 2)
    q[1] += gap - lowest(model, q)
    v[1] -= 1.0
    _assert_differentiates(model, q, v, np.linspace(-50, 50, model.nu))


@pytest.mark.parametrize("gap", TOUCH_DOWN)
@pytest.mark.parametrize("height", PROFILES)
def test_linearize_differentiates_a_step_through_touch_down_of_the_foot(foot, height, gap):
    model, rng = foot(height), np.random.default_rng(4)
    q, v, u = random_state(model.robot, rng)
    q[1] += gap - lowest(model, q, PROFILES[height])
    _assert_differentiates(model, q, v, u)


@pytest.mark.parametrize("gap", TOUCH_DOWN)
def test_linearize_differentiates_a_step_through_touch_down_of_wheels(roller, gap):
    model, rng = roller, np.random.default_rng(5)
    q, v, u = random_state(model.robot, rng)
    q[1] += gap - lowest(model, q, PROFILES[HILLS])
    _assert_differentiates(model, q, v, u, 1e-4)  # friction bends more sharply


def _assert_differentiates(model, q, v, u, step=4e-4):
    # 4e-4 is a twentieth of the softness of the ground, over which the force bends.
    x = np.concatenate([q, v])
    f_x, f_u = model.linearize(x[None], u[None])
    numerical = differences(
        lambda z: model.step(z[: model.nx], z[model.nx :]),
        np.concatenate([x, u]),
        step,
    )
    assert_close(np.concatenate([f_x[0], f_u[0]], axis=1), numerical, 1e-10)


def damped_arm(load_text, damping, **task):
    data = yaml.safe_load(ARM) | {"gravity": 9.81}
    for joint in data["joints"]:
        joint["damping"] = damping
    for link in data["links"]:
        link["drag"] = {"normal": 3.0, "tangential": 0.3}
    data["task"] |= task
    return load_text(yaml.safe_dump(data, sort_keys=False))


def test_the_implicit_step_converges_in_first_order(load_text):
    """Halving the substep halves the distance from a Runge-Kutta trajectory of order 8."""
    x0, U = np.array([0.3, 0.5, 1.0, -2.0]), np.full((60, 2), 3.0)
    ends = []
    for substeps in (8, 16):
        robot = damped_arm(load_text, 0.4, integrator="implicit", substeps=substeps)
        arm = Virtual(robot)
        ends.append(arm.rollout(x0, U))
    exact = solve_ivp(
        lambda t, x: arm.slope(x, U[0]),
        (0, 60 * robot.task.dt),
        x0,
        "DOP853",
        robot.task.dt * np.arange(61),
        rtol=1e-10,
        atol=1e-10,
    ).y.T
    errors = [np.abs(X - exact).max() for X in ends]
    assert errors[0] < 0.06  # rad or rad/s
    assert 1.8 < errors[0] / errors[1] < 2.2


def test_the_implicit_step_bears_damping_that_explicit_steps_do_not(load_text):
    """At 1e5 N m s/rad Runge-Kutta explodes; the implicit arm creeps with the torque over d."""
    x0, U = np.array([0.3, 0.5, 1.0, -2.0]), np.full((60, 2), 3.0)
    with np.errstate(all="ignore"):
        assert not np.isfinite(Virtual(damped_arm(load_text, 1e5)).rollout(x0, U)).all()
    arm = Virtual(damped_arm(load_text, 1e5, integrator="implicit"))
    X = arm.rollout(x0, U)
    assert np.abs(X[1:, 2:]).max() < 1e-3
    q, v = np.split(X[-1], 2)
    bias = arm.bias_force(q, np.zeros(2))
    limits = arm.passive_force(q, np.zeros(2))
    assert_close(v, (U[-1] - bias + limits) / 1e5, 1e-3)


def test_the_walker_off_the_ground_moves_as_in_mujoco(tmp_path):
    """M, bias, v' and energy of the seven links without ground and joint limits."""
    data = walker_data(ground=False)
    for joint in data["joints"]:  # MuJoCo's limits are of another kind
        del joint["limits"], joint["limit_stiffness"]
    functions = Virtual(robot_of(data, tmp_path))
    reference, rng = Reference(functions.robot), np.random.default_rng(7)
    for _ in range(10):
        q, v, u = random_state(functions.robot, rng)
        reference.forward(q, v, 20 * u)
        M = reference.mass_matrix
        scale = np.sqrt(np.outer(np.diag(M), np.diag(M)))
        assert_close(functions.mass_matrix(q) / scale, M / scale, 1e-9)
        assert_close(functions.bias_force(q, v), reference.bias_force, 1e-9)
        assert_close(functions.acceleration(q, v, 20 * u), reference.acceleration, 1e-9)
        assert_close(functions.energy(q, v), [reference.energy], 1e-9)
