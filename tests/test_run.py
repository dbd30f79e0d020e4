"""The contract of the command line: what is printed where, exit status, one sentence for a mistake."""

import shutil
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from command_line import ROOT, run, run_json

from vgps import read_run
from vgps.codegen.description.robot import load
from vgps.report.options import with_finish
from vgps.run import COMMANDS

ROBOTS = ROOT / "tests" / "robots"


def test_check_says_one_line_a_file():
    finished = run("check", "swimmer", ROBOTS / "cartpole.yaml")
    assert finished.returncode == 0
    assert [": ok: " in line for line in finished.stdout.splitlines()] == [True, True]


@pytest.mark.parametrize(
    "command", ["check", "build", "compare --robots", "push --point tip", "train"]
)
def test_a_command_without_anything_to_work_on(command):
    finished = run(*command.split())
    assert finished.returncode == 2 and finished.stdout == ""
    what = "run" if command.startswith("push") else "robot"
    assert finished.stderr.startswith(f"no {what} is named: give ")
    assert len(finished.stderr.splitlines()) == 1


def test_help_tells_what_the_program_does_and_no_placeholders():
    top = run("--help").stdout
    assert "Robots written in YAML learn to move" in top
    for command in COMMANDS:
        text = run(command, "--help").stdout
        assert "{None}" not in text and "[STR" not in text and "(default: )" not in text


def test_completion_for_shells():
    for shell in ("bash", "zsh"):
        script = run("--tyro-print-completion", shell)
        assert script.returncode == 0 and "train" in script.stdout


def test_an_unknown_command_names_the_nearest():
    finished = run("tain", "swimmer")
    assert finished.returncode == 2 and finished.stdout == ""
    assert finished.stderr.startswith("no command 'tain'; did you mean 'train'? allowed: bench, ")
    assert len(finished.stderr.splitlines()) == 1


def test_the_version_is_the_packages():
    assert run("--version").stdout == f"vgps {version('vgps')}\n"


def test_an_unknown_robot_names_the_nearest():
    finished = run("train", "swimer")
    assert finished.returncode == 2
    assert "did you mean 'swimmer'" in finished.stderr
    assert len(finished.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (
            ["--method", "daggr"],
            "--method must be the name of a method, found 'daggr'; did you mean 'dagger'? allowed: ",
        ),
        (
            ["--samples", "20"],
            "--samples must be left out: vgps does not run its policy to learn\n",
        ),
        (["--method", "gps", "--samples", "0"], "--samples must be at least 1, found 0\n"),
    ],
)
def test_a_method_that_cannot_be(arguments, sentence):
    finished = run("train", "swimmer", *arguments)
    assert finished.returncode == 2 and finished.stderr.count("\n") == 1
    assert finished.stderr.startswith(sentence) and finished.stdout == ""


@pytest.mark.parametrize(
    "old, new, found",
    [
        ("mass: m ", "masss: m ", "did you mean 'mass'"),
        ("parent: head", "parent: heat", "did you mean 'head'"),
        ("sum(u**2)", "__import__('os')", "__import__"),
        ("horizon: 300", "horizon: -300", "at least 2"),
    ],
)
def test_a_broken_file_ends_in_one_sentence(tmp_path, old, new, found):
    text = (ROOT / "models" / "swimmer.yaml").read_text(encoding="utf-8")
    assert old in text
    broken = tmp_path / "broken.yaml"
    broken.write_text(text.replace(old, new, 1), encoding="utf-8")
    for command in ("check", "build", "optimize", "train"):
        finished = run(command, broken, cwd=tmp_path)
        assert finished.returncode == 2
        assert finished.stderr.count("\n") == 1
        assert finished.stderr.startswith(f"{broken}:") and found in finished.stderr
        assert sorted(tmp_path.iterdir()) == [broken]


def test_evaluate_gives_what_the_contract_names(cartpole_run):
    folder, _ = cartpole_run
    result = run_json("evaluate", folder, "--rollouts", 7, "--horizon", 310)
    names = [
        "robot",
        "method",
        "hidden",
        "seed",
        "iterations",
        "iteration",
        "finish",
        "horizon",
        "dt",
        "rollouts",
        "ddp_cost",
        "reference_cost",
    ]
    assert list(result) == [*names, "stochastic", "deterministic", "disturbed"]
    assert (result["rollouts"], result["horizon"], result["dt"]) == (7, 310, 0.02)
    # 150 steps are trained, and beyond them the trajectory is taken to go on as on average.
    assert result["reference_cost"] == pytest.approx(result["ddp_cost"] * 310 / 150)
    for summaries in (result, result["disturbed"]):
        for kind in ("stochastic", "deterministic"):
            assert {"mean_cost", "std_cost", "success_rate", "mean_speed"} <= set(summaries[kind])
            low, high = summaries[kind]["success_interval"]
            assert 0 <= low <= summaries[kind]["success_rate"] <= high <= 1
            assert len(summaries[kind]["speed_by_horizon"]) == 3  # 150 + 150 + 10 steps


