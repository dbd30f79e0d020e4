"""Robots for tests, and compilers: a small file spoiled by one edit at a time, random trees."""

import shlex
from functools import cache, partial

import pytest
import yaml
from arm import ARM
from ground_robots import FOOT, HILLS, ROLLER, walker_data
from trees import random_tree, robot_of, swimmer
from virtual import Virtual

from vgps.codegen import build as building
from vgps.codegen.description.robot import load
from vgps.codegen.emission import emit
from vgps.codegen.errors import RobotFileError
from vgps.codegen.mechanics import dynamics, functions
from vgps.codegen.toolchain import find_toolchain


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


@pytest.fixture
def mistake(load_text):
    """The error of a text after an edit, whose place is at the ^ of what is marked."""

    def of(text, old, new, marked):
        assert old in text
        text = text.replace(old, new)
        before, _, after = marked.partition("^")
        assert text.count(before + after) == 1
        start = text.index(before + after) + len(before)
        with pytest.raises(RobotFileError) as caught:
            load_text(text)
        line, column = text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start)
        assert str(caught.value).startswith(f"{caught.value.path}:{line}:{column}: ")
        return caught.value

    return of


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
def passive_tree(compiled, tmp_path_factory):
    """A compiled tree with limits, springs, drag and gravity, by its seed and its kind of step."""
    folder = tmp_path_factory.mktemp("passive")

    @cache
    def tree_of(seed, integrator, substeps):
        step = {"integrator": integrator, "substeps": substeps}
        return compiled(random_tree(folder, seed, passive=True, drag=True, **step))

    return tree_of


@pytest.fixture(scope="session")
def real_swimmer(tmp_path_factory):
    """The functions of the swimmer as it is in models/."""
    return Virtual(swimmer(tmp_path_factory.mktemp("swimmer")))


@pytest.fixture(scope="session")
def vacuum_swimmer(tmp_path_factory):
    """The functions of the swimmer without drag and limits."""
    return Virtual(swimmer(tmp_path_factory.mktemp("swimmer"), vacuum=True))


@pytest.fixture(scope="session")
def build_data(compiled, tmp_path_factory):
    folder = tmp_path_factory.mktemp("contact")
    return lambda data: compiled(robot_of(data, folder))


@pytest.fixture(scope="session")
def built_as_large(builds):
    """Build a robot as if it were large: systems solved in loops, functions cut in pieces.

    In a folder of its own, because names of libraries do not tell it.
    """

    def build_it(robot):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(dynamics, "MOST_OPERATIONS", 0)
            patch.setattr(emit, "LONGEST", 40)
            return building.build(robot, folder=builds / "large")

    return build_it


@pytest.fixture(scope="session")
def foot(build_data):
    """The foot on ground of a given height."""
    return cache(
        lambda height: build_data(yaml.safe_load(FOOT.replace("height: 0", f"height: {height}")))
    )


@pytest.fixture(scope="session")
def roller(build_data):
    """The cart on a wheel, in the hills; level ground is one without waves."""
    return build_data(yaml.safe_load(ROLLER.replace("height: 0", f"height: {HILLS}")))


@pytest.fixture(scope="session")
def walker(build_data):
    """The walker as it is in models/."""
    return build_data(walker_data())


@pytest.fixture(scope="session")
def built_arm(compiled, tmp_path_factory):
    """The arm, compiled once a session."""
    path = tmp_path_factory.mktemp("arm") / "arm.yaml"
    path.write_text(ARM, encoding="utf-8")
    return compiled(load(path))


@pytest.fixture
def build(tmp_path):
    """Build into an empty folder of the test's own."""
    return partial(building.build, folder=tmp_path / "generated")


@pytest.fixture
def files(build):
    """Find the one library, manifest and source of the arm in that folder, by suffix."""

    def found():
        by_suffix = {path.suffix: path for path in build.keywords["folder"].glob("arm/arm-*")}
        assert set(by_suffix) <= {".c", ".so", ".json"}
        return by_suffix

    return found


@pytest.fixture
def fresh_search():
    """A search for the compiler that starts anew, and again for the next test."""
    find_toolchain.cache_clear()
    yield
    find_toolchain.cache_clear()


@pytest.fixture
def compiler(tmp_path, monkeypatch, fresh_search):
    """Make CC a script that runs lines of shell in place of compiling; ``real "$@"`` compiles.

    Questions about the compiler go to the real one in any case.
    """
    real = f'real() {{ exec {shlex.join(find_toolchain().command)} "$@"; }}'
    script = tmp_path / "compiler"

    def replace_by(lines):
        asked = 'case "$*" in *-dM*) real "$@";; esac'
        script.write_text(f"#!/bin/sh\n{real}\n{asked}\n{lines}\n", encoding="utf-8")
        script.chmod(0o755)
        monkeypatch.setenv("CC", shlex.quote(str(script)))
        find_toolchain.cache_clear()

    return replace_by


@pytest.fixture(scope="session")
def generated_arm(built_arm):
    """What is generated of the arm."""
    return functions.generate(built_arm.robot)


@pytest.fixture
def copying(compiler, built_arm, generated_arm, monkeypatch):
    """Make CC a script that copies the library of the arm, after some lines of shell.

    For tests of what is built when, to which it does not matter what is derived and compiled.
    """
    monkeypatch.setattr(functions, "generate", lambda robot: generated_arm)
    copy = f'case "$2" in *.so) cp {shlex.quote(built_arm.library._name)} "$2";; *) : > "$2";; esac'

    def replace_by_copy(lines=":"):
        compiler(f'{lines}\nwhile [ "$1" != -o ]; do shift; done\n{copy}')

    return replace_by_copy
