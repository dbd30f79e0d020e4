"""Mistakes in what a file says of ground, contact and gait.

Each is the text of a file, its replacement, the place of the error (after ^) and a part of the sentence.
"""

import pytest
import yaml
from ground_robots import BALL, FOOT, ROLLER, WALKER, walker_data

from vgps.codegen.errors import RobotFileError

FOOT_MISTAKES = [
    (
        FOOT[FOOT.index("ground:") : FOOT.index("task:")],
        "",
        "at: [-0.1, -0.02], contact: ^true",
        "a contact point needs the key 'ground' of the robot",
    ),
    (", contact: true", "", "ground:\n  ^height", "the ground needs a point with 'contact: true'"),
    (
        "integrator: implicit",
        "integrator: rk4",
        "task:\n  ^dt",
        "contact needs 'integrator: implicit'",
    ),
    ("  integrator: implicit\n", "", "task:\n  ^dt", "contact needs 'integrator: implicit'"),
    (
        "integrator: implicit",
        "integrator: implict",
        "integrator: ^implict",
        "task.integrator must be 'rk4' or 'implicit', found 'implict'; did you mean 'implicit'",
    ),
    (
        "height: 0",
        "height: stepp*x",
        "height: ^stepp",
        "ground.height cannot be used: unknown name 'stepp'; did you mean 'steep'",
    ),
    ("height: 0", "height: 0.1*knee.x", "height: 0.1*^knee.x", "unknown name 'knee.x'"),
    ("height: 0", "height: x > 1", "height: ^x > 1", "must be a number, not a condition"),
    ("height: 0", "height: true", "height: ^true", "ground.height"),
    ("stiffness: 2e4", "stiffness: 0", "stiffness: ^0\n", "must be positive"),
    ("friction: 0.7", "friction: -0.7", "friction: ^-0.7", "must not be negative"),
    (
        "  friction_speed: 0.15\n",
        "",
        "ground:\n  ^height",
        "ground lacks the key 'friction_speed'",
    ),
    ("softness: 0.01", "softnes: 0.01", "^softnes", "did you mean 'softness'"),
    (
        "at: [0.2, -0.03], contact: true",
        "at: [0.2, -0.03], contact: 1",
        "contact: ^1}",
        "must be true or false",
    ),
    (
        "at: [0, 0.6]",
        "at: [0, 0.6], radius: 0.1",
        "0.6], ^radius",
        "'radius' has no meaning without 'contact: true' in points[2]",
    ),
    (
        "at: [0, 0.6]",
        "at: [0, 0.6], friction: 1",
        "0.6], ^friction",
        "'friction' has no meaning without 'contact: true' in points[2]",
    ),
    (
        "contact: true}\n  - {name: knee",
        "contact: true, radius: -1}\n  - {name: knee",
        "radius: ^-1",
        "points[1].radius must not be negative, found -1.0",
    ),
    (
        "contact: true}\n  - {name: knee",
        "contact: true, friction: slick}\n  - {name: knee",
        "friction: ^slick",
        "points[1].friction is not a number: unknown name 'slick'",
    ),
]

TEXT = WALKER.read_text(encoding="utf-8")
WALKER_MISTAKES = [
    (
        "torso: torso\n",
        "torso: torsoo\n",
        "torso: ^torsoo",
        "unknown link 'torsoo'; did you mean 'torso'",
    ),
    (
        "left: {hip: hip_l",
        "left: {hip: hip_m",
        "left: {hip: ^hip_m",
        "no actuated revolute joint is called 'hip_m'; did you mean 'hip_",
    ),
    (
        "knee: knee_l, ankle",
        "knee: shank_l, ankle",
        "knee: ^shank_l, ankle",
        "no actuated revolute joint is called 'shank_l'",
    ),
    (
        "foot: [heel_l, toe_l]",
        "foot: [heel_l, toe_ll]",
        "foot: [heel_l, ^toe_ll]",
        "no contact point is called 'toe_ll'; did you mean 'toe_l'",
    ),
    (
        "legs: {left: ",
        "legs: {right: {hip: hip_l, knee: knee_r, ankle: ankle_r, foot: [toe_r]}, left: ",
        "right: {hip: ^hip_l",
        "'hip_l' already plays another part in the gait",
    ),
    (
        "foot: [heel_l, toe_l]",
        "foot: [heel_l, heel_l]",
        "foot: [heel_l, ^heel_l]",
        "'heel_l' already plays another part in the gait",
    ),
    (
        "start: {gait: true}",
        "start: {gait: true, noise: 3}",
        "start: ^{gait",
        "task.start must be one of noise, hold, balance, receding, gait, demo, through, "
        "found noise and gait",
    ),
    ("foot: [heel_l, toe_l]", "foot: []", "foot: ^[]", "must be a list of points"),
    (
        TEXT[TEXT.index("gait:  ") : TEXT.index("task:\n")],
        "",
        "start: {gait: ^true}",
        "there is no 'gait' to start from",
    ),
    (
        "task:\n",
        "training: {tail: 500}\ntask:\n",
        "tail: ^500",
        "training.tail must be less than the horizon of 500",
    ),
    ("knee: [300, 10], ankle", "kneee: [300, 10], ankle", "^kneee", "did you mean 'knee'"),
]


@pytest.mark.parametrize(
    ("text", "old", "new", "marked", "part"),
    [(FOOT, *case) for case in FOOT_MISTAKES] + [(TEXT, *case) for case in WALKER_MISTAKES],
    ids=[case[3] for case in FOOT_MISTAKES + WALKER_MISTAKES],
)
def test_mistakes_in_ground_and_gait(mistake, text, old, new, marked, part):
    """One sentence with the line and column of the mistake, and the nearest name."""
    assert part in mistake(text, old, new, marked).message


def test_a_gait_needs_ground(load_text):
    data = walker_data(ground=False) | {"gait": yaml.safe_load(TEXT)["gait"]}
    with pytest.raises(RobotFileError, match="a gait needs the key 'ground' of the robot"):
        load_text(yaml.safe_dump(data, sort_keys=False))


def test_the_robots_of_these_tests_are_valid(load_text):
    for text in (FOOT, BALL, ROLLER, TEXT):
        load_text(text)
