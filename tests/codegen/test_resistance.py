"""Dry friction, quadratic drag and fluids: their laws, MuJoCo's, derivatives, and energy."""

import math

import casadi as ca
import mujoco
import numpy as np
import planar_twin as twin
import pytest
from arm import ARM
from closeness import assert_close, differences
from hypothesis import given, settings
from hypothesis import strategies as st
from mujoco_reference import Reference
from quick import quick_ones
from trees import random_state, robot_of
from virtual import Virtual

from vgps.codegen.description.identity import identity, same_mechanics

RESISTING = (503, 504)
IMMERSED = quick_ones((510, 511, 513, 514, 515, 516), (510, 511, 513))
EVERYTHING = {"passive": True, "drag": True, "resisting": True, "immersed": True}

# The swimmer of Gymnasium (assets/swimmer.xml, version 5): what moves, without colours and limits.
GYMNASIUM_SWIMMER = """
<mujoco>
  <compiler inertiafromgeom="true"/>
  <option density="4000" viscosity="0.1"/>
  <default>
    <geom type="capsule" size="0.1" density="1000" contype="0" conaffinity="0"/>
    <joint type="hinge" axis="0 0 1" armature="0.1"/>
  </default>
  <worldbody>
    <body name="torso">
      <geom fromto="1.5 0 0 0.5 0 0"/>
      <joint type="slide" axis="1 0 0"/>
      <joint type="slide" axis="0 1 0"/>
      <joint/>
      <body name="mid" pos="0.5 0 0">
        <geom fromto="0 0 0 -1 0 0"/>
        <joint name="motor1"/>
        <body name="back" pos="-1 0 0">
          <geom fromto="0 0 0 -1 0 0"/>
          <joint name="motor2"/>
        </body>
      </body>
    </body>
  </worldbody>
  <actuator>
    <motor joint="motor1"/>
    <motor joint="motor2"/>
  </actuator>
</mujoco>
"""
SAME_SWIMMER = """
name: gymnasium_swimmer
gravity: 0
base: floating
base_armature: {x: 0.1, y: 0.1, angle: 0.1}
fluid: {density: 4000, viscosity: 0.1}
parameters:
  r: 0.1
  rod: 1000*pi*r**2                  # kg, the straight part of a capsule
  balls: 1000*4/3*pi*r**3            # kg, both ends
  axial: rod*r**2/2 + 2/5*balls*r**2
  across: rod*(1/12 + r**2/4) + balls*(2/5*r**2 + 1/4 + 3/8*r)
links:
  - &rod {name: torso, mass: rod + balls, inertia: across, length: 1, start: 0.5}
  - &limb {<<: *rod, name: mid, start: 0, direction: pi}
  - {<<: *limb, name: back}
joints:
  - {name: motor1, parent: torso, child: mid, at: [0.5, 0], armature: 0.1, actuated: true}
  - {name: motor2, parent: mid, child: back, armature: 0.1, actuated: true}
task: {dt: 0.01, horizon: 10, cost: sum(u**2), success: final(com.x) > 0}
""".replace("inertia: across,", "inertia: across, width: sqrt(6*axial/(rod + balls)),")


@pytest.mark.parametrize("seed", RESISTING)
def test_friction_and_quadratic_drag_follow_their_laws(tree, seed):
    """Against drag summed over 2000 pieces of each link; Gauss's rule errs where v_n turns round."""
    robot, functions = tree(seed, resisting=True)
    rng = np.random.default_rng(seed)
    for _ in range(3):
        q, v, _ = random_state(robot, rng)
        known = twin.joint_force(robot, q, v) + twin.drag_force(robot, q, v)
        drag = functions.passive_force(q, v) - known
        assert_close(drag, twin.quadratic_drag_force(robot, q, v), 2e-2)


def test_quadratic_drag_is_exact_where_the_velocity_across_does_not_turn_round(load_text):
    """A rod that turns about its end: -c omega^2 L^4 / 4 of moment; that slides along: -c L v^2."""
    rod = "name: rod, mass: 1, length: 1.3, drag: {normal: 0, tangential: 0, quadratic: {%s}}"
    drag = rod % "normal: 3, tangential: 0.4"
    for joint, force in (("", -3 * 1.3**4 / 4), (", type: prismatic", -0.4 * 1.3)):
        functions = Virtual(
            load_text(
                "name: rod\nbase: fixed\ngravity: 0\n"
                f"links: [{{{drag}}}]\n"
                f"joints: [{{name: j, parent: world, child: rod, actuated: true{joint}}}]\n"
                "task: {dt: 0.01, horizon: 2, cost: sum(u**2), success: final(j.q) > 0}\n"
            )
        )
        for rate in (2.0, -2.0):
            found = functions.passive_force([0.3], [rate])
            assert_close(found, [force * abs(rate) * rate])


