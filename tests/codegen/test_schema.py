"""The JSON Schema takes every robot that `load` takes, and refuses what JSON Schema can know to be wrong."""

import json

import pytest
from arm import ARM
from jsonschema import Draft7Validator
from spoilt_robots import ROOT, spoilt

from vgps.codegen.description.robot import load
from vgps.codegen.description.schema import robot_schema, schema_text
from vgps.codegen.description.source import read
from vgps.codegen.errors import RobotFileError

SCHEMA = Draft7Validator(robot_schema())
FILES = sorted([*ROOT.glob("models/*.yaml"), *ROOT.glob("tests/robots/*.yaml")])

# Each row: text of the arm, what replaces it, and where the schema finds the mistake.
SPOILT = [
    ("    mass: m", "    masss: m", "links.0"),
    ("    mass: m\n", "", "links.0"),
    ("mass: m", "mass: true", "links.0.mass"),
    ("mass: m", "mass: [1]", "links.0.mass"),
    ("mass: m", "mass: -1", "links.0.mass"),
    ("mass: m", "mass: 0", "links.0.mass"),
    ("mass: m", "mass: 1.0e+300", "links.0.mass"),
    ("mass: m", "mass: .inf", "links.0.mass"),
    ("mass: m", "mass: 2 m²", "links.0.mass"),
    ("mass: m", "mass: ''", "links.0.mass"),
    ("length: L", "length: -0.1", "links.0.length"),
    ("length: L", "drag: {normal: 1}", "links.0.drag"),
    ("length: L", "com: [1]", "links.0.com"),
    ("length: L", "com: 1", "links.0.com"),
    ("name: upper", "name: 1upper", "links.0.name"),
    ("name: upper", "name: sin", "links.0.name"),
    ("name: upper", "name: 7", "links.0.name"),
    ("name: arm", "name: ../arm", "name"),
    ("L: m/4", "2L: m/4", "parameters"),
    ("L: m/4", "pi: m/4", "parameters"),
    ("L: m/4", "L: [m]", "parameters.L"),
    ("base: fixed", "base: fix", "base"),
    ("base: fixed\n", "", ""),
    ("limits: [-1, 2*pi/3]", "limits: [-1, 0, 1]", "joints.1.limits"),
    ("limits: [-1, 2*pi/3]", "type: hinge", "joints.1.type"),
    ("torque_limit: 20", "torque_limit: 0", "joints.1.torque_limit"),
    ("torque_limit: 20", "torque_limit:", "joints.1.torque_limit"),
    ("torque_limit: 20", "damping: -1", "joints.1.damping"),
    ("child: lower", "child: 2", "joints.1.child"),
    ("    actuated: true\n    torque", "    actuated: 1\n    torque", "joints.1.actuated"),
    ("at: [0.4, 0]}", "at: [0.4, 0], contact: 'true'}", "points.0.contact"),
    ("points:\n  - {", "points:\n    {", "points"),
    ("dt: 0.01", "dt: 0", "task.dt"),
    ("horizon: 50", "horizon: 50.5", "task.horizon"),
    ("horizon: 50", "horizon: 1", "task.horizon"),
    ("horizon: 50", "horizon: 50\n  substeps: 0", "task.substeps"),
    ("horizon: 50", "horizon: 50\n  integrator: euler", "task.integrator"),
    ("horizon: 50", "horizon: 50\n  initial: 1", "task.initial"),
    ("horizon: 50", "horizon: 50\n  initial: []", "task.initial"),
    ("horizon: 50", "horizon: 50\n  initial: {spread: {q: -1}}", "task.initial"),
    ("horizon: 50", "horizon: 50\n  process_noise: {q: {elbow: -1}}", "task.process_noise.q.elbow"),
    ("horizon: 50", "horizon: 50\n  process_noise: {q: [1]}", "task.process_noise.q"),
    ("horizon: 50", "horizon: 50\n  observe: {q: elbow, v: []}", "task.observe"),
    ("horizon: 50", "horizon: 50\n  observe: []", "task.observe"),
    ("horizon: 50", "horizon: 50\n  observe: [t, 1]", "task.observe"),
    ("horizon: 50", "horizon: 50\n  disturbances: {point: hand}", "task.disturbances"),
    ("cost: sum(u**2) + ", "cost: sum(u^2) + ", "task.cost"),
    ("cost: sum(u**2) + (hand.y - 1)**2", "cost: 1", "task.cost"),
    ("final(hand.y) > 0.9 and min(elbow.q) > -1", "true", "task.success"),
]

# And what is right, although it looks unusual.
RIGHT = [
    ("mass: m", "mass: 2.e0"),
    ("mass: m", "mass: '1'"),
    ("mass: m", "mass: 1e3"),
    ("horizon: 50", "horizon: 50.0"),
    ("horizon: 50", "horizon: 100/2"),
    (
        "horizon: 50",
        "horizon: 50\n  initial: {q: {elbow: pi/4}, spread: {q: {elbow: 1/9}, v: m/9}}",
    ),
    ("horizon: 50", "horizon: 50\n  initial: [{}, {v: {elbow: -1}}]"),
    ("horizon: 50", "horizon: 50\n  observe: [t, 'atan2(hand.y, elbow.q)', m*elbow.v]"),
    ("parameters:\n  m: 2.0\n  L: m/4\n", "parameters: {m: 2, L: 1, x: -0.5}\n"),
]


def faults(data):
    return {".".join(map(str, error.absolute_path)) for error in SCHEMA.iter_errors(data)}


@pytest.fixture
def arm_file(tmp_path):
    def edited(old, new):
        assert ARM.count(old) == 1, old
        path = tmp_path / "arm.yaml"
        path.write_text(ARM.replace(old, new), encoding="utf-8")
        return path

    return edited


def test_it_is_a_schema():
    Draft7Validator.check_schema(robot_schema())
    assert json.loads(schema_text()) == robot_schema() and schema_text().isascii()


def test_every_mapping_with_keys_is_closed_and_every_key_explained():
    schema = robot_schema()
    parts = [part for part in [schema, *schema["$defs"].values()] if "properties" in part]
    assert len(parts) > 10
    for part in parts:
        assert part["additionalProperties"] is False and part["description"]
        assert all(value.get("description") for value in part["properties"].values())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_robots_are_right(path):
    assert not faults(read(path).data)


@pytest.mark.parametrize(("old", "new", "place"), SPOILT)
def test_both_refuse(arm_file, old, new, place):
    path = arm_file(old, new)
    assert faults(read(path).data) == {place}
    with pytest.raises(RobotFileError):
        load(path)


@pytest.mark.parametrize(("old", "new"), RIGHT)
def test_both_accept(arm_file, old, new):
    path = arm_file(old, new)
    assert load(path).name == "arm"
    assert not faults(read(path).data)


def test_what_load_accepts_of_spoilt_files_is_right(tmp_path):
    path, robots = tmp_path / "spoilt.yaml", 0
    for seed in range(120):
        path.write_bytes(spoilt(seed))
        try:
            load(path)
        except RobotFileError:
            continue
        robots += 1
        assert not faults(read(path).data), f"seed {seed}"
    assert robots
