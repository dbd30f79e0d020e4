"""The command that says whether a robot file can be used, and all that is wrong with it."""

import json

import numpy as np
import pytest
from command_line import ROOT, run

SWIMMER = (ROOT / "models" / "swimmer.yaml").read_text(encoding="utf-8")


@pytest.fixture
def spoilt(tmp_path):
    path = tmp_path / "spoilt.yaml"
    text = SWIMMER.replace("mass: m ", "mas: m ", 1).replace("horizon: 300", "horizon: 1.5")
    path.write_text(text, encoding="utf-8")
    return path


def test_every_mistake_has_a_line(spoilt):
    finished = run("check", spoilt)
    assert finished.returncode == 2 and finished.stdout == ""
    first, second = finished.stderr.splitlines()
    assert first.startswith(f"{spoilt}:18:5: unknown key 'mas' in links[0]; did you mean 'mass'?")
    assert second.startswith(f"{spoilt}:") and "task.horizon must be a whole number" in second


def test_every_mistake_in_json(spoilt):
    finished = run("check", "swimmer", spoilt, "--json")
    assert finished.returncode == 2
    right, wrong = json.loads(finished.stdout)["robots"]
    assert (right["ok"], right["warnings"]) == (True, [])
    assert list(wrong) == ["robot", "ok", "error", "errors"]
    assert len(wrong["errors"]) == 2 and wrong["error"] == "\n".join(wrong["errors"])


def test_warnings_go_to_standard_error(tmp_path):
    path = tmp_path / "upwards.yaml"
    path.write_text(SWIMMER.replace("gravity: 0 ", "gravity: -1 "), encoding="utf-8")
    finished = run("check", path)
    assert finished.returncode == 0 and finished.stdout.startswith(f"{path}: ok: ")
    assert finished.stderr.startswith(f"{path}:13:10: warning: gravity")
    assert finished.stderr.count("\n") == 1
    (result,) = json.loads(run("check", path, "--json").stdout)["robots"]
    assert result["ok"] and len(result["warnings"]) == 1


def test_a_recording_that_the_file_names_is_looked_at(tmp_path):
    path = tmp_path / "recorded.yaml"
    path.write_text(SWIMMER.replace("{noise: 50}", "{demo: stroke.npz}"), encoding="utf-8")
    recording = tmp_path / "stroke.npz"
    finished = run("check", path)
    assert finished.returncode == 2 and finished.stdout == ""
    place = f"{path}:59:17: {recording}"
    assert finished.stderr == f"{place}: cannot be read: No such file or directory\n"
    np.savez(recording, U=np.zeros((300, 3)))
    said = run("check", path).stderr
    assert said == f"{place}: U must have shape (300 or more, 2), found (300, 3)\n"
    np.savez(recording, U=np.zeros((300, 2)))
    assert run("check", path).returncode == 0


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("parameters.m=1/0", "'1/0' divides by zero"),
        ("task.horizon=017", "017 is read as 15"),
        ("parameters.lambda=1", "must not be 'lambda'"),
        ("task.cost=log(-com.vx - 1)", "is not defined at step 0"),
        ("gravity=1e99", "must lie between"),
        ("task.cost=com.vx^2", "did you mean '**'?"),
    ],
)
def test_overrides_are_checked_alike(given, sentence):
    finished = run("check", "swimmer", "--set", given)
    assert finished.returncode == 2
    assert given in finished.stderr and sentence in finished.stderr


def test_null_takes_a_key_away(tmp_path):
    finished = run(
        "check", ROOT / "tests/robots/cartpole.yaml", "--set", "joints.rail.torque_limit=null"
    )
    assert finished.returncode == 0
