"""MuJoCo's contact as the fit describes it, and as it then carries robots, beside ours."""

import mujoco
import numpy as np
import pytest

from vgps.codegen.description.robot import load
from vgps.experiments.transfer.engine import Engine
from vgps.experiments.transfer.ground_fit import (
    depth,
    fit_ground,
    rise,
    spring,
    unit_forces,
)

# A sledge on two runners, each of which carries half of it.
SLEDGE = """\
name: sledge
base: floating
links:
  - {name: bar, mass: 20, length: 1, start: -0.5, inertia: 5}
  - {name: bob, mass: 0.1, inertia: 0.01}
joints:
  - {name: axle, parent: bar, child: bob, at: [0, 0], actuated: true}
points:
  - {name: back, link: bar, at: [-0.4, 0], contact: true}
  - {name: front, link: bar, at: [0.4, 0], contact: true}
ground: {height: 0.1, stiffness: 1e4, softness: 0.01, damping_speed: 1, friction: 0.6, friction_speed: 0.2}
task:
  dt: 0.01
  horizon: 100
  substeps: 8
  integrator: implicit
  cost: sum(u**2)
  success: final(bar.y) > -1
"""


def weight(robot):
    return robot.gravity * sum(link.mass for link in robot.links)


@pytest.mark.parametrize(
    "name", ["walker", "hopper", "half_cheetah", "quadruped", "segway", "walker2d"]
)
def test_the_normal_force_is_ours_to_a_tenth(name):
    robot = load(name)
    assert fit_ground(robot.ground, weight(robot), robot.gravity).error < 0.1


def test_a_depth_is_that_of_its_load():
    ground = load("walker").ground
    f = np.geomspace(1e-6, 1e5, 30)
    np.testing.assert_allclose(spring(ground, depth(ground, f)), f, rtol=1e-9)


def test_mujoco_pushes_as_the_fit_says(build_text):
    """Its contact forces, at places and velocities at random: by its documented law, and as fitted."""
    model = build_text(SLEDGE)
    engine = Engine(model, "fitted")
    fit, foreign, data = engine.fit, engine._model, engine._data
    A = float(foreign.body_invweight0[foreign.body("bar").id, 0])
    contact = fit.contact(A, 0.6)
    d_0, d_1, width, *_ = contact["solimp"]
    S, B = (-part for part in contact["solref"])
    y = foreign.joint("y").id
    rng = np.random.default_rng(0)
    for _ in range(20):
        z, v = rng.uniform(-0.02, 0.03), rng.uniform(-0.3, 0.3)
        data.qpos[y], data.qvel[y] = 0.1 - z, v
        mujoco.mj_forward(foreign, data)
        x = z + fit.lift
        d = d_0 + (d_1 - d_0) * float(rise(x, width))
        R = A * (1 - d) / d
        found, a = data.qfrc_constraint[y] / 2, data.qacc[y]
        assert found == pytest.approx((S / d_1**2 * d * x - B / d_1 * v - a) / R, rel=1e-6)
        of_each = unit_forces(np.array(x), np.array(v), width)
        fitted = (fit.stiffness, fit.damping) @ of_each
        assert found + a / R == pytest.approx(fitted, abs=0.05 * weight(model.robot))


def test_a_sledge_lands_and_slides_as_on_our_ground(build_text):
    """Dropped by 5 cm and sliding: how deep it gets, where it rests, how far it comes."""
    model = build_text(SLEDGE)
    engine, T = Engine(model, "fitted"), 100
    x = np.zeros(model.nx)
    x[1], x[model.nq] = 0.15, 1.0
    ours = model.rollout(x, np.zeros((T, 1)))
    X = [x]
    with engine.running():
        for _ in range(T):
            X.append(engine.step(X[-1], np.zeros(1)))
    theirs = np.array(X)
    sunk, sinks = 0.1 - ours[:, 1], 0.1 - theirs[:, 1]
    assert sinks.max() == pytest.approx(sunk.max(), rel=0.1)
    assert sinks[-1] == pytest.approx(sunk[-1], abs=0.002)
    assert sunk[-1] == pytest.approx(
        depth(model.robot.ground, np.array(weight(model.robot) / 2)), abs=1e-3
    )
    assert theirs[-1, 0] == pytest.approx(ours[-1, 0], rel=0.2)
