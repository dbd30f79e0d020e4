"""One exact sentence, with its place, for each kind of mistake in a robot file."""

import pytest
from arm import ARM
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vgps.codegen.errors import RobotFileError
from vgps.codegen.folders import MODELS

FLAT_LOWER = "- {name: lower, mass: 1.5, length: 0.4}"

# Each row: text to replace, replacement, the marked text (^ before the place that the error names), parts of the message.
MISTAKES = [
    (
        "mass: m",
        "masss: m",
        "^masss: m",
        "unknown key 'masss' in links[0]; did you mean 'mass'? allowed: com, direction, drag,",
    ),
    (
        "base: fixed",
        "bases: fixed",
        "^bases",
        "unknown key 'bases' in the robot; did you mean 'base'?",
    ),
    ("mass: m", "mass: -1", "mass: ^-1", "links[0].mass must be positive, found -1.0"),
    (
        "mass: m",
        "mass: m - 5",
        "mass: ^m - 5",
        "links[0].mass must be positive, found -3.0 = m - 5",
    ),
    ("mass: m", "mass: true", "mass: ^true", "links[0].mass must be a number, found true"),
    ("mass: m", "mass:", "mass:^\n    length: L", "links[0].mass must be a number, found nothing"),
    ("mass: m", "mass: [1]", "mass: ^[1]", "links[0].mass must be a number, found a list of 1"),
    ("mass: m", "mass: .inf", "mass: ^.inf", "links[0].mass must be a finite number, found inf"),
    (
        "mass: m",
        "mass: 2*mm",
        "mass: 2*^mm",
        "links[0].mass is not a number: unknown name 'mm'; did you mean 'm'? allowed: L, m",
    ),
    ("mass: m", "mass: 'm/0'", "mass: '^m/0'", "'m/0' divides by zero"),
    ("mass: m", "mass: __import__(m)", "mass: ^__import__", "unknown name '__import__'"),
    ("    mass: m\n", "", "- ^name: upper", "links[0] lacks the key 'mass'"),
    (
        "    length: L",
        "    length: -L",
        "length: ^-L",
        "links[0].length must not be negative, found -0.5 = -L",
    ),
    ("L: m/4", "L: k/4", "L: ^k/4", "parameters.L is not a number: unknown name 'k'"),
    ("L: m/4", "com: 1", "com: ^1", "parameters.com must not be 'com', which is a reserved word"),
    ("L: m/4", "2L: 1", "2L: ^1", "parameters.2L must be a letter followed by"),
    ("name: arm", "name: ../arm", "name: ^../arm", "name must be a letter followed by"),
    (
        "name: upper",
        "name: sin",
        "name: ^sin",
        "links[0].name must not be 'sin', which is a reserved word",
    ),
    ("name: upper", "name: 7", "name: ^7", "links[0].name must be text, found 7"),
    (
        "base: fixed",
        "base: fixd",
        "base: ^fixd",
        "base must be 'floating' or 'fixed', found 'fixd'; did you mean 'fixed'?",
    ),
    (FLAT_LOWER, "- 12", "- ^12", "links[1] must be a mapping, found 12"),
    (
        "{name: lower, mass: 1.5,",
        "{name: m, mass: 1.5,",
        "name: ^m,",
        "the name 'm' is already taken by a parameter",
    ),
    (
        "name: hand,",
        "name: elbow,",
        "name: ^elbow,",
        "the name 'elbow' is already taken by a joint",
    ),
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
        FLAT_LOWER,
        FLAT_LOWER + "\n  - {name: extra, mass: 1}",
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
    (
        "horizon: 50",
        "horizon: 1",
        "horizon: ^1",
        "task.horizon must be a whole number of at least 2, found 1.0",
    ),
    ("horizon: 50", "horizon: 5.5", "horizon: ^5.5", "task.horizon must be a whole number"),
    (
        "dt: 0.01",
        "dt: 0.01\n  initial: {q: {elbo: 1}}",
        "q: {^elbo",
        "unknown coordinate 'elbo' in task.initial.q; did you mean 'elbow'? allowed: elbow, shoulder",
    ),
    (
        "dt: 0.01",
        "dt: 0.01\n  process_noise: {v: {elbo: 1}}",
        "v: {^elbo",
        "unknown coordinate 'elbo' in task.process_noise.v",
    ),
    (
        "dt: 0.01",
        "dt: 0.01\n  process_noise: {v: {elbow: -1}}",
        "elbow: ^-1",
        "task.process_noise.v.elbow must not be negative",
    ),
    (
        "dt: 0.01",
        "dt: 0.01\n  observe: {q: [elbow, x], v: []}",
        "[elbow, ^x]",
        "unknown coordinate 'x'",
    ),
    (
        "dt: 0.01",
        "dt: 0.01\n  observe: {q: [elbow, elbow], v: []}",
        "[elbow, ^elbow]",
        "listed twice",
    ),
    (
        "dt: 0.01",
        "dt: 0.01\n  observe: [elbow.q, elbo.v]",
        "q, ^elbo.v",
        "task.observe[1] cannot be used: unknown name 'elbo.v'; did you mean 'elbow.v'?",
    ),
    (
        "dt: 0.01",
        "dt: 0.01\n  observe: [elbow.q, 2*elbow.u]",
        "2*^elbow.u",
        "task.observe[1] cannot be used: 'elbow.u' is an action, and it follows from what is",
    ),
    ("dt: 0.01", "dt: 0.01\n  observe: [u**2]", "[^u**2", "'u' is an action, and it follows"),
    (
        "dt: 0.01",
        "dt: 0.01\n  observe: [t, elbow.q > 0]",
        "t, ^elbow.q",
        "task.observe[1] cannot be used: must be a number, not a condition",
    ),
    (
        "dt: 0.01",
        "dt: 0.01\n  observe: []",
        "observe: ^[]",
        "must be a mapping with q and v, or a list of at least one expression, found an empty list",
    ),
    ("dt: 0.01", "dt: 0.01\n  observe: elbow.q", "observe: ^elbow.q", "must be a mapping with q"),
    ("dt: 0.01", "dt: 0.01\n  observe: [1]", "[^1]", "task.observe[0] must be text, found 1"),
    (
        "dt: 0.01",
        "dt: 0.01\n  observe: [elbow.q - 1, t, elbow.q-1]",
        "t, ^elbow.q-1",
        "the expression 'elbow.q-1' is listed twice",
    ),
    (
        "dt: 0.01",
        "dt: 0.01\n  observe: [mean(elbow.q)]",
        "[^mean",
        "unknown function 'mean'",
    ),
    (
        "dt: 0.01",
        "dt: 0.01\n  observe: [t, 1/elbow.q]",
        "t, ^1/elbow.q",
        "'1/elbow.q' divides by zero at step 0, the initial state, where elbow.q = 0",
    ),
    ("dt: 0.01", "dt: 0.01\n  observe: [t/(m - 2)]", "[^t/(m", "divides by zero"),
    (
        "dt: 0.01",
        f"dt: 0.01\n  observe: [{', '.join(f'{i}*t' for i in range(201))}]",
        "observe: ^[0*t",
        "task.observe must be at most 200, found 201",
    ),
    (
        "(hand.y - 1)",
        "(hnd.y - 1)",
        "(^hnd.y",
        "task.cost cannot be used: unknown name 'hnd.y'; did you mean 'hand.y'?",
    ),
    ("(hand.y - 1)", "(hand.z - 1)", "(^hand.z", "allowed: hand.vx, hand.vy, hand.x, hand.y"),
    ("(hand.y - 1)", "(hand.y > 1)", "(^hand.y > 1)", "a number is expected here, not a condition"),
    ("cost: sum(u**2)", "cost: u**2", "cost: ^u**2", "'u' is a vector"),
    ("cost: sum(u**2)", "cost: mean(u)", "cost: ^mean", "unknown function 'mean'"),
    ("cost: sum(u**2)", "cost: __import__(u)", "cost: ^__import__", "unknown name '__import__'"),
    ("cost: sum(u**2)", "cost: 3 # ", "cost: ^3", "task.cost must be text, found 3"),
    (
        "min(elbow.q) > -1",
        "elbow.q > -1",
        "and ^elbow.q",
        "'elbow.q' varies over time and must stand inside mean, min, max or final",
    ),
    (
        "(hand.y - 1)**2\n",
        "(hand.y - 1)**2\n  final_cost: (hand.y - 1)**2 + 1e-3*elbow.u**2\n",
        "1e-3*^elbow.u",
        "task.final_cost cannot be used: 'elbow.u' is an action, and the state after the last step",
    ),
    (
        "(hand.y - 1)**2\n",
        "(hand.y - 1)**2\n  final_cost: sum(u**2)\n",
        "final_cost: sum(^u**2)",
        "'u' is an action, and the state after the last step has none",
    ),
    (
        "(hand.y - 1)**2\n",
        "(hand.y - 1)**2\n  final_cost: (hnd.y - 1)**2\n",
        "(^hnd.y",
        "task.final_cost cannot be used: unknown name 'hnd.y'; did you mean 'hand.y'?",
    ),
    (
        "(hand.y - 1)**2\n",
        "(hand.y - 1)**2\n  final_cost: 2\n",
        "final_cost: ^2",
        "task.final_cost must be text, found 2",
    ),
    (
        "(hand.y - 1)**2\n",
        "(hand.y - 1)**2\n  final_cost: hand.y > 1\n",
        "final_cost: ^hand.y > 1",
        "task.final_cost cannot be used: must be a number, not a condition",
    ),
    (
        "(hand.y - 1)**2\n",
        "(hand.y - 1)**2\n  final_cost: hand.y/(m - 2)\n",
        "final_cost: ^hand.y/",
        "task.final_cost cannot be used: 'hand.y/(m - 2)' divides by zero",
    ),
    (
        "(hand.y - 1)**2\n",
        "(hand.y - 1)**2\n  finalcost: hand.y**2\n",
        "^finalcost",
        "unknown key 'finalcost' in task; did you mean 'final_cost'?",
    ),
    (
        "cost: sum(u**2)",
        "cost: sum(atan2(u)**2)",
        "sum(^atan2",
        "atan2 takes 2 arguments here, found 1",
    ),
    (
        "  m: 2.0",
        "  m: 2.0\n  t: 1",
        "  t: ^1",
        "'t', which is a reserved word of expressions",
    ),
    (
        "min(elbow.q) > -1",
        "t > 1",
        "and ^t > 1",
        "'t' varies over time and must stand inside mean, min, max or final",
    ),
    (
        "min(elbow.q) > -1",
        "min(elbow.q, last=m - 2) > -1",
        "last=^m - 2",
        "task.success cannot be used: 'last' must be a positive number of seconds, found 0",
    ),
    (
        "min(elbow.q) > -1",
        "min(elbow.q, last=elbow.q) > -1",
        "last=^elbow.q",
        "task.success cannot be used: unknown name 'elbow.q'",
    ),
    (
        "min(elbow.q) > -1",
        "min(elbow.q, last=1/(m - 2)) > -1",
        "last=^1/",
        "task.success cannot be used: '1/(m - 2)' divides by zero",
    ),
    (
        "final(hand.y) > 0.9 and",
        "final(hand.y, last=1) > 0.9 and",
        "hand.y, ^last=1",
        "task.success cannot be used: 'last' goes with mean, min or max of one quantity over time",
    ),
    (
        "min(elbow.q) > -1",
        "mean(min(elbow.q)) > -1",
        "mean(^min",
        "min stands inside another aggregate",
    ),
    (
        "success: final(hand.y) > 0.9 and min(elbow.q) > -1",
        "success: mean(hand.y)",
        "success: ^mean",
        "must be a condition",
    ),
]


