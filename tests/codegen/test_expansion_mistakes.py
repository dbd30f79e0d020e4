"""Mistakes in what a file says once and means several times, told once and where they are written."""

import pytest
from compact_robots import SNAKE, WALKING

from vgps.codegen.description.robot import load
from vgps.codegen.errors import RobotFileError


@pytest.fixture
def only_mistake(mistake):
    """The one sentence about a text after an edit, whose place is at the ^ of what is marked."""

    def of(text, old, new, marked):
        error = mistake(text, old, new, marked)
        assert not error.further, str(error)
        return error.message

    return of


@pytest.mark.parametrize(
    ("old", "new", "marked", "beginning"),
    [
        ("mass: 0.5", "mass: -1", "mass: ^-1", "links[0].mass must be positive, found -1.0"),
        ("mass: 0.5", "mass: 1, tip: 2", "^tip", "unknown key 'tip' in links[0]"),
        ("mass: 0.5", "masss: 1", "^masss", "unknown key 'masss' in links[0]"),
        ("mass: 0.5, ", "", "- ^{name: body", "links[0] lacks the key 'mass'"),
        ("normal: 20", "normal: q", "normal: ^q", "links[0].drag.normal is not a number"),
        ("name: body", "name: sin 1", "name: ^sin 1", "links[0].name must be a letter"),
        ("parent: body", "parent: bdy", "parent: ^bdy", "unknown link 'bdy'; did you mean 'body"),
        ("child: body", "child: bdy", "child: ^bdy", "unknown link 'bdy'; did you mean 'body"),
        ("limits: [-1, 1]", "limits: [1, 1]", "limits: ^[1, 1]", "the lower limit must lie"),
        ("repeat: 11", "repeat: 12", "child: ^body", "unknown link 'body13'; did you mean"),
        ("repeat: 11", "repeat: 10", "- ^{name: body", "link 'body12' is not connected"),
        ("repeat: 12", "repeat: 0", "repeat: ^0", "links[0].repeat must be a whole number of at"),
        ("repeat: 12", "repeat: 1.5", "repeat: ^1.5", "links[0].repeat must be a whole number of"),
        ("repeat: 12", "repeat: n", "repeat: ^n", "links[0].repeat is not a number: unknown name"),
        ("repeat: 12", "repeat: []", "repeat: ^[]", "links[0].repeat must be a number, found a"),
        (
            "repeat: 12",
            "repeats: 12",
            "^repeats",
            "unknown key 'repeats' in links[0]; did you mean",
        ),
        ("repeat: 12", "repeat: 101", "^- {name: body", "links must be at most 100, found 101"),
        ("repeat: 12", "repeat: 1e8", "repeat: ^1e8", "the file expands to more than 20000 values"),
        ("repeat: 12", "repeat: 1e12", "repeat: ^1e12", "links[0].repeat must be at most 1000000"),
        ("com.vx - v", "body.vx - v", "5*(^body.vx", "task.cost cannot be used: unknown name 'bod"),
    ],
)
def test_a_mistake_in_a_repeated_part_is_told_once(only_mistake, old, new, marked, beginning):
    assert only_mistake(SNAKE, old, new, marked).startswith(beginning)


@pytest.mark.parametrize(
    ("old", "new", "marked", "beginning"),
    [
        ("mass: m", "mass: -m", "mass: ^-m", "links[1].mass must be positive, found -2.0 = -m"),
        ("mass: m", "mas: m", "^mas: m", "unknown key 'mas' in links[1]; did you mean 'mass'?"),
        ("child: shank_l", "child: shnk_l", "child: ^shnk_l", "unknown link 'shnk_l'; did you me"),
        ("limits: [-2, 0]", "limits: [0, -2]", "limits: ^[0, -2]", "the lower limit must lie"),
        (
            "  - {name: hips,",
            "  - {name: hip_l, link: body, at: [0, 0]}\n  - {name: hips,",
            "name: ^hip_l, link",
            "the name 'hip_l' is already taken by a joint",
        ),
        ("link: shank_l", "link: x_l", "link: ^x_l", "unknown link 'x_l'"),
        ("ankle: ankle_l", "ankle: shank_l", "ankle: ^shank_l", "no actuated revolute joint is"),
        ("foot: [foot_l]", "foot: [fot_l]", "foot: [^fot_l]", "no contact point is called 'fot_l'"),
        ("swing_knee: 2", "swing_knee: x", "swing_knee: ^x", "gait.states[0].swing_knee is not a"),
        (
            "duration: 0.2",
            "duration: 0",
            "half, duration: ^0",
            "gait.states[1].duration must be positive",
        ),
        (
            "{_l: _r}",
            "_l",
            "mirror: ^_l",
            "mirror must be a mapping from endings of names to those",
        ),
        ("{_l: _r}", "{_l: 3}", "{_l: ^3}", "mirror._l must go from one ending to another, of let"),
        ("{_l: _r}", "{' l': _r}", "{' l': ^_r}", "mirror.' l' must go from one ending to another"),
        ("{_l: _r}", "{_l: _l}", "{_l: ^_l}", "mirror._l must be another ending, so that twins"),
        (
            "{_l: _r}",
            "{_l: _r, x: y}",
            "x: ^y",
            "no name in links, joints, actuators, points ends in 'x'",
        ),
        ("mirror: {_l", "miror: {_l", "^miror", "unknown key 'miror' in the robot; did you mean"),
    ],
)
def test_a_mistake_in_a_mirrored_part_is_told_once(only_mistake, old, new, marked, beginning):
    assert only_mistake(WALKING, old, new, marked).startswith(beginning)


def test_a_slip_in_a_repeated_part_is_told_once(load_text):
    (warning,) = load_text(SNAKE.replace("direction: pi", "direction: 180")).warnings
    assert "direction" not in warning and "an angle of 180 rad" in warning


def test_several_mistakes_of_one_repeated_part_are_all_told(load_text):
    with pytest.raises(RobotFileError) as caught:
        load_text(SNAKE.replace("mass: 0.5, ", "").replace("name: body, ", ""))
    told = [sentence.partition(": ")[2] for sentence in caught.value.sentences]
    assert sorted(told) == ["links[0] lacks the key 'mass'", "links[0] lacks the key 'name'"]


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("joints.bend.damping", 1, "nothing in joints is called 'bend'; did you mean 'bend"),
        ("joints.bend3.damping", -1, "joints[2].damping must not be negative, found -1.0"),
        ("joints.bend3.dampin", 1, "unknown key 'dampin' in joints[2]; did you mean 'damping'?"),
        ("joints.bend3.repeat", 2, "joints[2].repeat must be 1 for a single part, found 2"),
        ("links", "[{name: body, repeat: -1, mass: 1}]", "links[0].repeat must be a whole number"),
        ("mirror", "{_l: _r}", "no name in links, joints, actuators, points ends in '_l'"),
    ],
)
def test_a_mistake_in_an_override(tmp_path, key, value, sentence):
    path = tmp_path / "robot.yaml"
    path.write_text(SNAKE, encoding="utf-8")
    with pytest.raises(RobotFileError) as caught:
        load(path, {key: value})
    (told,) = caught.value.sentences
    assert told.startswith(f"{path} with {key}={value}: {sentence}")
