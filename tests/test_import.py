"""Robots of MuJoCo and ROS, written as robot files by the command line: the same motion, or a sentence."""

import importlib.util
import sys
from pathlib import Path
from typing import NamedTuple

import mujoco
import numpy as np
import pytest
from actuated import actuated_tree
from closeness import assert_close
from command_line import run, run_json
from foreign_robots import ARM, CRANE, FISH, LEG, Foreign
from quick import quick_ones
from trees import random_state
from virtual import Virtual

from vgps.codegen.description.robot import load
from vgps.codegen.mjcf_export import export_mjcf

GYMNASIUM = importlib.util.find_spec("gymnasium")


def imported(folder, text, name="robot.xml"):
    """Our robot of the text of a file, which passes `check`, and what is said of it."""
    source, path = folder / name, folder / "robot.yaml"
    source.write_text(text, encoding="utf-8")
    finished = run("import", source, "--out", path)
    assert finished.returncode == 0 and finished.stdout == f"{path}: written, to be edited\n"
    checked = run("check", path)
    assert (checked.returncode, checked.stderr) == (0, ""), checked.stderr
    return load(path), finished.stderr.splitlines()


def random_states(robot, count=3):
    """Above the ground, so that nothing touches."""
    rng = np.random.default_rng(7)
    for _ in range(count):
        q, v = 0.5 * rng.standard_normal((2, robot.nq))
        if robot.base == "floating":
            q[1] += 30.0
        yield q, v


def assert_same_inertia(functions, foreign):
    for q, v in random_states(functions.robot):
        foreign.forward(q, v)
        M, bias = functions.mass_matrix(q), functions.bias_force(q, v)
        assert M == pytest.approx(foreign.mass_matrix, abs=1e-9)
        assert bias == pytest.approx(foreign.bias_force, abs=1e-9)


class Leg(NamedTuple):
    folder: Path
    functions: Virtual
    foreign: Foreign


@pytest.fixture(scope="module")
def leg(tmp_path_factory):
    """The leg, derived once."""
    folder = tmp_path_factory.mktemp("leg")
    robot, _ = imported(folder, LEG)
    return Leg(folder, Virtual(robot), Foreign(folder / "robot.xml", "x-z", floating=True))


@pytest.mark.parametrize(
    ("text", "name", "plane", "floating"),
    [
        (FISH, "fish.xml", "x-y", True),
        (CRANE, "crane.xml", "y-z", False),
        (ARM, "arm.urdf", "x-z", False),
    ],
    ids=["fish", "crane", "arm"],
)
def test_it_moves_as_in_mujoco(tmp_path, text, name, plane, floating):
    """Inertia, gravity, springs, damping and fluid, by what is written in the file."""
    robot, _ = imported(tmp_path, text, name)
    assert_same_motion(Virtual(robot), Foreign(tmp_path / name, plane, floating))


def assert_same_motion(functions, foreign):
    assert_same_inertia(functions, foreign)
    robot = functions.robot
    for q, v in random_states(robot):
        if robot.free_joints[0].limits is not None:
            q = 0.1 * q  # away from where limits push
        foreign.forward(q, v)
        M, a = functions.mass_matrix(q), functions.acceleration(q, v, np.zeros(robot.nu))
        servo = foreign.drive_force  # which holds even what is asked to be at 0
        passive = M @ a + foreign.bias_force - servo
        assert passive == pytest.approx(foreign.passive_force, abs=1e-7)


def test_hinges_both_ways_round_and_bodies_welded_move_as_in_mujoco(leg):
    assert_same_motion(leg.functions, leg.foreign)


def test_drives_push_as_in_mujoco(leg):
    foreign, functions, robot = leg.foreign, leg.functions, leg.functions.robot
    assert robot.u_names == ("hip", "m2", "m3", "m4", "m5")
    ours = np.array([30.0, 1.0, 1.0, 1.0, 1.0])  # the hip's action is its torque
    for q, v in random_states(robot, 1):
        for ctrl in [*np.eye(5), np.array([0.3, 2.0, -0.4, 0.7, 1.1])]:
            foreign.forward(q, v)
            still = foreign.drive_force
            foreign.forward(q, v, ctrl)
            pushed = foreign.drive_force - still
            a = [functions.acceleration(q, v, u) for u in (ours * ctrl, 0 * ctrl)]
            found = functions.mass_matrix(q) @ (a[0] - a[1])
            assert found == pytest.approx(pushed, abs=1e-8)


