"""What a file says of actuators: names, order, units and limits, and one sentence for each mistake."""

import math

import pytest
from arm import ARM

from vgps.codegen.description.identity import identity
from vgps.codegen.errors import RobotFileError

ACTUATORS = """\
actuators:
  - {name: jet, link: lower, at: [L, 0], direction: pi/2, gear: 2, limits: [0, 3*m]}
  - {name: wheel, between: [upper, lower]}
  - {name: motor, joint: elbow, gear: 10, limits: [-1, 5]}
  - {name: belt, joints: {shoulder: 1, elbow: -L}, kp: 8, kd: 0.2, limits: [0.1, 0.2]}
"""
TEXT = ARM.replace("points:", f"{ACTUATORS}points:")


def test_actions_are_those_of_joints_then_of_actuators(load_text):
    robot = load_text(TEXT)
    assert robot.u_names == ("shoulder", "elbow", "jet", "wheel", "motor", "belt")
    assert robot.u_units == ("N·m", "N·m", "N", "N·m", "N·m", "rad")
    low, high = robot.action_limits
    assert low == [-math.inf, -20.0, 0.0, -math.inf, -1.0, 0.1]
    assert high == [math.inf, 20.0, 6.0, math.inf, 5.0, 0.2]
    assert robot.actuators[3].coefficients == {"shoulder": 1.0, "elbow": -0.5}


def test_a_transmission_over_a_slide_counts_in_metres(load_text):
    robot = load_text(TEXT.replace("name: shoulder\n", "name: shoulder\n    type: prismatic\n"))
    assert robot.u_units == ("N", "N·m", "N", "N·m", "N·m", "m")


def test_actuators_alone_are_enough(load_text):
    alone = TEXT.replace("    actuated: true\n", "").replace("    torque_limit: 20\n", "")
    robot = load_text(alone.replace("elbow.q) > -1", "elbow.q) > -1 and final(jet.u) > 0"))
    assert robot.u_names == ("jet", "wheel", "motor", "belt")


def test_one_floating_link_needs_no_joints(load_text):
    robot = load_text(
        "name: puck\nbase: floating\nlinks: [{name: disc, mass: 1, inertia: 1}]\n"
        "actuators: [{name: push, link: disc, direction: 0}]\n"
        "task: {dt: 0.1, horizon: 5, cost: push.u**2, success: final(disc.x) > 0}\n"
    )
    assert (robot.q_names, robot.u_names) == (("x", "y", "angle"), ("push",))


def test_actuators_are_part_of_the_mechanics(load_text):
    """States and actions of a file mean something else with other ones; without any, nothing is new."""
    plain, text = identity(load_text(ARM)), TEXT.replace("gear: 10", "gear: 11")
    assert len({plain, identity(load_text(TEXT)), identity(load_text(text))}) == 3
    assert identity(load_text(f"{ARM}actuators: []\n")) == plain


def test_a_cost_is_tried_with_actions_within_the_limits(load_text):
    """log(belt.u) is not defined at 0, which the limits leave out."""
    text = TEXT.replace("cost: sum(u**2)", "cost: sum(u**2) + log(belt.u)")
    assert load_text(text).warnings == ()


def test_degrees_are_warned_of(load_text):
    (said,) = load_text(TEXT.replace("direction: pi/2", "direction: 90")).warnings
    assert "warning: an angle of 90 rad is 14.3 turns" in said