@pytest.mark.parametrize("seed", IMMERSED)
def test_trees_in_a_fluid_move_as_in_mujoco(tree, seed):
    """M, passive forces, v' and energy, of bodies away from their frames, on a loaded base."""
    robot, functions = tree(seed, immersed=True)
    reference, rng = Reference(robot), np.random.default_rng(seed)
    for _ in range(3):
        q, v, u = random_state(robot, rng)
        reference.forward(q, v, u)
        assert_close(functions.mass_matrix(q), reference.mass_matrix)
        assert_close(functions.passive_force(q, v), reference.passive_force)
        assert_close(functions.acceleration(q, v, u), reference.acceleration, 1e-11)
        assert_close(functions.energy(q, v), [reference.energy], 1e-11)
        assert_close(
            functions.points(q),
            [twin.points(robot, q, v)[name][0] for name in functions.point_names],
            scale=1,
        )


def test_the_swimmer_of_gymnasium_moves_as_in_mujoco(load_text):
    functions = Virtual(load_text(SAME_SWIMMER))
    model = mujoco.MjModel.from_xml_string(GYMNASIUM_SWIMMER)
    data, rng = mujoco.MjData(model), np.random.default_rng(0)
    for _ in range(10):
        q, v, u = random_state(functions.robot, rng)
        data.qpos, data.qvel, data.ctrl = q, v, u
        mujoco.mj_forward(model, data)
        assert_close(functions.passive_force(q, v), data.qfrc_passive)
        assert_close(functions.acceleration(q, v, u), data.qacc)


def test_another_fluid_and_another_load_of_the_base_make_another_robot(load_text):
    original = identity(load_text(SAME_SWIMMER))
    for old, new in (("density: 4000", "density: 1000"), ("angle: 0.1", "angle: 0.2")):
        assert not same_mechanics(original, identity(load_text(SAME_SWIMMER.replace(old, new))))


@pytest.mark.parametrize("kind", ["revolute", "prismatic"])
def test_fast_dry_friction_is_that_of_mujoco(kind, load_text):
    """Far over the friction speed both are F against the motion."""
    text = ARM.replace(
        "    actuated: true\n    torque", "    friction: 2\n    actuated: true\n    torque"
    )
    text = text.replace("    friction", f"    type: {kind}\n    friction_speed: 1e-7\n    friction")
    robot = load_text(text)
    functions, reference = Virtual(robot), Reference(robot)
    for rate in (3.0, -3.0):
        q, v, u = np.array([0.3, 0.1]), np.array([0.2, rate]), np.array([1.0, 4.0])
        reference.forward(q, v, u)
        assert_close(functions.acceleration(q, v, u), reference.acceleration, 1e-9)


@pytest.mark.parametrize("integrator", ["rk4", "implicit"])
@pytest.mark.parametrize("seed", RESISTING)
def test_derivatives_are_those_of_the_expressions_and_of_the_values(tree, seed, integrator):
    """Of v' and of v+ with D frozen at the start: explicit differentiation, and differences."""
    robot, functions = tree(seed, **EVERYTHING, integrator=integrator)
    name = "acceleration" if integrator == "rk4" else "velocity_update"
    q, v, u = ca.SX.sym("q", robot.nq), ca.SX.sym("v", robot.nv), ca.SX.sym("u", robot.nu)
    y = functions.casadi[name](q, v, u)
    explicit = ca.Function("y_z", [q, v, u], [ca.jacobian(y, ca.vertcat(q, v, u))])
    rng = np.random.default_rng(seed)
    for _ in range(3):
        state = random_state(robot, rng)
        _, derivatives = functions.casadi[f"{name}_derivatives"](*state)
        assert_close(derivatives.full(), explicit(*state).full(), 1e-11)
        numerical = differences(
            lambda z: getattr(functions, name)(*np.split(z, [robot.nq, robot.nx])),
            np.concatenate(state),
            1e-3,
        )
        assert_close(derivatives.full(), numerical, 1e-8)


