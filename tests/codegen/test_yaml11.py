"""What YAML 1.1 reads otherwise than it looks, merge keys, and values that no key needs."""

import pytest
from arm import ARM

from vgps.codegen.errors import RobotFileError


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("017", "017 is read as 15, an octal number: write 17, or 15 if that is meant"),
        ("007", "007 is read as 7, an octal number: write 7"),
        ("0b11", "0b11 is read as 3, a binary number: write 3"),
        ("0x1F", "0x1F is read as 31, a hexadecimal number: write 31"),
        ("12:30", "12:30 is read as 750, a number in base 60: write 750, or '12:30' in quotes"),
        ("1:30.5", "1:30.5 is read as 90.5, a number in base 60"),
        ("1_500", "1_500 holds underscores: write 1500"),
        ("1_0.5", "1_0.5 holds underscores: write 10.5"),
        ("9" * 300, "a number has at most 100 characters, found 300"),
        ("08", "links[1].mass is not a number: not an expression: leading zeros"),
    ],
)
def test_numbers_that_are_not_what_they_look(arm_error, written, sentence):
    error = arm_error("mass: 1.5", f"mass: {written}")
    assert error.message.startswith(sentence) and not error.further
    assert (error.line, error.column) == (10, 25)


@pytest.mark.parametrize(
    "written", ["1.5", "+1.5", "15", "1.5e+3", ".5", "1e-5", "0.5e-3", "10", "100.0"]
)
def test_numbers_that_are(arm, written):
    assert arm("mass: 1.5", f"mass: {written}").links[1].mass == float(written)


@pytest.mark.parametrize("word", ["no", "off", "yes", "True", "~", "null"])
def test_words_that_are_no_text(arm_error, word):
    error = arm_error("name: hand,", f"name: {word},")
    assert error.message.startswith("points[0].name must be text, found ")
    quoted = f"; to mean the word, put it in quotes: '{word}'"
    assert error.message.endswith(quoted) == (word != "~")


def test_a_word_in_quotes_is_text(load_text):
    robot = load_text(ARM.replace("name: hand,", "name: 'no',").replace("hand.y", "no.y"))
    assert robot.points[0].name == "no"


def test_merge_keys_add_what_a_mapping_lacks(load_text):
    twin = "- &a {name: lower, mass: 1.5, length: 0.4}\n  - {<<: *a, name: fin, mass: 7}"
    joint = "  - {name: wrist, parent: lower, child: fin}\npoints:"
    text = ARM.replace("- {name: lower, mass: 1.5, length: 0.4}", twin).replace("points:", joint)
    fin = load_text(text).links[2]
    assert (fin.name, fin.mass, fin.length) == ("fin", 7.0, 0.4)
    first = text.replace("<<: *a,", "<<: [{length: 0.2}, *a],")
    assert load_text(first).links[2].length == 0.2


@pytest.mark.parametrize(
    ("merged", "sentence"),
    [
        ("<<: 3", "'<<' takes a mapping, or a list of mappings, to merge"),
        ("<<: [{damping: 1}, x]", "'<<' takes a mapping, or a list of mappings, to merge"),
        ("<<: {dampin: 1}", "unknown key 'dampin' in joints[0]; did you mean 'damping'?"),
        ("<<: {damping: -1}", "joints[0].damping must not be negative, found -1.0"),
    ],
)
def test_what_cannot_be_merged(arm_error, merged, sentence):
    error = arm_error("child: upper", f"child: upper\n    {merged}")
    assert error.message.startswith(sentence) and error.line == 15


TWINS = "- &a {name: lower, mass: 1.5, length: 0.4}\n  - {name: fin, <<: *a}"
WRIST = "  - {name: wrist, parent: lower, child: fin}\npoints:"


@pytest.mark.parametrize(
    ("merged", "sentence", "column"),
    [
        ("mass: -1.5", "links[1].mass must be positive, found -1.5", 28),
        ("mass: 2*k", "links[1].mass is not a number: unknown name 'k'", 30),
        ("mass: 1, color: 3", "unknown key 'color' in links[1]", 31),
        ("mass: 1, mas: 3", "unknown key 'mas' in links[1]", 31),
        ("mass: 1, drag: {normal: 1}", "links[1].drag lacks the key 'tangential'", 37),
    ],
)
def test_a_mistake_in_what_is_merged_is_told_once_where_it_is_written(
    load_text, merged, sentence, column
):
    text = ARM.replace("- {name: lower, mass: 1.5, length: 0.4}", TWINS).replace("points:", WRIST)
    with pytest.raises(RobotFileError) as caught:
        load_text(text.replace("mass: 1.5", merged))
    error = caught.value
    assert error.message.startswith(sentence) and not error.further, str(error)
    assert (error.line, error.column) == (10, column)


def test_a_mistake_beside_what_is_merged_is_told_of_each(load_text):
    text = ARM.replace("- {name: lower, mass: 1.5, length: 0.4}", TWINS).replace("points:", WRIST)
    with pytest.raises(RobotFileError) as caught:
        load_text(text.replace("mass: 1.5, ", "").replace("{name: fin, ", "{name: fin, drag: 3, "))
    told = [sentence.partition(": ")[2] for sentence in caught.value.sentences]
    assert told == [
        "links[1] lacks the key 'mass'",
        "links[2] lacks the key 'mass'",
        "links[2].drag must be a mapping, found 3",
    ]


def test_a_key_without_a_value(arm_error):
    error = arm_error("torque_limit: 20", "torque_limit: null")
    assert error.message == "joints[1].torque_limit has no value; leave the key out"


def test_infinite_limits(arm_error):
    for old, new in [("torque_limit: 20", "torque_limit: .inf"), ("[-1, 2*pi/3]", "[-.inf, 1]")]:
        assert arm_error(old, new).message.endswith("leave the key out where there is no limit")