@pytest.mark.parametrize("name", ["hopper", "double_cartpole"])
def test_what_was_exported_comes_back(tmp_path, name):
    ours = load(name)
    robot, _ = imported(tmp_path, export_mjcf(ours)[0])
    before, after = Virtual(ours), Virtual(robot)
    assert robot.moving_names == ours.moving_names and robot.u_names == ours.u_names
    for q, v in random_states(ours):
        assert after.mass_matrix(q) == pytest.approx(before.mass_matrix(q), abs=1e-9)
        assert after.bias_force(q, v) == pytest.approx(before.bias_force(q, v), abs=1e-9)
    places = [{p.name: (p.link, p.at) for p in each.contact_points} for each in (robot, ours)]
    assert places[0] == places[1]
    for joint, was in zip(robot.free_joints, ours.free_joints, strict=True):
        assert joint.limits == pytest.approx(was.limits) if was.limits else joint.limits is None
        assert joint.torque_limit == pytest.approx(was.torque_limit)


@pytest.mark.parametrize("seed", quick_ones([703, 724], [703]))
def test_trees_with_all_kinds_of_joints_and_drives_come_back(tmp_path, seed):
    """Welded links become one; everything else accelerates as before, by the same names."""
    ours = actuated_tree(tmp_path, seed, gravity=9.81)
    robot, said = imported(tmp_path, export_mjcf(ours)[0])
    assert said == []
    before, after = Virtual(ours), Virtual(robot)
    q, v, u = random_state(ours, np.random.default_rng(seed))
    moving = [ours.q_names.index(name) for name in robot.q_names]
    acting = [ours.u_names.index(name) for name in robot.u_names]
    assert sorted(moving) == list(range(ours.nq)) and sorted(acting) == list(range(ours.nu))
    for actions in (0 * u, u):
        found = after.acceleration(q[moving], v[moving], actions[acting])
        assert_close(found, before.acceleration(q, v, actions)[moving], 1e-9)


@pytest.mark.skipif(GYMNASIUM is None, reason="needs gymnasium")
@pytest.mark.parametrize(
    "name", quick_ones(["hopper", "half_cheetah", "walker2d", "swimmer"], ["hopper", "swimmer"])
)
def test_robots_of_gymnasium(tmp_path, name):
    assets = Path(GYMNASIUM.origin).parent / "envs" / "mujoco" / "assets"
    text = (assets / f"{name}.xml").read_text(encoding="utf-8")
    robot, _ = imported(tmp_path, text)
    plane = "x-y" if name == "swimmer" else "x-z"
    foreign = Foreign(tmp_path / "robot.xml", plane, floating=True)
    assert_same_inertia(Virtual(robot), foreign)


def body(joints, geom='<geom type="capsule" fromto="0 0 0 0 0 -1" size="0.1"/>'):
    return f"<mujoco><worldbody><body name='a'>{joints}{geom}</body></worldbody></mujoco>"


HINGE = '<joint name="j" axis="0 1 0"/>'
NOT_ROBOTS = [
    (body("<freejoint name='f'/>"), "joint 'f' is a free joint; three-dimensional joints"),
    (body("<joint name='b' type='ball'/>"), "joint 'b' is a ball joint; three-dimensional joints"),
    (
        body(f"{HINGE}<geom size='.1'/><body name='c'><joint name='k' axis='1 0 0'/>").replace(
            "</body>", "</body></body>"
        ),
        "joint 'k' turns out of the x-z plane; three-dimensional joints are not supported",
    ),
    (body("<joint name='j' axis='0 1 1'/>"), "its joints do not move along one of the planes"),
    (
        body(f"{HINGE}<geom size='.1'/><body name='c'><joint type='slide' axis='0 1 0'/>").replace(
            "</body>", "</body></body>"
        ),
        "a joint of body 'c' slides out of the x-z plane",
    ),
    (
        body(f"<joint name='s' type='slide' axis='1 0 0'/>{HINGE}"),
        "body 'a' has 2 joints, and a link has one; only the root of a floating base has several",
    ),
    (
        body(HINGE).replace("<worldbody>", "<option gravity='1 0 -9'/><worldbody>"),
        "gravity pulls along x, and in a robot file along -y alone",
    ),
    (body(""), "it has no actuator, and no joint that could be actuated"),
    ("<mujoco><worldbody/></mujoco>", "it has no actuator, and no joint that could be actuated"),
    ("no xml", "MuJoCo cannot read it: XML parse error"),
    (body("<joint axs='1 0 0'/>"), "MuJoCo cannot read it: "),
]


