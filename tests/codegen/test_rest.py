"""Rest on the ground: how deep a body sinks, how fast it creeps, and a walker that stands."""

import math
from itertools import pairwise

import numpy as np
import yaml
from closeness import assert_close
from ground_robots import BALL, FOOT, lowest
from scipy.linalg import solve_discrete_are
from scipy.optimize import least_squares
from trees import robot_of
from virtual import Virtual


def test_a_ball_at_rest_sinks_until_the_spring_bears_it(tmp_path):
    """k s log(1 + exp(-phi / s)) = m g, and no force along the ground."""
    model = Virtual(robot_of(yaml.safe_load(BALL), tmp_path))
    spring, weight = model.robot.ground, 3.0 * model.robot.gravity
    k, s = spring.stiffness, spring.softness
    x = model.rollout(np.array([0, 0.3, 0, 0, 0.5, 0, 0, 0]), np.zeros((500, 1)))[-1]
    q, v = np.split(x, 2)
    assert_close(q[1], -s * np.log(np.expm1(weight / (k * s))), 1e-6)
    assert np.abs(v).max() < 1e-6
    assert_close(model.contact_forces(q, v), [[0, weight]], 1e-6)


def test_a_ball_on_a_slope_creeps_until_friction_bears_it(tmp_path):
    """mu v_t / sqrt(v_t^2 + v_s^2) = tan(slope) at the creep's constant speed."""
    data = yaml.safe_load(BALL)
    data["ground"]["height"] = "0.3*x"
    model = Virtual(robot_of(data, tmp_path))
    floor, weight = model.robot.ground, 3.0 * model.robot.gravity
    x = model.rollout(np.array([0, 0.02, 0, 0, 0, 0, 0, 0]), np.zeros((500, 1)))[-1]
    q, v = np.split(x, 2)
    speed = floor.friction_speed * 0.3 / math.sqrt(floor.friction**2 - 0.3**2)
    assert_close(v[:2], -speed * np.array([1, 0.3]) / math.hypot(1, 0.3), 1e-6)
    assert_close(model.contact_forces(q, v), [[0, weight]], 1e-6)


def posture(model, state, guess):
    """A standing state, the torques that bear it, and feedback (nu, nx) that holds it.

    ``state`` and the torques are functions of a few numbers z, which are sought from ``guess``.

    Fixed joint gains cannot hold: kept over a control period, those that bear the weight shake the
    light feet.  So the gains are those of the linear-quadratic regulator of the step.
    """
    nx, nu = model.nx, model.nu

    def acceleration(z):
        x, u = state(z)
        return model.acceleration(*np.split(x, 2), u)

    z = least_squares(acceleration, guess, xtol=1e-15, ftol=1e-15).x
    x, u = state(z)
    assert np.abs(acceleration(z)).max() < 1e-9
    f_x, f_u = model.linearize(x[None], u[None])
    A, B, R = f_x[0, 1:, 1:], f_u[0, 1:], 1e-5 * np.eye(nu)  # x is left free: the ground is level
    P = solve_discrete_are(A, B, np.eye(nx - 1), R)
    K = np.linalg.solve(R + B.T @ P @ B, B.T @ P @ A)
    return x, u, np.column_stack([np.zeros(nu), K])


def hold(model, posture, x, steps):
    """States (steps + 1, nx) from x under the posture's torques."""
    target, torque, K = posture
    X = [x]
    for _ in range(steps):
        X.append(model.step(X[-1], torque - K @ (X[-1] - target)))
    return np.array(X)


def test_the_standing_walker_weighs_on_the_ground_and_hardly_sinks(walker):
    """After a push of its torso: reactions sum to (0, m g) to 0.1 %, less than 15 mm deep."""
    model = walker

    def state(z):
        height, hip, ankle = z[:3]
        return np.array([0, height, 0, *[hip, -0.2, ankle] * 2, *[0.0] * 9]), np.tile(z[3:], 2)

    standing = posture(model, state, [0.92, 0.1, 0.1, 0, 0, 0])
    x = standing[0].copy()
    x[11] += 0.2  # rad/s
    X = hold(model, standing, x, 1500)
    assert np.abs(X[:, 1] - x[1]).max() > 1e-4  # the push was felt
    q, v = np.split(X[-1], 2)
    assert np.abs(v).max() < 1e-5
    weight = model.robot.gravity * sum(link.mass for link in model.robot.links)
    reaction = sum(model.contact_forces(q, v).values())
    assert_close(reaction, [0, weight], 1e-3)
    assert 0.0 < -lowest(model, q) < 0.015


def test_halving_the_substep_halves_the_error_of_a_standing_start(foot, tmp_path):
    """Differences over 1 s between 4, 8 and 16 substeps, of a foot that holds up its leg."""
    files = [FOOT.replace("substeps: 4", f"substeps: {n}") for n in (4, 8, 16)]
    models = [Virtual(robot_of(yaml.safe_load(file), tmp_path)) for file in files]

    def state(z):
        height, angle = z[:2]
        return np.array([0, height, angle, 0.1, *[0.0] * 4]), z[2:]

    standing = posture(foot("0"), state, [0.02, 0.0, 0.0])
    x = standing[0].copy()
    x[7] += 0.2  # rad/s
    Q = [hold(model, standing, x, 100)[:, :4] for model in models]
    coarse, fine = (np.abs(a - b).max() for a, b in pairwise(Q))
    assert coarse < 0.003  # m or rad
    assert 1.8 < coarse / fine < 2.2
