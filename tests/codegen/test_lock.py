"""One writer a folder, and what is left of those that were killed."""

import fcntl
import os
import platform
import signal
import subprocess
import sys
import threading

import pytest

from vgps.codegen.errors import FolderError
from vgps.codegen.files import remove_leftovers, scratch, write_atomically
from vgps.codegen.lock import LOCK, locked, tidy

HOLD = """
import sys, time
from pathlib import Path
from vgps.codegen.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """A process that holds the lock of tmp_path."""
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_the_second_is_told_of_the_first(holder, tmp_path):
    with pytest.raises(FolderError) as error, locked(tmp_path):
        pass
    sentence = str(error.value)
    assert sentence.startswith(f"{tmp_path} is being written by process {holder.pid} on ")
    assert " since 20" in sentence and "\n" not in sentence


def test_a_killed_owner_holds_nothing(holder, tmp_path):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert (tmp_path / LOCK).exists()
    with locked(tmp_path):
        pass
    assert not list(tmp_path.iterdir())


def test_a_process_enters_again_what_it_holds(tmp_path):
    with locked(tmp_path):
        with locked(tmp_path / "." / "x" / ".."):
            pass
        assert (tmp_path / LOCK).exists()
    assert not (tmp_path / LOCK).exists()


def test_a_folder_in_which_nothing_was_done_goes_again(tmp_path):
    with locked(tmp_path / "a" / "b"):
        assert (tmp_path / "a" / "b" / LOCK).exists()
    assert not list(tmp_path.iterdir())
    with locked(tmp_path / "a" / "b"):
        (tmp_path / "a" / "b" / "file").touch()
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == ["file"]


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(FolderError, match="is not a folder"), locked(path):
            pass


def test_leftovers_go_and_nothing_else(tmp_path):
    for name in (".123-policy.npz", "policy.npz", ".hidden", "123-policy.npz", ".-policy.npz"):
        (tmp_path / name).touch()
    (tmp_path / ".building-x" / "below").mkdir(parents=True)
    remove_leftovers(tmp_path)
    kept = {path.name for path in tmp_path.iterdir()}
    assert kept == {"policy.npz", ".hidden", "123-policy.npz", ".-policy.npz"}


def test_nothing_is_removed_while_another_writes(holder, tmp_path):
    (tmp_path / ".123-policy.npz").touch()
    tidy(tmp_path)
    assert (tmp_path / ".123-policy.npz").exists()
    holder.kill()
    holder.wait()
    tidy(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_file_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    """The content is flushed, then the file renamed, then the folder flushed."""
    happened = []
    rename, flush = os.replace, os.fsync

    def replaced(source, target):
        happened.append("rename")
        rename(source, target)

    def flushed(descriptor):
        happened.append(os.path.basename(os.readlink(f"/proc/self/fd/{descriptor}")))
        flush(descriptor)

    if not os.path.exists("/proc/self/fd"):
        pytest.skip("this system does not say what a descriptor is of")
    monkeypatch.setattr(os, "replace", replaced)
    monkeypatch.setattr(os, "fsync", flushed)
    write_atomically(tmp_path / "file", lambda path: path.write_text("x", encoding="utf-8"))
    assert happened == [f".{os.getpid()}-file", "rename", tmp_path.name]


def test_a_failure_leaves_nothing_and_names_the_file(tmp_path):
    def write(path):
        path.touch()
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError) as error:
        write_atomically(tmp_path / "file", write)
    assert error.value.filename == str(tmp_path / "file")
    with pytest.raises(OSError), scratch(tmp_path) as folder:
        write(folder / "file")
    assert not list(tmp_path.iterdir())


def test_who_has_only_just_got_the_lock_is_waited_for(tmp_path):
    """Until then the file is empty, or names a process that was killed."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    for stale in ("", f"process {ended.pid} on {platform.node()} since 2020: gone"):
        with (tmp_path / LOCK).open("w+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(stale)
            file.flush()

            def say():
                file.seek(0)
                file.truncate()
                file.write("process 1 on elsewhere since 2026: train")
                file.flush()

            timer = threading.Timer(0.2, say)
            timer.start()
            with pytest.raises(FolderError, match="process 1 on elsewhere"), locked(tmp_path):
                pass
            timer.join()
