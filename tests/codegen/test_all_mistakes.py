"""Every mistake of a file is told at once, each with its line, and none that only follows from another."""

import pickle

import pytest
from arm import ARM

from vgps.codegen.errors import RobotFileError, joined


@pytest.fixture
def sentences(load_text):
    """The mistakes of the arm after some edits, as (line, column, sentence)."""

    def of(*edits):
        text = ARM
        for old, new in edits:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        with pytest.raises(RobotFileError) as caught:
            load_text(text)
        places = []
        for sentence in caught.value.sentences:
            place, _, message = sentence.removeprefix(f"{caught.value.path}:").partition(": ")
            places.append((*map(int, place.split(":")), message))
        assert str(caught.value) == "\n".join(caught.value.sentences)
        return places

    return of


def test_mistakes_of_every_kind_stand_in_the_order_of_their_lines(sentences):
    found = sentences(
        ("m: 2.0", "m: 012"),
        ("mass: 1.5", "mass: -1.5, color: red"),
        ("parent: upper", "parent: uper"),
        ("torque_limit: 20", "torque_limits: ~"),
        ("dt: 0.01", "dt: 0"),
        ("(hand.y - 1)**2", "(hnd.y - 1)**2 + log(-1) + elbo.q"),
        ("min(elbow.q)", "min(elbow.r)"),
    )
    lines = [line for line, _, _ in found]
    assert lines == sorted(lines)
    expected = [
        (3, "012 is read as 10, an octal number: write 12, or 10 if that is meant"),
        (10, "links[1].mass must be positive, found -1.5"),
        (10, "unknown key 'color' in links[1], which vgps"),
        (17, "unknown link 'uper'; did you mean 'upper'?"),
        (22, "unknown key 'torque_limits' in joints[1]; did you mean 'torque_limit'?"),
        (26, "task.dt must be positive, found 0.0"),
        (28, "task.cost cannot be used: unknown name 'hnd.y'; did you mean 'hand.y'?"),
        (28, "task.cost cannot be used: unknown name 'elbo.q'; did you mean 'elbow.q'?"),
        (29, "task.success cannot be used: unknown name 'elbow.r'; did you mean 'elbow."),
    ]
    assert len(found) == len(expected)
    for (line, _, message), (there, beginning) in zip(found, expected, strict=True):
        assert line == there and message.startswith(beginning)


@pytest.mark.parametrize(
    ("edit", "beginning"),
    [
        (("parameters:", "parametrs:"), "unknown key 'parametrs' in the robot"),
        (("points:", "point:"), "unknown key 'point' in the robot"),
        (("L: m/4", "L: k/4"), "parameters.L is not a number: unknown name 'k'"),
        (("m: 2.0", "m: 9**9**9"), "parameters.m is not a number: '9**9**9' is too large"),
        (("child: lower", "child: lowr"), "unknown link 'lowr'"),
        (("name: elbow", "nam: elbow"), "unknown key 'nam' in joints[1]"),
        (("name: elbow", "name: 7"), "joints[1].name must be text, found 7"),
        (("    child: lower\n", ""), "joints[1] lacks the key 'child'"),
        (("base: fixed\n", ""), "the robot lacks the key 'base'"),
        (("- {name: lower, mass: 1.5, length: 0.4}", "- lower"), "links[1] must be a mapping"),
        (("  dt: 0.01\n", ""), "task lacks the key 'dt'"),
    ],
)
def test_what_follows_from_a_mistake_is_not_told(sentences, edit, beginning):
    ((_, _, message),) = sentences(edit)
    assert message.startswith(beginning)


def test_a_refused_joint_hides_nothing(sentences):
    found = sentences(("limits: [-1, 2*pi/3]", "limits: [1, -1]"), ("hand.y - 1", "hnd.y - 1"))
    assert [line for line, _, _ in found] == [19, 28]


def test_a_cycle_is_told_once(load_text):
    three = ARM.replace("parent: world", "parent: lower")
    with pytest.raises(RobotFileError) as caught:
        load_text(three)
    (sentence,) = caught.value.sentences
    assert "cycle" in sentence


def test_a_misspelt_key_is_read_as_the_one_that_was_meant(sentences):
    found = sentences(("    mass: m\n", "    masss: -m\n"))
    assert [message.partition(";")[0] for _, _, message in found] == [
        "unknown key 'masss' in links[0]",
        "links[0].mass must be positive, found -2.0 = -m",
    ]
    assert [(line, column) for line, column, _ in found] == [(8, 5), (8, 12)]


def test_keys_of_another_version_are_told_from_typos(sentences):
    ((_, _, message),) = sentences(("dt: 0.01", "dt: 0.01\n  zigzag: 3"))
    assert message.startswith("unknown key 'zigzag' in task, which vgps ")
    assert "does not have (a newer version may); allowed: cost, d" in message


def test_thousands_of_mistakes_are_cut_short(load_text):
    links = "".join(f"  - {{name: l{i}, mass: x{i}}}\n" for i in range(80))
    with pytest.raises(RobotFileError) as caught:
        load_text(ARM.replace("\njoints:", f"\n{links}joints:"))
    assert len(caught.value.sentences) == 21
    assert caught.value.sentences[-1].endswith("and more mistakes from here on")


def test_all_mistakes_survive_a_process():
    several = joined([RobotFileError("f", 2, 1, "b"), RobotFileError("f", 1, 9, "a")])
    copy = pickle.loads(pickle.dumps(several))
    assert copy.sentences == several.sentences == ("f:1:9: a", "f:2:1: b")
    assert (copy.line, copy.column, copy.message) == (1, 9, "a")