@pytest.mark.parametrize("seed", RESISTING)
def test_an_implicit_step_takes_the_new_velocity_against_the_frozen_matrix(tree, seed):
    """(M + h D) (v+ - v) = h (B u + f(q, v) - bias), D from the forces of small velocities."""
    robot, functions = tree(seed, **EVERYTHING, integrator="implicit")
    h = robot.task.dt / robot.task.substeps
    B = np.zeros((robot.nv, robot.nu))
    for k, name in enumerate(robot.u_names):
        B[robot.q_names.index(name), k] = 1.0
    rng = np.random.default_rng(seed)
    q, v, u = random_state(robot, rng)
    force = functions.passive_force(q, v)
    known = B @ u + force - functions.bias_force(q, v)
    change = functions.velocity_update(q, v, u) - v
    M = functions.mass_matrix(q)
    D_change = known - M @ change / h  # D (v+ - v)
    # D is symmetric and D v = f(q, 0) - f(q, v), so that v . D (v+ - v) is known without D.
    resisted = functions.passive_force(q, 0 * v) - force
    assert_close(v @ D_change, resisted @ change, 1e-10, scale=np.abs(resisted) @ np.abs(change))


seeds = st.integers(0, 2**32 - 1)


@settings(max_examples=60)
@given(seed=seeds, tree_seed=st.sampled_from(RESISTING), speed=st.floats(-6, 3))
def test_what_resists_never_raises_the_energy(tree, seed, tree_seed, speed):
    """Its power is negative at creeping and at violent speeds."""
    robot, functions = tree(tree_seed, **EVERYTHING, integrator="implicit")
    q, v, _ = random_state(robot, np.random.default_rng(seed), spread=10.0**speed)
    resisting = functions.passive_force(q, v) - functions.passive_force(q, 0 * v)
    assert v @ resisting <= 0.0


@settings(max_examples=30)
@given(seed=seeds, speed=st.floats(-6, 3))
def test_an_implicit_step_against_friction_never_raises_the_energy(slider, seed, speed):
    """However large the friction is for the step, which takes it against the new velocity."""
    v, M = 10.0**speed * np.random.default_rng(seed).normal(size=2), slider.mass_matrix([0, 0])
    for _ in range(20):
        before, v = v, slider.velocity_update([0, 0], v, [0])
        assert v @ M @ v <= (1 + 1e-12) * before @ M @ before


@pytest.fixture(scope="module")
def slider(tmp_path_factory):
    """Two blocks on one rail, with friction of 1e6 N at the one and drag at the other."""
    drag = {"normal": 0.0, "tangential": 0.0, "quadratic": {"normal": 9.0, "tangential": 9.0}}
    data = {
        "name": "slider",
        "base": "fixed",
        "links": [{"name": "a", "mass": 1}, {"name": "b", "mass": 2, "length": 1, "drag": drag}],
        "joints": [
            {"name": "i", "type": "prismatic", "parent": "world", "child": "a", "friction": 1e6},
            {"name": "j", "type": "prismatic", "parent": "a", "child": "b", "actuated": True},
        ],
        "task": {"dt": 0.01, "horizon": 9, "integrator": "implicit"}
        | {"cost": "sum(u**2)", "success": "final(i.q) > 0"},
    }
    return Virtual(robot_of(data, tmp_path_factory.mktemp("slider")))


def test_friction_stops_a_block_where_the_textbook_says(tmp_path):
    """After v^2 m / (2 F), and there it stays under a force less than F, but for a creep."""
    F, m, v0, creep = 6.0, 2.0, 3.0, 1e-3
    joint = {"name": "j", "type": "prismatic", "parent": "world", "child": "block"}
    joint |= {"actuated": True, "friction": F, "friction_speed": creep}
    task = {"dt": 0.01, "horizon": 9, "integrator": "implicit", "substeps": 20}
    task |= {"cost": "sum(u**2)", "success": "final(j.q) > 0"}
    data = {"name": "block", "base": "fixed", "gravity": 0, "task": task}
    data |= {"links": [{"name": "block", "mass": m}], "joints": [joint]}
    model = Virtual(robot_of(data, tmp_path))
    X = model.rollout(np.array([0.0, v0]), np.zeros((150, 1)))
    assert X[-1, 0] == pytest.approx(v0**2 * m / (2 * F), rel=5e-3)
    X = model.rollout(X[-1], np.full((100, 1), 0.6 * F))
    assert X[-1, 1] == pytest.approx(creep * 0.6 / math.sqrt(1 - 0.6**2), rel=1e-6)
    X = model.rollout(X[-1], np.full((100, 1), 1.5 * F))
    assert X[-1, 1] - X[-2, 1] == pytest.approx(0.01 * 0.5 * F / m, rel=2e-3)
