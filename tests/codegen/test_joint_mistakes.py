"""Mistakes in what a file says of joints, and what robots here cannot have."""

import pytest
from arm import ARM

from vgps.codegen.errors import RobotFileError
from vgps.codegen.folders import MODELS

LOWER = "- {name: lower, mass: 1.5, length: 0.4}"

# Each row: text to replace, replacement, the marked text (^ before the place that the error names), parts of the message.
MISTAKES = [
    (
        "parent: upper",
        "parent: uper",
        "parent: ^uper",
        "unknown link 'uper'; did you mean 'upper'? allowed: lower, upper, world",
    ),
    ("child: lower", "child: lowr", "child: ^lowr", "unknown link 'lowr'; did you mean 'lower'?"),
    ("link: lower", "link: lowr", "link: ^lowr", "unknown link 'lowr'; did you mean 'lower'?"),
    (
        "child: lower",
        "child: upper",
        "parent: upper\n    child: ^upper",
        "link 'upper' is already the child of joint 'shoulder'; closed loops are not supported",
    ),
    ("child: lower", "child: world", "child: ^world", "the world cannot be the child of a joint"),
    (
        "parent: world",
        "parent: lower",
        "parent: ^lower",
        "the joints form a cycle: upper -> lower -> upper",
    ),
    (
        LOWER,
        LOWER + "\n  - {name: extra, mass: 1}",
        "- ^{name: extra",
        "link 'extra' is not connected",
    ),
    (
        "base: fixed",
        "base: floating",
        "parent: ^world",
        "only a robot with 'base: fixed' has joints to the world",
    ),
    (
        "limits: [-1, 2*pi/3]",
        "limits: [1, -1]",
        "limits: ^[1, -1]",
        "the lower limit must lie below the upper, found [1.0, -1.0]",
    ),
    (
        "limits: [-1, 2*pi/3]",
        "limits: [1]",
        "limits: ^[1]",
        "joints[1].limits must be a list of two numbers, found a list of 1",
    ),
    (
        "limits: [-1, 2*pi/3]",
        "limits: [-1, 2*pie]",
        "limits: [-1, 2*^pie]",
        "joints[1].limits[1] is not a number: unknown name 'pie'",
    ),
    (
        "    limits: [-1, 2*pi/3]\n",
        "",
        "^limit_stiffness",
        "'limit_stiffness' has no meaning without 'limits'",
    ),
    (
        "    limit_stiffness: 100\n",
        "",
        "- ^name: elbow",
        "joints[1] lacks the key 'limit_stiffness', which 'limits' need",
    ),
    (
        "torque_limit: 20",
        "torque_limit: 0",
        "torque_limit: ^0",
        "joints[1].torque_limit must be positive",
    ),
    (
        "torque_limit: 20",
        "axis: 1",
        "^axis: 1",
        "only a prismatic joint takes 'axis', not a revolute one in joints[1]",
    ),
    (
        "torque_limit: 20",
        "friction: -1",
        "friction: ^-1",
        "joints[1].friction must not be negative, found -1.0",
    ),
    (
        "torque_limit: 20",
        "friction: 1\n    friction_speed: 0",
        "friction_speed: ^0",
        "joints[1].friction_speed must be positive, found 0.0",
    ),
    (
        "torque_limit: 20",
        "friction_speed: 0.2",
        "^friction_speed",
        "'friction_speed' has no meaning without 'friction' in joints[1]",
    ),
    (
        "child: upper",
        "child: upper\n    type: fixed\n    friction: 1",
        "^friction: 1",
        "a fixed joint takes no 'friction' in joints[0]",
    ),
    (
        "length: 0.4}",
        "start: 0.1}",
        "1.5, ^start: 0.1",
        "'start' has no meaning without 'length' in links[1]",
    ),
    (
        "length: 0.4}",
        "length: 0.4, width: -1}",
        "width: ^-1",
        "links[1].width must not be negative, found -1.0",
    ),
    (
        "length: 0.4}",
        "length: 0.4, drag: {normal: 1, tangential: 0, quadratic: {normal: 1}}}",
        "quadratic: ^{normal",
        "links[1].drag.quadratic lacks the key 'tangential'",
    ),
    (
        "length: 0.4}",
        "length: 0.4, drag: {normal: 1, tangential: 0, quadratc: {normal: 1}}}",
        "0, ^quadratc",
        "unknown key 'quadratc' in links[1].drag; did you mean 'quadratic'?",
    ),
    (
        "base: fixed",
        "base: fixed\nbase_armature: {x: 1}",
        "^base_armature",
        "only a robot with 'base: floating' takes 'base_armature' in the robot",
    ),
    (
        "base: fixed",
        "base: fixed\nfluid: {density: 1000}",
        "fluid: ^{density",
        "the fluid needs a link with 'width'",
    ),
    (
        "base: fixed",
        "base: fixed\nfluid: {viscosity: -1}",
        "viscosity: ^-1",
        "fluid.viscosity must not be negative, found -1.0",
    ),
    (
        "base: fixed",
        "base: floating\nbase_armature: {angle: -1}",
        "angle: ^-1",
        "base_armature.angle must not be negative, found -1.0",
    ),
    ("torque_limit: 20", "type: fixed", "^limits:", "a fixed joint takes no 'limits' in joints[1]"),
    (
        "torque_limit: 20",
        "type: hinge",
        "type: ^hinge",
        "joints[1].type must be 'revolute', 'prismatic' or 'fixed', found 'hinge'; did you mean 'revo",
    ),
    ("torque_limit: 20", "type: continuous", "type: ^con", "did you mean 'revolute'?"),
    ("torque_limit: 20", "type: slide", "type: ^slide", "did you mean 'prismatic'?"),
    (
        "torque_limit: 20",
        "type: ball",
        "type: ^ball",
        "found 'ball'; three-dimensional joints are not supported; a robot moves in a plane",
    ),
    (
        "torque_limit: 20",
        "type: free",
        "type: ^free",
        "found 'free'; free joints are not supported; 'base: floating' lets the root link move",
    ),
    (
        "torque_limit: 20",
        "axis: [0, 0, 1]",
        "axis: ^[0, 0, 1]",
        "joints[1].axis must be an angle in rad, found a list of 3; three-dimensional joints are not",
    ),
    (
        "torque_limit: 20",
        "axis: [0, 1]",
        "axis: ^[0, 1]",
        "joints[1].axis must be an angle in rad, found a list of 2",
    ),
    (
        "points:\n",
        "tendons: []\npoints:\n",
        "^tendons",
        "unknown key 'tendons' in the robot; tendons are not supported",
    ),
    (
        "points:\n",
        "springs: []\npoints:\n",
        "^springs",
        "unknown key 'springs' in the robot; springs between points are not supported; a joint has",
    ),
    (
        "mass: m",
        "mass: m\n    mesh: a.stl",
        "^mesh",
        "unknown key 'mesh' in links[0]; meshes are not supported",
    ),
    (
        "mass: m",
        "mass: m\n    geoms: [box]",
        "^geoms",
        "unknown key 'geoms' in links[0]; shapes are not supported; the 'points' with 'contact: true'",
    ),
    (
        "points:\n",
        "obstacles: []\npoints:\n",
        "^obstacles",
        "unknown key 'obstacles' in the robot; obstacles are not supported; 'ground' has a profile",
    ),
]