def test_an_evaluation_in_mujoco_stands_beside_ours(cartpole_run):
    folder, _ = cartpole_run
    short = ("evaluate", folder, "--rollouts", 3, "--horizon", 20, "--engine", "mujoco")
    result = run_json(*short, "--ground", "ours")
    there = result["mujoco"]
    assert (there["ground"], there["timestep"], there["fit"]) == ("ours", 0.02, None)
    for ours, theirs in ((result, there), (result["disturbed"], there["disturbed"])):
        for kind in ("stochastic", "deterministic"):
            assert theirs[kind]["mean_cost"] == pytest.approx(ours[kind]["mean_cost"], rel=1e-6)
            assert theirs[kind]["success_interval"] == ours[kind]["success_interval"]
    finished = run(*short)  # a cart-pole touches no ground: none is fitted, and none is named
    assert finished.returncode == 0 and "MuJoCo" in finished.stdout
    assert "fitted ground" not in finished.stdout


def test_a_ground_without_mujoco_is_refused(cartpole_run):
    finished = run("evaluate", cartpole_run[0], "--ground", "default")
    assert finished.returncode == 2
    assert finished.stderr == "--ground belongs to --engine mujoco\n"


def test_a_short_evaluation_is_compared_with_as_many_steps(cartpole_run):
    folder, _ = cartpole_run
    short = run_json("evaluate", folder, "--rollouts", 2, "--horizon", 60)
    known = read_run(folder)
    X, U = known.trajectory.X[:61], known.trajectory.U[:60]
    assert short["reference_cost"] == pytest.approx(known.model.cost(X, U).sum())
    assert short["reference_cost"] < short["ddp_cost"]


@pytest.mark.parametrize(
    "given, sentence",
    [
        ("training.iteratons=80", "unknown key 'iteratons' in training; did you mean 'iterations'"),
        ("training.iterations=0", "training.iterations must be a whole number of at least 1"),
        ("joints.rial.damping=1", "nothing in joints is called 'rial'; did you mean 'rail'?"),
        ("training", "--set needs KEY=VALUE"),
    ],
)
def test_set_with_what_cannot_be(given, sentence):
    for command in ("check", "train"):
        finished = run(command, ROBOTS / "cartpole.yaml", "--set", given)
        assert finished.returncode == 2 and finished.stderr.count("\n") == 1
        assert sentence in finished.stderr and given in finished.stderr


def test_commands_on_what_is_not_a_run(tmp_path):
    for command in (["evaluate"], ["render"], ["push", "--point", "com"]):
        finished = run(*command, tmp_path)
        assert finished.returncode == 2 and "not a run folder" in finished.stderr


def test_a_config_that_lost_a_setting(cartpole_run, tmp_path):
    folder, _ = cartpole_run
    lines = (folder / "config.yaml").read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.startswith("seed:")]
    (tmp_path / "config.yaml").write_text("\n".join(kept), encoding="utf-8")
    for command in (["evaluate"], ["render"], ["train", ROBOTS / "cartpole.yaml", "--resume"]):
        finished = run(*command, tmp_path)
        assert finished.returncode == 2
        assert finished.stderr == f"{tmp_path}: config.yaml lacks seed\n"


def test_render_and_optimize(cartpole_run, tmp_path):
    folder, _ = cartpole_run
    result = run_json("render", folder, "--horizon", 40)
    assert Path(result["animation"]).read_bytes().startswith(b"GIF8")
    assert Path(result["report"]).read_text(encoding="utf-8").startswith("<!doctype html>")
    result = run_json("optimize", ROBOTS / "cartpole.yaml", "--out", tmp_path / "o")
    assert result["success"] and (tmp_path / "o" / "trajectory.png").exists()
    assert result["reason"] in ("stationary", "converged") and result["gradient"] < 0.1
    short = run("optimize", ROBOTS / "cartpole.yaml", "--iterations", 2, "--out", tmp_path / "s")
    said = "not at an optimum after 2 iterations, the limit: `--iterations 100` allows more"
    assert said in short.stderr.splitlines()


def test_export_writes_beside_the_run_or_elsewhere(cartpole_run, tmp_path):
    folder, _ = cartpole_run
    copied = tmp_path / "copy"
    shutil.copytree(folder, copied)
    assert run_json("export", copied, "--to", "c")["out"] == str(copied / "policy.h")
    finished = run("export", copied, "--to", "json", "--out", tmp_path / "p.json")
    assert finished.returncode == 0 and str(tmp_path / "p.json") in finished.stdout
    assert '"robot": "cartpole"' in (tmp_path / "p.json").read_text(encoding="utf-8")


