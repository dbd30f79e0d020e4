"""Wheels and balls on the ground, against the textbook."""

import math

import numpy as np
import yaml
from closeness import assert_close
from ground_robots import BALL, ROLLER
from virtual import Virtual

from vgps.codegen.description.robot import Robot

R = 0.25  # m


def ball(**more):
    """The ball with a disc of radius R around its centre, on ground of some height."""
    data = yaml.safe_load(BALL)
    data["points"][0]["radius"] = R
    data["ground"] |= more
    return data


def test_a_ball_at_rest_lies_a_radius_over_where_its_spring_bears_it():
    """k s log(1 + exp((R - y) / s)) = m g, and no force along the ground."""
    model = Virtual(_loaded(ball()))
    spring, weight = model.robot.ground, 3.0 * model.robot.gravity
    k, s = spring.stiffness, spring.softness
    x = model.rollout(np.array([0, R, 0, 0, 0, 0, 0, 0]), np.zeros((300, 1)))[-1]
    q, v = np.split(x, 2)
    assert_close(q[1], R - s * np.log(np.expm1(weight / (k * s))), 1e-6)
    assert_close(model.contact_forces(q, v), [[0, weight]], 1e-6)


def test_a_ball_rolls_down_a_slope_as_in_the_textbook():
    """a = g sin(slope) / (1 + I / (m R^2)), R times its turning, with the friction that takes."""
    model = Virtual(_loaded(ball(height="-0.3*x")))
    m, inertia = 3.0, 0.1
    slope = math.atan(0.3)
    x0 = np.array([0, R / math.cos(slope), 0, 0, 0, 0, 0, 0])
    X = model.rollout(x0, np.zeros((600, 1)))
    rates = (X[-1] - X[-2])[4:] / model.robot.task.dt
    a = model.robot.gravity * math.sin(slope) / (1 + inertia / (m * R**2))
    assert_close(rates[:2], a * np.array([math.cos(slope), -math.sin(slope)]), 1e-5)
    assert_close(rates[2], -a / R, 1e-5)
    (force,) = model.contact_forces(*np.split(X[-1], 2))
    down = np.array([math.cos(slope), -math.sin(slope)])
    assert_close(force @ down, -inertia * a / R**2, 1e-4)


def test_a_wheel_that_rolls_feels_no_friction_and_one_that_turns_in_place_does():
    robot = _loaded(ball())
    functions = Virtual(robot)
    q, speed = np.array([0.3, R - 0.01, 1.2, -0.4]), 2.0
    rolling, spinning = np.array([speed, 0, -speed / R, 0]), np.array([0, 0, -speed / R, 0])
    assert_close(functions.passive_force(q, rolling)[[0, 2]], [0, 0], scale=100)
    force = functions.passive_force(q, spinning)
    normal, mu = force[1], robot.ground.friction
    share = speed / math.hypot(speed, robot.ground.friction_speed)
    assert_close(force[[0, 2]], [mu * normal * share, mu * normal * share * R])


def test_the_friction_of_a_point_is_its_own_and_of_the_others_the_grounds():
    data = yaml.safe_load(ROLLER)
    data["ground"]["friction"] = 0.35
    half = Virtual(_loaded(data))
    whole = Virtual(_loaded(yaml.safe_load(ROLLER)))
    q, v = np.array([0.1, 0.28, 0.05, 0.4]), np.array([0.7, -0.2, 0.3, 0.9])
    a, b = (f.casadi["contact_forces"](q, v).full() for f in (half, whole))  # (3, 2)
    assert_close(a[:, 1], b[:, 1])
    assert_close(a[:, 0] / b[:, 0], [1.0, 0.5, 0.5])


def test_a_disc_on_a_slider_that_cannot_turn_slides():
    data = ball()
    data |= {
        "base": "fixed",
        "links": [{"name": "mast", "mass": 1}, {"name": "skid", "mass": 1}],
        "joints": [
            {"name": "x", "type": "prismatic", "parent": "world", "child": "mast"},
            {"name": "y", "type": "prismatic", "parent": "mast", "child": "skid"},
        ],
        "points": [{"name": "centre", "link": "skid", "at": [0, 0], "contact": True, "radius": R}],
    }
    data["joints"][0]["actuated"] = True
    data["joints"][1]["axis"] = math.pi / 2
    robot = _loaded(data)
    force = Virtual(robot).passive_force([0, R], [1.0, 0.0])
    share = 1.0 / math.hypot(1.0, robot.ground.friction_speed)
    assert_close(force[0], -robot.ground.friction * share * force[1])


def _loaded(data):
    """The robot of plain data."""
    return Robot.model_validate(data, context={})