@pytest.mark.parametrize(
    ("old", "new", "marked", "part"), MISTAKES, ids=[str(i) for i in range(len(MISTAKES))]
)
def test_mistakes(arm_error, old, new, marked, part):
    error = arm_error(old, new)
    text = ARM.replace(old, new)
    before, _, after = marked.partition("^")
    assert text.count(before + after) == 1
    start = text.index(before + after) + len(before)
    assert part in error.message
    assert (error.line, error.column) == (
        text.count("\n", 0, start) + 1,
        start - text.rfind("\n", 0, start),
    )
    assert str(error).startswith(f"{error.path}:{error.line}:{error.column}: ")


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


def test_the_first_mistake_by_line_is_told(load_text):
    with pytest.raises(RobotFileError, match=r"links\[0\].mass"):
        load_text(ARM.replace("mass: m\n", "mass: -1\n").replace("dt: 0.01", "dt: -1"))


def test_a_mistake_in_the_parameters_comes_before_what_follows_from_it(load_text):
    text = (
        ARM.replace("parameters:\n  m: 2.0\n  L: m/4\n", "") + "parameters:\n  m: nan\n  L: m/4\n"
    )
    with pytest.raises(RobotFileError, match="parameters.m is not a number"):
        load_text(text)


def test_a_bar_in_a_fluid_has_the_inertia_of_its_width(load_text):
    text = ARM.replace("length: 0.4}", "length: 0.4, width: 0.3, inertia: 1e-3}")
    load_text(text)
    with pytest.raises(
        RobotFileError,
        match=r"links\[1\].inertia of 0.001 is less than mass\*width\*\*2/12 = 0.01125,",
    ) as caught:
        load_text(text + "fluid: {density: 1000}\n")
    assert (
        caught.value.column
        == "  - {name: lower, mass: 1.5, length: 0.4, width: 0.3, inertia: 1e-3}".index("1e-3") + 1
    )


def test_a_missing_section(load_text):
    with pytest.raises(RobotFileError, match="robot.yaml:1:1: the robot lacks the key 'task'"):
        load_text(ARM[: ARM.index("task:")])


LINES = ARM.splitlines(keepends=True)
VALUES = [
    "1",
    "-1",
    "x",
    "[]",
    "{}",
    "[1, 2]",
    "~",
    "m",
    "true",
    "{q: 1}",
    "[{}]",
    "world",
    "upper",
    ".nan",
    "1e400",
    "'",
    "2020-01-01",
]


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_spoilt_files_raise_nothing_but_robot_file_errors(load_text, data):
    lines = list(LINES)
    for _ in range(data.draw(st.integers(1, 3))):
        index = data.draw(st.integers(0, len(lines) - 1))
        key, _, _ = lines[index].partition(": ")
        lines[index] = data.draw(
            st.sampled_from(["", lines[index] * 2, *(f"{key}: {value}\n" for value in VALUES)])
        )
    try:
        load_text("".join(lines))
    except RobotFileError as error:
        assert error.line >= 1 and error.column >= 1
