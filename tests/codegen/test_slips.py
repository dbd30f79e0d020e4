"""What is allowed but hardly meant is said, at its place."""

import pytest


@pytest.mark.parametrize(
    ("old", "new", "warning"),
    [
        ("base: fixed", "gravity: -9.81\nbase: fixed", "5:10: warning: gravity is -9.81 m/s²"),
        (
            "[-1, 2*pi/3]",
            "[-1, 120]",
            "19:18: warning: an angle of 120 rad is 19.1 turns; if degrees",
        ),
        ("length: 0.4}", "length: 0.4, direction: 90}", "10:54: warning: an angle of 90 rad"),
        ("child: upper", "child: upper\n    rest: -45", "15:11: warning: an angle of -45 rad"),
        (
            "dt: 0.01",
            "dt: 0.01\n  initial: {q: {elbow: 30}}",
            "27:24: warning: an angle of 30 rad is 4.8 turns; if degrees are meant, write 30*pi/180",
        ),
    ],
)
def test_degrees_and_gravity(arm, old, new, warning):
    robot = arm(old, new)
    (said,) = robot.warnings
    assert said.removeprefix(f"{robot.path}:").startswith(warning)


def test_nothing_is_said_of_usual_robots(arm):
    assert arm().warnings == ()
    assert arm("[-1, 2*pi/3]", "[-2*pi, 4*pi]").warnings == ()


def test_a_slide_may_be_long(arm):
    slide = "type: prismatic\n    limits: [-90, 90]"
    assert arm("limits: [-1, 2*pi/3]", slide).warnings == ()