# Each row: text to replace, replacement, the marked text (^ before the place), part of the message.
MISTAKES = [
    (
        "(hand.y - 1)**2",
        "(hand.y - 1)**2\n  final_cost: motor.u**2",
        "final_cost: ^motor.u**2",
        "'motor.u' is an action, and the state after the last step has none",
    ),
    (
        "dt: 0.01",
        "dt: 0.01\n  observe: [jet.u]",
        "[^jet.u]",
        "'jet.u' is an action, and it follows from what is observed",
    ),
    (
        "link: lower, at: [L, 0]",
        "link: lowr, at: [L, 0]",
        "link: ^lowr",
        "unknown link 'lowr'; did you mean 'lower'? allowed: lower, upper",
    ),
    (
        "link: lower, at: [L, 0]",
        "link: world, at: [L, 0]",
        "link: ^world",
        "unknown link 'world'; allowed: lower, upper",
    ),
    (
        " direction: pi/2,",
        "",
        "- ^{name: jet",
        "actuators[0] lacks the key 'direction', which 'link' needs",
    ),
    (
        "link: lower, at: [L, 0]",
        "link: lower, at: [L]",
        "at: ^[L]",
        "actuators[0].at must be a list of two numbers, found a list of 1",
    ),
    (
        "[upper, lower]",
        "[upper, wrld]",
        "[upper, ^wrld]",
        "unknown link 'wrld'; did you mean 'world'?",
    ),
    (
        "[upper, lower]",
        "[lower, lower]",
        "between: ^[lower, lower]",
        "a torque acts between two links, found 'lower' twice",
    ),
    (
        "[upper, lower]",
        "lower",
        "between: ^lower",
        "actuators[1].between must be a list of two links, found 'lower'",
    ),
    (
        "joint: elbow, gear",
        "joint: elbo, gear",
        "joint: ^elbo,",
        "no joint with a coordinate is called 'elbo'; did you mean 'elbow'? allowed: elbow, shoulder",
    ),
    (
        "{shoulder: 1, elbow: -L}",
        "{shoulder: 1, elbo: -L}",
        "1, ^elbo: -L",
        "no joint with a coordinate is called 'elbo' in actuators[3].joints; did you mean 'elbow'?",
    ),
    (
        "{shoulder: 1, elbow: -L}",
        "{shoulder: 1, elbow: -k}",
        "elbow: -^k}",
        "actuators[3].joints.elbow is not a number: unknown name 'k'",
    ),
    (
        "{shoulder: 1, elbow: -L}",
        "{}",
        "joints: ^{}",
        "actuators[3].joints must be a mapping from joints to numbers, found an empty mapping",
    ),
    (
        "{shoulder: 1, elbow: -L}",
        "[shoulder]",
        "joints: ^[shoulder]",
        "actuators[3].joints must be a mapping from joints to numbers, found a list of 1",
    ),
    (
        "between: [upper, lower]",
        "gear: 2",
        "- ^{name: wheel",
        "actuators[1] must have one of the keys 'link', 'between', 'joint', 'joints', found none",
    ),
    (
        "between: [upper, lower]",
        "between: [upper, lower], joint: elbow",
        "- ^{name: wheel",
        "found 'between' and 'joint'",
    ),
    (
        "between: [upper, lower]",
        "between: [upper, lower], at: [1, 0]",
        "^at: [1, 0]",
        "only an actuator with 'link' takes 'at' in actuators[1]",
    ),
    (
        "between: [upper, lower]",
        "between: [upper, lower], kp: 3",
        "^kp: 3",
        "only an actuator with 'joint' or 'joints' takes 'kp' in actuators[1]",
    ),
    ("gear: 10,", "gear: 10, kd: 3,", "^kd: 3", "'kd' has no meaning without 'kp' in actuators[2]"),
    (
        "gear: 10,",
        "gear: -10, kp: 3,",
        "gear: ^-10",
        "actuators[2].gear must be positive where there is a 'kp', found -10",
    ),
    (
        "limits: [-1, 5]",
        "limits: [5, 5]",
        "limits: ^[5, 5]",
        "the lower limit must lie below the upper, found [5.0, 5.0]",
    ),
    (
        "limits: [-1, 5]",
        "limits: [0, .inf]",
        "[0, ^.inf]",
        "actuators[2].limits[1] must be a finite number, found inf; leave the key out",
    ),
    ("gear: 10", "geer: 10", "^geer", "unknown key 'geer' in actuators[2]; did you mean 'gear'?"),
    (
        "name: wheel",
        "name: elbow",
        "name: ^elbow, between",
        "the name 'elbow' is already taken by a joint",
    ),
    (
        "name: wheel",
        "name: hand",
        "name: ^hand, link",
        "the name 'hand' is already taken by an actuator",
    ),
    (
        "{name: wheel, between: [upper, lower]}",
        "7",
        "- ^7",
        "actuators[1] must be a mapping, found 7",
    ),
    ("sum(u**2)", "whel.u**2", "^whel.u", "unknown name 'whel.u'; did you mean 'wheel.u'?"),
]


@pytest.mark.parametrize(
    ("old", "new", "marked", "part"), MISTAKES, ids=[str(i) for i in range(len(MISTAKES))]
)
def test_mistakes(mistake, old, new, marked, part):
    """Told once, with line and column."""
    error = mistake(TEXT, old, new, marked)
    assert part in error.message and len(error.sentences) == 1


def test_a_mistake_of_an_actuator_hides_no_other(load_text):
    """And makes nothing of it unknown: the cost may name its action."""
    text = TEXT.replace("gear: 10", "gear: ten").replace("hand.y - 1", "hnd.y - motor.u")
    with pytest.raises(RobotFileError) as caught:
        load_text(text)
    first, second = caught.value.sentences
    assert "actuators[2].gear is not a number: unknown name 'ten'" in first
    assert "unknown name 'hnd.y'; did you mean 'hand.y'?" in second
