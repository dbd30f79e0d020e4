"""Robots carried to MuJoCo: the same where it is meant to be the same, and loaded with its own contact."""

import mujoco
import numpy as np
import pytest
from virtual import Virtual

from vgps.codegen.description.robot import load
from vgps.codegen.folders import MODELS
from vgps.codegen.mjcf_export import export_mjcf

ROBOTS = sorted(path.stem for path in MODELS.glob("*.yaml"))


def loaded(robot):
    text, left_out = export_mjcf(robot)
    return mujoco.MjModel.from_xml_string(text), left_out


@pytest.mark.parametrize("name", ROBOTS)
def test_it_is_the_robot_by_names_masses_limits_and_points(name):
    robot = load(name)
    model, _ = loaded(robot)
    assert model.nv == len(robot.moving_names) and model.nu == robot.nu
    for link in robot.links:
        assert model.body(link.name).mass[0] == pytest.approx(link.mass, rel=1e-12)
    for joint in robot.free_joints:
        limited = model.joint(joint.name)
        if joint.limits is not None:
            assert limited.range == pytest.approx(joint.limits)
    for i, (low, high) in enumerate(zip(*robot.action_limits, strict=True)):
        assert model.actuator(i).name == robot.u_names[i]
        if np.isfinite([low, high]).all():
            assert model.actuator(i).ctrlrange == pytest.approx([low, high])
    for point in robot.contact_points:
        friction = robot.ground.friction if point.friction is None else point.friction
        assert model.geom(point.name).friction[0] == pytest.approx(friction)
    assert model.opt.timestep == pytest.approx(robot.task.dt / robot.task.substeps)


@pytest.mark.parametrize("name", ["double_cartpole", "acrobot", "quadrotor"])
def test_free_motion_is_the_same(name):
    """Where nothing touches and no joint ends, by the same Runge-Kutta method, under constant actions."""
    robot = load(name)
    (model, _), x0 = loaded(robot), np.array(robot.initial_states[0])
    data, steps = mujoco.MjData(model), 25
    order = [model.joint(joint).dofadr[0] for joint in robot.moving_names]
    u = 0.1 * np.array(robot.action_limits[1])
    data.qpos[order], data.qvel[order], data.ctrl[:] = x0[: robot.nq], x0[robot.nq :], u
    for _ in range(steps * robot.task.substeps):
        mujoco.mj_step(model, data)
    found = np.concatenate([data.qpos[order], data.qvel[order]])
    expected = Virtual(robot).rollout(x0, np.tile(u, (steps, 1)))[-1]
    assert found == pytest.approx(expected, abs=1e-6)
    assert np.abs(expected - x0).max() > 0.01


def test_it_stands_on_its_ground():
    """A quadruped, dropped and without a drive, comes to lie on the plane, in MuJoCo's own contact."""
    robot = load("quadruped")
    model, left_out = loaded(robot)
    assert left_out == []
    data = mujoco.MjData(model)
    data.qpos[model.joint("y").qposadr[0]] = robot.task.initials[("task", "initial")].q["y"] + 0.1
    for _ in range(2000):
        mujoco.mj_step(model, data)
    feet = [data.geom(point.name).xpos[2] for point in robot.contact_points]
    assert min(feet) > -0.03 and min(feet) < 0.03


def test_what_mujoco_has_no_word_for_is_said():
    assert any("drag" in text for text in loaded(load("swimmer"))[1])
    assert any("targets" in text for text in loaded(load("reacher"))[1])
    hilly = load("walker", {"ground.height": "0.1*sin(x)"})
    model, left_out = loaded(hilly)
    assert any("height varies" in text for text in left_out)
    assert model.ngeom == 0


def test_a_point_may_have_the_name_of_the_ground(tmp_path):
    text = (MODELS / "hopper.yaml").read_text(encoding="utf-8").replace("toe", "ground")
    path = tmp_path / "robot.yaml"
    path.write_text(text, encoding="utf-8")
    robot = load(path)
    assert "ground" in [point.name for point in robot.contact_points]
    model, _ = loaded(robot)
    assert model.ngeom >= 1 + len(robot.contact_points)