@pytest.mark.parametrize(("text", "sentence"), NOT_ROBOTS, ids=map(str, range(len(NOT_ROBOTS))))
def test_what_is_no_planar_robot_is_said_in_a_sentence(tmp_path, text, sentence):
    source = tmp_path / "a.xml"
    source.write_text(text, encoding="utf-8")
    finished = run("import", source, cwd=tmp_path)
    assert (finished.returncode, finished.stdout) == (2, "")
    assert finished.stderr.startswith(f"{source}: {sentence}")
    assert finished.stderr.count("\n") == 1 and list(tmp_path.iterdir()) == [source]


def test_of_two_robots_none_may_float(tmp_path):
    two = "<body name='b' pos='3 0 0'><joint name='k' axis='0 1 0'/><geom size='.1'/></body>"
    source = tmp_path / "a.xml"
    source.write_text(LEG.replace("</worldbody>", f"{two}</worldbody>"), encoding="utf-8")
    finished = run("import", source, cwd=tmp_path)
    assert finished.returncode == 2 and "several robots, 'torso' and 'b'" in finished.stderr


def test_files_that_are_not_there_or_in_the_way(tmp_path):
    finished = run("import", "no.xml", cwd=tmp_path)
    assert finished.stderr == "no.xml: cannot be read: No such file or directory\n"
    source = tmp_path / "crane.xml"
    source.write_text(CRANE, encoding="utf-8")
    finished = run("import", source, "--out", "crane.txt", cwd=tmp_path)
    assert finished.stderr == "--out needs a name that ends in .yaml, found 'crane.txt'\n"
    assert run("import", source, cwd=tmp_path).returncode == 0
    finished = run("import", source, cwd=tmp_path)
    assert finished.returncode == 2 and finished.stderr.startswith("crane.yaml is there already: ")


def test_without_mujoco_it_says_so(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "mujoco", None)
    finished = run("import", "crane.xml", cwd=tmp_path)
    assert finished.returncode == 2 and "pip install mujoco" in finished.stderr


def test_what_is_left_out_is_said_and_stands_in_the_file(tmp_path):
    robot, said = imported(
        tmp_path,
        LEG.replace('axis="-1 0 0"', 'axis="-1 0 0" damping="1" range="-1 1"')
        .replace("</actuator>", '<velocity name="m6" joint="hip" kv="2"/></actuator>')
        .replace('kv="0.5"', 'kv="0.5" forcerange="-3 3"')
        .replace(
            "</worldbody>", "<geom name='box' type='box' size='1 1 1' pos='9 0 0'/></worldbody>"
        )
        .replace("</tendon>", "</tendon><equality><joint joint1='hip' joint2='knee'/></equality>"),
    )
    expected = [
        "the limits of joint 'rootx', which a floating base does not have",
        "the damping of joint 'rootx', which a floating base does not have",
        "the force range of the actuator 'm3', since only actions have limits",
        "the actuator 'm6': of its drives only forces and position servos, at once or behind a",
        "the geom 'box' of the world: only a level plane is a ground",
        "contact between links, which only the ground touches",
        "equality constraints: a robot file has no closed loops and no coupled joints",
    ]
    for sentence, start in zip(said, expected, strict=True):
        assert sentence.startswith(f"left out: {start}")
    comments = " ".join(line.strip("# ") for line in robot.text.splitlines())
    assert all(f"Left out: {start}" in comments for start in expected)
    path = tmp_path / "other.yaml"
    result = run_json("import", tmp_path / "robot.xml", "--out", path)
    assert result["file"] == str(path)
    assert [f"left out: {sentence}" for sentence in result["left_out"]] == said


