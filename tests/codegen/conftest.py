"""Robots for tests: a small file spoiled by one edit at a time, random trees, compiled ones."""

from functools import cache

import pytest
from arm import ARM
from trees import random_tree, swimmer
from virtual import Virtual

from vgps.codegen.description.robot import load
from vgps.codegen.errors import RobotFileError


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


@pytest.fixture(scope="session")
def tree(tmp_path_factory):
    """A random tree by its seed, and its functions without C, derived once a session."""
    folder = tmp_path_factory.mktemp("trees")

    @cache
    def tree_of(seed, **options):
        robot = random_tree(folder, seed, **options)
        return robot, Virtual(robot)

    return tree_of


@pytest.fixture(scope="session")
def real_swimmer(tmp_path_factory):
    """The functions of the swimmer as it is in models/."""
    return Virtual(swimmer(tmp_path_factory.mktemp("swimmer")))


@pytest.fixture(scope="session")
def vacuum_swimmer(tmp_path_factory):
    """The functions of the swimmer without drag and limits."""
    return Virtual(swimmer(tmp_path_factory.mktemp("swimmer"), vacuum=True))
