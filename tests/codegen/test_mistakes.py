"""One exact sentence, with its place, for each kind of mistake in a robot file: numbers, names, links."""

import pytest
from arm import ARM
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vgps.codegen.errors import RobotFileError

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
    (
        "- {name: lower, mass: 1.5, length: 0.4}",
        "- 12",
        "- ^12",
        "links[1] must be a mapping, found 12",
    ),
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
]


@pytest.mark.parametrize(
    ("old", "new", "marked", "part"), MISTAKES, ids=[str(i) for i in range(len(MISTAKES))]
)
def test_mistakes(mistake, old, new, marked, part):
    assert part in mistake(ARM, old, new, marked).message


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
    max_examples=300,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
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
