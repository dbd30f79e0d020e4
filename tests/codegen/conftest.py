"""A small valid robot file, to be spoiled by one edit at a time."""

import pytest

from codegen.description import load
from codegen.errors import RobotFileError

ARM = """\
name: arm
parameters:
  m: 2.0
  L: m/4
base: fixed
links:
  - name: upper
    mass: m
    length: L
  - {name: lower, mass: 1.5, length: 0.4}
joints:
  - name: shoulder
    parent: world
    child: upper
    actuated: true
  - name: elbow
    parent: upper
    child: lower
    limits: [-1, 2*pi/3]
    limit_stiffness: 100
    actuated: true
    torque_limit: 20
points:
  - {name: hand, link: lower, at: [0.4, 0]}
task:
  dt: 0.01
  horizon: 50
  cost: sum(u**2) + (hand.y - 1)**2
  success: final(hand.y) > 0.9 and min(elbow.q) > -1
"""


def line_of(text: str, part: str) -> int:
    """The 1-based line in which `part` first stands."""
    return text[: text.index(part)].count("\n") + 1


@pytest.fixture
def load_text(tmp_path):
    """Load a robot from text, or from bytes."""

    def load_it(content):
        path = tmp_path / "robot.yaml"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return load(path)

    return load_it


@pytest.fixture
def arm(load_text):
    """Load the arm after replacing `old`, which must occur once, by `new`."""

    def load_edited(old="", new=""):
        assert not old or ARM.count(old) == 1
        return load_text(ARM.replace(old, new) if old else ARM)

    return load_edited


@pytest.fixture
def arm_error(arm):
    """The error of the arm after an edit."""

    def error(old, new):
        with pytest.raises(RobotFileError) as caught:
            arm(old, new)
        return caught.value

    return error