@pytest.mark.parametrize(
    ("old", "new", "marked", "part"), MISTAKES, ids=[str(i) for i in range(len(MISTAKES))]
)
def test_mistakes(mistake, old, new, marked, part):
    assert part in mistake(ARM, old, new, marked).message


def test_a_link_has_one_parent_joint(load_text):
    third = "  - {name: wrist, parent: upper, child: lower}\npoints:"
    with pytest.raises(
        RobotFileError, match="link 'lower' is already the child of joint 'elbow'"
    ) as caught:
        load_text(ARM.replace("points:", third))
    assert caught.value.column == third.index("lower") + 1


def test_a_robot_needs_an_actuated_joint(load_text):
    with pytest.raises(RobotFileError, match="at least one actuated joint"):
        load_text(ARM.replace("    actuated: true\n", "").replace("    torque_limit: 20\n", ""))


def test_a_floating_robot_has_one_root_and_no_joint_called_x(load_text):
    text = (MODELS / "swimmer.yaml").read_text(encoding="utf-8")
    with pytest.raises(RobotFileError, match="a joint must not be called 'x'"):
        load_text(text.replace("name: neck", "name: x"))
    loose = "  - {name: fin, mass: 1}\n\njoints:"
    with pytest.raises(RobotFileError, match="link 'fin' is not connected: like 'head'"):
        load_text(text.replace("\njoints:", loose))
    with pytest.raises(RobotFileError, match="the joints form a cycle: body -> head -> body"):
        load_text(text.replace("parent: body\n    child: tail", "parent: body\n    child: head"))
