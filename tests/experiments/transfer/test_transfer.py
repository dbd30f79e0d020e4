"""Robots and policies in MuJoCo: with our forces as in ours, and what cannot go there."""

import sys
from xml.etree import ElementTree as ET

import mujoco
import numpy as np
import pytest
from ground_robots import FOOT, HILLS
from quick import quick_ones
from virtual import Virtual

from vgps.codegen.description.robot import load
from vgps.codegen.folders import MODELS
from vgps.codegen.mjcf_import import MissingMujoco
from vgps.experiments.errors import TransferError
from vgps.experiments.training import train
from vgps.experiments.transfer import transfer
from vgps.experiments.transfer.engine import Engine, _loaded
from vgps.experiments.transfer.rollouts import follow
from vgps.policy.gaussian import Policy
from vgps.policy.observation import observation_of
from vgps.policy.rollouts import draw, run_policy_from
from vgps.policy.settings import RunSettings

# What the robots of models/ do not have: servos on the ground, quadratic drag, points of every kind
# and one that is called as MuJoCo's ground is here.
CRAWLER = """\
name: crawler
base: floating
links:
  - {name: cart, mass: 3, length: 0.8, start: -0.4, inertia: 0.2}
  - name: wheel
    mass: 1
    inertia: 0.02
  - name: tail
    mass: 0.5
    length: 0.5
    direction: pi
    drag: {normal: 2, tangential: 0.1, quadratic: {normal: 6, tangential: 0.3}}
joints:
  - {name: axle, parent: cart, child: wheel, at: [0.1, -0.1], actuated: true}
  - {name: hip, parent: cart, child: tail, at: [-0.4, 0], limits: [-0.2, 1], limit_stiffness: 50, damping: 0.1}
actuators:
  - {name: servo, joint: hip, kp: 20, kd: 3, limits: [-1, 1]}
points:
  - {name: hub, link: wheel, at: [0, 0], contact: true, radius: 0.2, friction: 1.2}
  - {name: ground, link: cart, at: [-0.4, -0.3], contact: true}
  - {name: nose, link: cart, at: [0.4, -0.2], contact: true, radius: 0.1}
targets:
  - {name: goal, at: [2, 0], spread: [0.5, 0]}
ground: {height: 0.02, stiffness: 1e4, softness: 0.01, damping_speed: 0.8, friction: 0.7, friction_speed: 0.15}
task:
  dt: 0.01
  horizon: 40
  substeps: 4
  integrator: implicit
  cost: sum(u**2) + (cart.x - goal.x)**2
  success: final(cart.y) > 0
  initial: {q: {y: 0.33}, v: {x: 0.5}, spread: {q: 0.02, v: 0.1}}
  process_noise: {q: 0.0005, v: 0.01, force: {x: 2}, bandwidth: 1}
  disturbances: [{point: nose, impulse: 0.3, every: 0.2}]
"""


LAGGING = """\
name: lagging
base: fixed
links:
  - {name: sled, mass: 2}
  - {name: arm, mass: 1, length: 0.5, direction: -pi/2}
joints:
  - {name: rail, type: prismatic, parent: world, child: sled, actuated: true, lag: 0.05}
  - {name: hip, parent: sled, child: arm}
actuators:
  - {name: servo, joint: hip, kp: 20, kd: 3, gear: 2, limits: [-1, 1], lag: 0.03}
task:
  dt: 0.01
  horizon: 40
  cost: sum(u**2)
  success: final(rail.q) < 1
"""


def carried(engine, x, U):
    X = [x]
    with engine.running():
        for u in U:
            X.append(engine.step(X[-1], u))
    return np.array(X)


def small_actions(model, T, rng):
    """A tenth of what the limits leave around their middle; where there are none, of 1."""
    low, high = np.where(np.isfinite(model.limits), model.limits, [[-1.0], [1.0]])
    return (low + high) / 2 + 0.05 * (high - low) * rng.standard_normal((T, model.nu))


def a_policy(model, sigma=0.1):
    rng = np.random.default_rng(3)
    seen, nu = observation_of(model), model.nu
    W1, W2 = rng.normal(size=(4, len(seen.indices))), 0.1 * rng.normal(size=(nu, 4))
    return Policy(
        seen.indices, W1, np.zeros(4), W2, np.zeros(nu), np.full(nu, np.log(sigma))
    ).bound(model)


# Floating and fixed, without a joint, with servos, drag, a target and the ground.
QUICK = {"swimmer", "quadrotor", "rocket", "reacher", "walker"}
ROBOTS = quick_ones(sorted(path.stem for path in MODELS.glob("*.yaml")), QUICK)