def test_a_robot_is_exported_and_what_it_lacks_is_said(tmp_path):
    finished = run("export", "swimmer", "--to", "mjcf", "--out", tmp_path / "s.xml")
    assert finished.returncode == 0 and (tmp_path / "s.xml").read_text().startswith("<mujoco")
    assert finished.stderr.startswith("left out: the drag of single links")


def test_rollouts_are_written_as_a_data_set(cartpole_run, tmp_path):
    given = ("rollouts", cartpole_run[0], "--out", tmp_path / "data.npz", "--rollouts", 4)
    result = run_json(*given, "--horizon", 20, "--deterministic", "--undisturbed")
    assert (result["rollouts"], result["horizon"]) == (4, 20)
    with np.load(tmp_path / "data.npz", allow_pickle=False) as data:
        assert data["X"].shape[:2] == (4, 21) and data["U"].shape[:2] == (4, 20)
    finished = run(*given, "--horizon", 0)
    assert finished.returncode == 2 and finished.stderr.startswith("--horizon must be at least 1")


def test_a_trajectory_is_a_start_for_the_next(tmp_path):
    first, again = tmp_path / "first", tmp_path / "again"
    cold = run_json("optimize", "swimmer", "--out", first)
    demo = ("optimize", "swimmer", "--demo", first / "trajectory.npz")
    start = run_json(*demo, "--iterations", "0", "--out", tmp_path / "start")
    assert start["cost"] == pytest.approx(cold["cost"], rel=1e-12)
    warm = run_json(*demo, "--out", again)
    assert warm["cost"] <= start["cost"]  # the same trajectory, polished
    with np.load(first / "trajectory.npz") as given, np.load(again / "demo.npz") as kept:
        np.testing.assert_array_equal(kept["U"], given["U"])
        with np.load(tmp_path / "start" / "trajectory.npz") as replayed:
            np.testing.assert_allclose(replayed["X"], given["X"], atol=1e-9)


def test_push_tells_what_was_survived(cartpole_run, compiled, tmp_path):
    """Of a policy that balances: one far from its kink, so that it is linear, with LQR gains."""
    folder = tmp_path / "balancing"
    shutil.copytree(cartpole_run[0], folder)
    model = compiled(load(folder / "robot.yaml"))
    A, B = (f[0] for f in model.linearize(np.zeros((1, 4)), np.zeros((1, 1))))
    P = np.eye(4)
    for _ in range(2000):
        K = np.linalg.solve(np.eye(1) + B.T @ P @ B, B.T @ P @ A)  # (1, 4)
        P = np.eye(4) + A.T @ P @ (A - B @ K)
    linear = {"observed": np.arange(4), "W1": -K / 10, "b1": [100.0], "W2": [[10.0]]}
    np.savez(folder / "policy.npz", **linear, b2=[-1000.0], log_sigma=[0.0])

    result = run_json("push", folder, "--point", "cart.start", "--duration", 0.2)
    assert (result["robot"], result["point"], result["duration"]) == ("cartpole", "cart.start", 0.2)
    assert result["success"] == "mean(bob.y) > 0.95*length and max(abs(rail.q)) < 2"
    for direction in ("forward", "backward"):
        # it weighs 1.2 kg, and its motor can give 20 N
        assert 1 <= result[direction]["worst"] <= result[direction]["best"] < 20
    finished = run("push", folder, "--point", "cart.start")
    assert finished.returncode == 0 and "success: mean(bob.y) > 0.95" in finished.stdout


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (
            ["--point", "bbo"],
            (
                "cartpole has no point 'bbo'; did you mean 'bob'? allowed: bob, cart.end, "
                "cart.start, com, hinge, pole.end, pole.start, rail\n"
            ),
        ),
        (
            ["--point", "bob", "--duration", "0.05"],
            "a push lasts a whole number of control steps of 0.02 s, found 0.05 s\n",
        ),
    ],
)
def test_a_push_that_cannot_be(cartpole_run, arguments, sentence):
    folder, _ = cartpole_run
    finished = run("push", folder, *arguments)
    assert finished.returncode == 2 and finished.stderr == sentence and finished.stdout == ""


def test_finish_without_a_value_asks_for_the_finish():
    for given, meant in (
        (["train", "x", "--finish"], ["train", "x", "--finish", "average-cost"]),
        (["train", "--finish", "--out", "y", "x"], ["train", "--finish", "average-cost"]),
        (["train", "x", "--finish", "none"], ["train", "x", "--finish", "none"]),
    ):
        assert with_finish(given)[: len(meant)] == meant
