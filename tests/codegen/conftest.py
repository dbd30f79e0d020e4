"""Loading a small valid robot file, spoiled by one edit at a time."""

import pytest
from arm import ARM

from codegen.description import load
from codegen.errors import RobotFileError


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