@pytest.mark.parametrize("name", ROBOTS)
def test_with_our_forces_it_moves_as_in_ours(compiled, name):
    """0.3 s in MuJoCo, by the same kind of steps, to 1e-7 of what is moved."""
    model = compiled(load(name))
    U = small_actions(model, round(0.3 / model.dt), np.random.default_rng(0))
    ours = model.rollout(model.x0, U)
    theirs = carried(Engine(model, "ours"), model.x0, U)
    assert np.abs(theirs - ours).max() < 1e-7 * (1.0 + np.abs(ours).max())
    assert np.abs(ours - model.x0).max() > 1e-3


def test_its_own_step_is_another_that_agrees_as_steps_shrink(compiled):
    """Not only the same discretisation: ours by fine steps against MuJoCo's Runge-Kutta method."""
    fine = Virtual(load("swimmer", {"task.substeps": 8}))
    coarse = compiled(load("swimmer"))
    U = 5.0 * np.random.default_rng(0).standard_normal((15, 2))
    theirs = carried(Engine(coarse, "ours"), coarse.x0, U)
    np.testing.assert_allclose(theirs, fine.rollout(coarse.x0, U), atol=1e-4)


def test_what_lags_is_mujocos_activation(build_text):
    """And the integral of it, on which nothing depends, is right to the order of a trapezium."""
    model = build_text(LAGGING)
    U = np.random.default_rng(0).uniform(-1, 1, (40, 2))
    ours, theirs = model.rollout(model.x0, U), carried(Engine(model, "fitted"), model.x0, U)
    integrals = [lag.coordinate for lag in model.robot.lags]
    np.testing.assert_allclose(theirs[:, integrals], ours[:, integrals], atol=1e-3)
    others = np.delete(np.arange(model.nx), integrals)
    np.testing.assert_allclose(theirs[:, others], ours[:, others], atol=1e-9)


@pytest.mark.parametrize("what", ["swimmer", "crawler"])
def test_rollouts_are_ours_under_all_noise(compiled, build_text, what):
    """The same starts and draws: states, actions and costs, with wheels, servos, drag and targets."""
    model = build_text(CRAWLER) if what == "crawler" else compiled(load(what))
    policy = a_policy(model)
    drawn = draw(model, policy, 3, 40, np.random.default_rng(0), True, True)
    ours, done = run_policy_from(model, policy, *drawn), []
    theirs = follow(Engine(model, "ours"), model, policy, *drawn, lambda n, text: done.append(n))
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-6, atol=1e-6)
    assert done == [1, 2, 3]


@pytest.mark.parametrize("ground", ["fitted", "default"])
def test_a_crawler_stays_on_mujocos_ground(build_text, ground):
    """Its wheel and its points carry it within 2 cm of where our ground does."""
    model = build_text(CRAWLER)
    U = np.zeros((100, model.nu))
    ours, theirs = model.rollout(model.x0, U), carried(Engine(model, ground), model.x0, U)
    assert theirs[-1, 1] == pytest.approx(ours[-1, 1], abs=0.02)


def test_a_rollout_that_diverges_has_failed(cartpole, tmp_path, monkeypatch):
    """And neither MuJoCo's callbacks nor its log file are left behind."""
    monkeypatch.chdir(tmp_path)
    policy, x0 = a_policy(cartpole), np.full((1, cartpole.nx), 1e200)
    runs = follow(
        Engine(cartpole, "fitted"), cartpole, policy, x0, np.zeros((1, 5, 1)), None, print
    )
    assert np.isinf(runs.cost).all() and not list(tmp_path.iterdir())
    assert mujoco.get_mjcb_control() is None


def test_what_mujoco_cannot_represent_is_one_sentence(build_text, monkeypatch):
    hills = build_text(FOOT.replace("height: 0", f"height: {HILLS}"))
    with pytest.raises(TransferError, match="foot cannot go to MuJoCo without the ground, whose"):
        Engine(hills, "ours")
    crawler = build_text(CRAWLER)
    twice = ET.fromstring(
        "<mujoco><worldbody><body name='a'/><body name='a'/></worldbody></mujoco>"
    )
    with pytest.raises(TransferError, match="MuJoCo cannot load crawler: .*'a'") as caught:
        _loaded(mujoco, crawler.robot, twice)
    assert "\n" not in str(caught.value)
    monkeypatch.setitem(sys.modules, "mujoco", None)
    with pytest.raises(MissingMujoco, match="pip install mujoco"):
        Engine(crawler, "fitted")


@pytest.mark.slow
def test_a_swimmer_that_has_learned_swims_in_mujoco():
    run = train(load("swimmer"), RunSettings())
    there = transfer(run, "fitted", rollouts=20)
    assert there["stochastic"]["success_rate"] > 0.9
