"""The description: defaults and derived properties."""

import math
from pathlib import Path

import yaml
from arm import ARM

from vgps.codegen.description.robot import Link, Robot, load
from vgps.codegen.folders import MODELS

SWIMMER = Path(__file__).parents[2] / "models" / "swimmer.yaml"


def test_defaults_of_a_link():
    link = Link(name="a", mass=3.0, length=2.0, direction=math.pi / 2)
    assert link.tip == (0.0, 2.0)
    assert link.com == (0.0, 1.0)
    assert link.inertia == 1.0
    assert link.drag is None
    assert Link(name="a", mass=1, com=(0, 1), inertia=0).com == (0.0, 1.0)


def test_the_arm(arm):
    robot = arm()
    assert robot.parameters == {"m": 2.0, "L": 0.5}
    assert robot.gravity == 9.81
    assert robot.root is None
    assert (robot.nq, robot.nv, robot.nx, robot.nu) == (2, 2, 4, 2)
    assert robot.q_names == robot.u_names == ("shoulder", "elbow")
    assert robot.joints[0].at == (0.0, 0.0)
    assert robot.joints[1].at == (0.5, 0.0)
    assert robot.joints[1].limits == (-1.0, 2 * math.pi / 3)
    assert robot.joints[1].limit_softness == 0.05
    assert robot.action_limits == ([-math.inf, -20.0], [math.inf, 20.0])
    assert robot.observed_indices == (0, 1, 2, 3)
    assert robot.parent_joint("lower").name == "elbow"
    assert robot.path.endswith("robot.yaml")
    assert "path" not in str(sorted(robot.model_dump()))


def test_the_swimmer():
    robot = load(SWIMMER)
    assert robot.q_names == ("x", "y", "angle", "neck", "waist")
    assert robot.u_names == ("neck", "waist")
    assert robot.root.name == "head"
    assert robot.parent_joint("head") is None
    assert robot.joints[1].at == (-2.0, 0.0)
    assert robot.links[2].inertia == 5.0 * 2.0**2 / 12
    assert robot.initial_states == [[0.0] * 10]
    assert len(robot.initial_deviations[0]) == len(robot.process_deviation) == robot.nx
    assert robot.observed_indices == tuple(range(1, 10))
    assert robot.task.start.noise > 0  # without noise it never leaves the symmetric standstill


def test_file_order_of_coordinates_and_tree_order_of_joints():
    data = yaml.safe_load(ARM)
    data["joints"].reverse()
    robot = Robot.model_validate(data, context={})
    assert robot.q_names == ("elbow", "shoulder")
    assert [joint.name for joint in robot.ordered_joints] == ["shoulder", "elbow"]
    assert robot.path is None


def test_states_by_coordinate(arm):
    task = "dt: 0.01\n  initial: {q: {elbow: L}, v: {shoulder: -1}, spread: {q: {elbow: 0.1}}}\n  observe: {q: [elbow], v: [elbow, shoulder]}"
    robot = arm("dt: 0.01", task)
    assert robot.initial_states == [[0.0, 0.5, -1.0, 0.0]]
    assert robot.initial_deviations == [[0.0, 0.1, 0.0, 0.0]]
    assert robot.observed_indices == (1, 3, 2)
    one_for_all = arm("dt: 0.01", "dt: 0.01\n  process_noise: {q: 0.1, v: L}")
    assert one_for_all.process_deviation == [0.1, 0.1, 0.5, 0.5]


def test_dumps_and_loads_to_the_same_description(arm):
    dump = arm().model_dump(mode="json")
    assert Robot.model_validate(dump).model_dump(mode="json") == dump


def test_the_x_of_a_floating_root_is_observed_where_a_cost_names_one():
    swimmer = load(MODELS / "swimmer.yaml")
    assert 0 not in swimmer.observed_indices
    for key, cost in (("cost", "sum(u**2) + com.x**2"), ("final_cost", "(com.x - 1)**2")):
        other = load(MODELS / "swimmer.yaml", {f"task.{key}": cost})
        assert other.observed_indices == tuple(range(other.nx))
