"""What decides whether a library is out of date: the hash over the generator's own source."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from vgps.codegen.build import content_hash
from vgps.codegen.description.robot import load
from vgps.codegen.folders import MODELS, PACKAGE
from vgps.codegen.model import Model
from vgps.codegen.toolchain import find_toolchain

ROOM = PACKAGE / "codegen"
SOURCES = [path.relative_to(ROOM) for path in ROOM.rglob("*") if path.suffix in (".py", ".c")]

HashOf = Callable[[Path], str]


@pytest.fixture(scope="module")
def copied_room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of codegen/, whose files a test may change and must restore."""
    room = tmp_path_factory.mktemp("package") / "codegen"
    shutil.copytree(ROOM, room, ignore=shutil.ignore_patterns("__pycache__"))
    return room


@pytest.fixture
def hash_of(swimmer: Model) -> HashOf:
    """The hash of the swimmer, by the folder that holds the generator's source."""

    def hash_of_room(room: Path) -> str:
        return content_hash(swimmer.robot, find_toolchain(), room)

    return hash_of_room


def test_the_library_carries_the_hash_of_this_room(swimmer: Model, hash_of: HashOf) -> None:
    assert Path(swimmer.library._name).stem == f"swimmer-{hash_of(ROOM)}"


def test_a_copy_of_the_room_has_the_same_hash(copied_room: Path, hash_of: HashOf) -> None:
    """So that what the tests below change in it is all that differs."""
    assert hash_of(copied_room) == hash_of(ROOM)


def test_limits_of_actuators_do_not_count() -> None:
    """They are read at run time; a gear is compiled."""
    tall, wide, geared = (
        content_hash(
            load(MODELS / "rocket.yaml", {f"actuators.thrust.{key}": value}), find_toolchain()
        )
        for key, value in (("limits", "[1, 2]"), ("limits", "[3, 4]"), ("gear", 2))
    )
    assert tall == wide != geared


@pytest.mark.parametrize("source", SOURCES, ids=str)
def test_every_source_file_of_the_room_counts(
    source: Path, copied_room: Path, hash_of: HashOf
) -> None:
    file = copied_room / source
    before, content = hash_of(copied_room), file.read_bytes()
    file.write_bytes(content + b"\n")
    try:
        assert hash_of(copied_room) != before
    finally:
        file.write_bytes(content)


@pytest.mark.parametrize("source", ["new.py", "c/new.c", "emission/new.py", "new/new.py"])
def test_a_new_source_file_counts(source: str, copied_room: Path, hash_of: HashOf) -> None:
    """Wherever in the room it is made, without any list to be kept."""
    file = copied_room / source
    before, made = hash_of(copied_room), not file.parent.exists()
    file.parent.mkdir(exist_ok=True)
    file.write_text("\n")
    try:
        assert hash_of(copied_room) != before
    finally:
        file.unlink()
        if made:
            file.parent.rmdir()