def test_a_foreign_warning_leaves_no_file(tmp_path, monkeypatch):
    """MuJoCo writes its own into the current folder."""
    text = CRANE.replace("<mujoco>", '<mujoco><compiler settotalmass="14"/>')
    monkeypatch.chdir(tmp_path)
    source = tmp_path / "a.xml"
    source.write_text(text, encoding="utf-8")
    assert run("import", source, cwd=tmp_path).returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.xml", "a.yaml"]


def test_the_ground_and_what_touches_it(leg):
    robot = leg.functions.robot
    assert float(robot.ground.height) == -0.1
    assert robot.ground.friction == 0.7  # of most points; the floor's 0.5 is less
    points = {point.name: point for point in robot.contact_points}
    assert set(points) == {
        *(f"trunk_{i}" for i in range(1, 5)),
        *(f"{name}_{i}" for name in ("thigh", "shin") for i in (1, 2)),
        "foot_point",
    }
    foot = points["foot_point"]  # a link has the geom's name
    assert (foot.link, foot.radius, foot.friction) == ("foot", 0.06, 0.9)
    model = mujoco.MjModel.from_xml_path(str(leg.folder / "robot.xml"))
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    q = np.array([robot.task.initials["task", "initial"].q.get(n, 0.0) for n in robot.q_names])
    where = dict(zip(leg.functions.point_names, leg.functions.points(q), strict=True))
    assert where["foot_point"] == pytest.approx(data.geom("foot").xpos[[0, 2]], abs=1e-9)
    assert np.mean([where[f"shin_{i}"] for i in (1, 2)], axis=0) == pytest.approx(
        data.geom("shin").xpos[[0, 2]], abs=2e-6
    )


def test_names_that_no_robot_file_can_have(tmp_path):
    text = CRANE.replace('"cart"', '"on"').replace('"pole"', '"2 poles"').replace("rail", "x")
    robot, _ = imported(tmp_path, text)
    assert [link.name for link in robot.links] == ["on_link", "poles"]
    assert [joint.name for joint in robot.joints] == ["x_joint", "swivel"]


def test_a_name_cannot_write_lines_of_its_own(tmp_path):
    text = LEG.replace("</actuator>", '<velocity name="m&#10;name: b" joint="hip"/></actuator>')
    robot, said = imported(tmp_path, text)
    assert robot.name == "robot" and len(said) == 2


def test_joints_keep_their_limits_and_drives_theirs(tmp_path):
    text = CRANE.replace('name="swivel"', 'name="swivel" range="-100 30"')
    robot, _ = imported(tmp_path, text)
    rail, swivel = robot.joints
    assert rail.actuated and rail.torque_limit == 20
    assert swivel.limits == pytest.approx(np.deg2rad([-30, 100])) and swivel.limit_stiffness > 0


def test_a_drive_behind_a_filter_lags(tmp_path):
    lagging = '<general joint="rail" gear="2" ctrlrange="-9 9" dyntype="filter" dynprm="0.1"/>'
    robot, _ = imported(
        tmp_path, CRANE.replace('<motor joint="rail" ctrlrange="-20 20"/>', lagging)
    )
    assert robot.joints[0].lag == 0.1 and robot.joints[0].torque_limit == 18


def test_a_urdf_drives_its_joints_with_their_effort(tmp_path):
    robot, said = imported(tmp_path, ARM, "arm.urdf")
    (shoulder,) = robot.joints  # the hand is welded to the arm
    assert said == [] and shoulder.actuated and shoulder.torque_limit == 12


def test_a_fluid_that_sees_no_bar_is_said(tmp_path):
    rolled = FISH.replace('fromto="0 0 0 -0.7 0 0"', 'fromto="0 0 0 -0.6 -0.3 0"')
    robot, said = imported(tmp_path, rolled)
    assert robot.links[1].width > 0 and "the roll of 'tail'" in said[0]
    (tmp_path / "robot.yaml").unlink()
    box = FISH.replace(
        'type="capsule" fromto="0 0 0 -0.7 0 0" size="0.08"', 'type="box" size="3 2 1"'
    )
    robot, said = imported(tmp_path, box)
    assert robot.links[1].width == 0 and "the force of the fluid on 'tail'" in said[0]
