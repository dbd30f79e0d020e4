"""The command that says what keeps a robot from learning, and who points to it."""

import pytest
from command_line import ROOT, run, run_json

from vgps.codegen.description.robot import load

CARTPOLE = (ROOT / "tests" / "robots" / "cartpole.yaml").read_text(encoding="utf-8")


@pytest.fixture
def hanging(tmp_path):
    """A pole that hangs and is to stand up, from a start at which nothing moves it."""
    text = CARTPOLE.replace("20*hinge.q**2", "20*(1 - cos(hinge.q))").replace("150", "60")
    path = tmp_path / "hanging.yaml"
    path.write_text(text.replace("{rail: 1.0}", "{hinge: pi}"), encoding="utf-8")
    return path


def test_a_finding_is_a_line_and_no_failure(hanging):
    finished = run("doctor", hanging)
    assert finished.returncode == 0
    (line,) = finished.stdout.splitlines()
    assert line.startswith(f"{hanging}:49:10: no descent begins from the start, noise (0)")
    assert line.endswith("; try leaving task.start out, so that others are tried")


def test_json(hanging):
    result = run_json("doctor", hanging, "--hidden", 3, "--seed", 2)
    names = ["robot", "hidden", "seed", "success_by_initial", "start_by_initial", "findings", "fix"]
    assert list(result) == names
    assert (result["robot"], result["hidden"], result["seed"]) == ("cartpole", 3, 2)
    (finding,) = result["findings"]
    assert list(finding) == ["name", "place", "text", "advice", "edits"]
    assert finding["place"] == f"{hanging}:49:10"
    assert finding["edits"] == [{"place": "task.start", "value": None}]
    assert result["fix"] is None


def test_fix_writes_what_is_advised_into_a_new_file(hanging, tmp_path):
    fixed = tmp_path / "fixed.yaml"
    finished = run("doctor", hanging, "--fix", fixed)
    assert finished.returncode == 0 and finished.stdout.endswith(f"{fixed}: written\n")
    assert load(fixed).task.start is None and load(hanging).task.start is not None
    again = run("doctor", hanging, "--fix", fixed)
    assert again.returncode == 2 and again.stderr == f"{fixed} already exists\n"


def test_nothing_is_written_where_nothing_is_advised(tmp_path):
    healthy, fixed = ROOT / "tests" / "robots" / "cartpole.yaml", tmp_path / "fixed.yaml"
    finished = run("doctor", healthy, "--fix", fixed)
    assert finished.returncode == 0 and not fixed.exists()
    first, second = finished.stdout.splitlines()
    assert first == f"{healthy}: nothing found that would keep cartpole from learning"
    assert second == f"{fixed}: not written, no finding has an edit"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["swimer"], "did you mean 'swimmer'"),
        (["swimmer", "--hidden", "0"], "--hidden must be at least 1, found 0"),
        (["swimmer", "--seed", "-1"], "--seed must be at least 0, found -1"),
    ],
)
def test_bad_input(arguments, sentence):
    finished = run("doctor", *arguments)
    assert finished.returncode == 2 and finished.stdout == ""
    assert sentence in finished.stderr and finished.stderr.count("\n") == 1


def test_who_does_not_succeed_points_to_it(hanging, tmp_path):
    pointer = f"vgps doctor {hanging}: says what keeps it from succeeding\n"
    finished = run("optimize", hanging, "--out", tmp_path / "o")
    assert finished.returncode == 0 and finished.stderr.endswith(pointer)
    learning = "--iterations", 1, "--hidden", 2, "--finish", "none"
    finished = run("train", hanging, *learning, "--out", tmp_path / "run")
    assert finished.returncode == 0 and finished.stderr.endswith(pointer)
    finished = run("evaluate", tmp_path / "run", "--rollouts", 4)
    own = tmp_path / "run" / "robot.yaml"
    assert finished.stderr == pointer.replace(str(hanging), str(own))


def test_json_and_success_point_nowhere(hanging, tmp_path):
    for robot, json in ((hanging, ["--json"]), (ROOT / "tests" / "robots" / "cartpole.yaml", [])):
        finished = run("optimize", robot, "--out", tmp_path / robot.stem, *json)
        assert finished.returncode == 0 and "doctor" not in finished.stderr


def test_numbers_that_diverge_point_to_it(hanging, tmp_path):
    text = hanging.read_text(encoding="utf-8").replace("damping: 0.005", "damping: 50")
    hanging.write_text(text.replace("{noise: 0}", "{noise: 5}"), encoding="utf-8")
    finished = run("optimize", hanging, "--out", tmp_path / "o")
    assert finished.returncode == 1
    (sentence,) = finished.stderr.splitlines()
    assert "no longer finite" in sentence
    assert sentence.endswith(f"; vgps doctor {hanging} says more")
