"""What is trusted of what an earlier build left: nothing that is damaged, half written or foreign."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("suffix", "content"),
    [
        (".so", None),
        (".so", b""),
        (".so", b"\x7fELF"),
        (".json", None),
        (".json", b""),
        (".json", b"{}"),
        (".json", b"[]"),
        (".json", b"null"),
        (".json", b'{"sha256": "0"}'),
        (".json", b"\xff\xfe\x00"),
    ],
)
def test_a_damaged_build_is_not_trusted(build, arm, files, copying, suffix, content):
    """A missing, empty, truncated or foreign library or manifest is built anew."""
    copying()
    good = build(arm()).mass_matrix([0.1, 0.2])
    path = files()[suffix]
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    again = build(arm())
    assert again.was_built
    assert np.array_equal(again.mass_matrix([0.1, 0.2]), good)
    assert not build(arm()).was_built


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("points", []),
        ("points", ["base", "tip"]),
        ("points", "tip"),
        ("points", None),
        ("seconds", {"derive": "long"}),
        ("sha256", ""),
    ],
)
def test_a_manifest_that_says_something_else_is_not_trusted(build, arm, files, copying, key, value):
    """`Model.points` makes an array for as many points as the manifest names."""
    copying()
    names = list(build(arm()).points([0.1, 0.2]))
    path = files()[".json"]
    path.write_text(
        json.dumps(json.loads(path.read_text(encoding="utf-8")) | {key: value}), encoding="utf-8"
    )
    again = build(arm())
    assert again.was_built and list(again.points([0.1, 0.2])) == names


def test_two_processes_that_want_one_robot_build_it_once(build, arm, copying, tmp_path):
    """One builds while the other waits; both get the robot."""
    linking = f'case "$*" in *-shared*) echo linked >> {tmp_path}/log;; esac'
    copying(f"{linking}; sleep 1")
    path = arm().path
    processes = [_build_elsewhere(path, build.keywords["folder"]) for _ in range(2)]
    outputs = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    assert sorted(out.strip() for out, _ in outputs) == ["False 2", "True 2"]
    assert (tmp_path / "log").read_text(encoding="utf-8").split() == ["linked"]


def test_a_killed_build_leaves_nothing_to_trust(build, arm, files, compiler, copying, tmp_path):
    """Killed while compiling, with half a library written; the next build does it all."""
    compiler(f"for last; do :; done; echo half > {tmp_path}/half; sleep 60")
    process = _build_elsewhere(arm().path, build.keywords["folder"])
    patience = time.monotonic() + 60
    while not (tmp_path / "half").exists() and time.monotonic() < patience:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert files() == {}
    copying()
    assert build(arm()).was_built


def _build_elsewhere(path: str, generated: Path) -> subprocess.Popen:
    """A process group that builds a robot file and prints `was_built` and nq."""
    code = (
        "import sys; from pathlib import Path\n"
        "from vgps import build, load\n"
        "model = build(load(sys.argv[1]), folder=Path(sys.argv[2]))\n"
        "print(model.was_built, len(model.mass_matrix([0, 0])))\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, path, str(generated)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
