"""The contract of the command line: what is printed where, exit status, run folders, resuming."""

import csv
import os
import shutil
import signal
import subprocess
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
import yaml
from command_line import ROOT, command_of, run, run_apart, run_json

from vgps.codegen.description.robot import load

ROBOTS = ROOT / "tests" / "robots"


@pytest.fixture(scope="module")
def cartpole(tmp_path_factory):
    """A short run of a robot that is nothing but a file outside models/."""
    folder = tmp_path_factory.mktemp("runs") / "cartpole"
    result = run_json("train", ROBOTS / "cartpole.yaml", "--iterations", 3, "--out", folder)
    return folder, result


def rows(folder):
    """metrics.csv without the column that no two runs share."""
    with (folder / "metrics.csv").open(encoding="utf-8") as file:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


def test_check_says_one_line_a_file():
    finished = run("check", "swimmer", ROBOTS / "cartpole.yaml")
    assert finished.returncode == 0
    assert [": ok: " in line for line in finished.stdout.splitlines()] == [True, True]


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


def test_another_method_fills_the_same_folder_and_resumes(cartpole, tmp_path):
    robot, whole, part = ROBOTS / "cartpole.yaml", tmp_path / "whole", tmp_path / "part"
    arguments = ("train", robot, "--method", "cost-weighted", "--samples", 20)
    result = run_json(*arguments, "--iterations", 3, "--out", whole)
    run_json(*arguments, "--iterations", 1, "--out", part)
    run_json("train", robot, "--iterations", 3, "--resume", part)
    assert rows(part) == rows(whole)
    assert [list(row) for row in rows(whole)] == [list(row) for row in rows(cartpole[0])]
    assert result["method"] == "cost-weighted"
    assert [row["rollouts"] for row in rows(whole)] == ["0", "20", "40"]
    assert [row["rollouts"] for row in rows(cartpole[0])] == ["0"] * 3


@pytest.mark.parametrize(
    "old, new, found",
    [
        ("mass: m ", "masss: m ", "did you mean 'mass'"),
        ("parent: head", "parent: heat", "did you mean 'head'"),
        ("sum(u**2)", "__import__('os')", "__import__"),
        ("m: 5.0  ", "m: -5.0 ", "positive"),
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


def test_train_fills_the_run_folder(cartpole):
    folder, result = cartpole
    names = {file.name for file in folder.iterdir()}
    assert names >= {"config.yaml", "metrics.csv", "trajectory.npz", "policy.npz", "checkpoint.npz"}
    assert names >= {"robot.yaml", "report.html", "training.png"}
    assert not [name for name in names if name.startswith(".")]
    assert [row["iteration"] for row in rows(folder)] == ["1", "2", "3"]
    assert result["robot"] == "cartpole" and result["iterations"] == 3


def test_evaluate_gives_what_the_contract_names(cartpole):
    folder, _ = cartpole
    result = run_json("evaluate", folder, "--rollouts", 7, "--horizon", 310)
    names = [
        "robot",
        "method",
        "hidden",
        "seed",
        "iterations",
        "horizon",
        "dt",
        "rollouts",
        "ddp_cost",
    ]
    assert list(result) == [*names, "stochastic", "deterministic"]
    assert (result["rollouts"], result["horizon"], result["dt"]) == (7, 310, 0.02)
    for kind in ("stochastic", "deterministic"):
        assert {"mean_cost", "std_cost", "success_rate", "mean_speed"} <= set(result[kind])
        assert len(result[kind]["speed_by_horizon"]) == 3  # 150 + 150 + 10 steps


def test_the_same_seed_gives_the_same_bits_in_another_process(cartpole, tmp_path):
    folder, _ = cartpole
    run_apart("train", ROBOTS / "cartpole.yaml", "--iterations", 3, "--out", tmp_path / "again")
    assert rows(tmp_path / "again") == rows(folder)


def test_resume_continues_to_the_same_bits(cartpole, tmp_path):
    folder, _ = cartpole
    part = tmp_path / "part"
    run_json("train", ROBOTS / "cartpole.yaml", "--iterations", 1, "--out", part)
    # as if the process had died between the row of iteration 2 and its checkpoint
    with (part / "metrics.csv").open("a", encoding="utf-8") as file:
        file.write("2,0.5\n")
    run_json("train", ROBOTS / "cartpole.yaml", "--iterations", 3, "--resume", part)
    assert rows(part) == rows(folder)
    with np.load(part / "policy.npz") as a, np.load(folder / "policy.npz") as b:
        np.testing.assert_array_equal(a["W1"], b["W1"])


def test_set_puts_values_in_place_of_the_files(cartpole, tmp_path):
    """They hold for the run, are kept with it, and hold again when it is resumed and evaluated."""
    robot, out = ROBOTS / "cartpole.yaml", tmp_path / "set"
    given = ("--set", "task.horizon=60", "--set", "training.iterations=1")
    result = run_json("train", robot, *given, "--out", out)
    assert (result["horizon"], result["iterations"]) == (60, 1)
    with np.load(out / "trajectory.npz") as trajectory:
        assert len(trajectory["U"]) == 60
    config = yaml.safe_load((out / "config.yaml").read_text(encoding="utf-8"))
    assert config["overrides"] == {"task.horizon": "60", "training.iterations": "1"}
    assert (out / "robot.yaml").read_bytes() == robot.read_bytes()
    assert run_json("train", robot, "--iterations", 2, "--resume", out)["horizon"] == 60
    assert run_json("evaluate", out, "--rollouts", 2)["horizon"] == 60


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


def test_resume_refuses_other_settings(cartpole):
    folder, _ = cartpole
    for other in (["--hidden", 4], ["--seed", 1], ["--out", "elsewhere"]):
        finished = run("train", ROBOTS / "cartpole.yaml", "--resume", folder, *other)
        assert finished.returncode == 2 and len(finished.stderr.splitlines()) == 1
    finished = run("train", "swimmer", "--resume", folder)
    assert finished.returncode == 2 and "not of 'swimmer'" in finished.stderr


def test_an_existing_folder_is_not_overwritten(cartpole):
    folder, _ = cartpole
    finished = run("train", ROBOTS / "cartpole.yaml", "--out", folder)
    assert finished.returncode == 2 and "already exists" in finished.stderr


def test_commands_on_what_is_not_a_run(tmp_path):
    for command in (["evaluate"], ["render"], ["push", "--point", "com"]):
        finished = run(*command, tmp_path)
        assert finished.returncode == 2 and "not a run folder" in finished.stderr


def test_a_config_that_lost_a_setting(cartpole, tmp_path):
    folder, _ = cartpole
    lines = (folder / "config.yaml").read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.startswith("seed:")]
    (tmp_path / "config.yaml").write_text("\n".join(kept), encoding="utf-8")
    for command in (["evaluate"], ["render"], ["train", ROBOTS / "cartpole.yaml", "--resume"]):
        finished = run(*command, tmp_path)
        assert finished.returncode == 2
        assert finished.stderr == f"{tmp_path}: config.yaml lacks seed\n"


def test_render_and_optimize(cartpole, tmp_path):
    folder, _ = cartpole
    result = run_json("render", folder)
    assert Path(result["gait"]).read_bytes().startswith(b"GIF8")
    result = run_json("optimize", ROBOTS / "cartpole.yaml", "--out", tmp_path / "o")
    assert result["success"] and (tmp_path / "o" / "trajectory.png").exists()


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


def test_training_from_a_demonstration_repeats(cartpole, tmp_path):
    """The run folder alone repeats it: the file that was given may be gone."""
    robot, demo = ROBOTS / "cartpole.yaml", tmp_path / "demo.npz"
    np.savez(demo, U=np.random.default_rng(0).normal(size=(170, 1)))
    arguments = ["train", robot, "--iterations", 2, "--demo", demo, "--out"]
    a, b, c = (tmp_path / name for name in "abc")
    run_json(*arguments, a)
    run_json(*arguments, b)
    demo.unlink()
    assert yaml.safe_load((a / "config.yaml").read_text(encoding="utf-8"))["demo"] == str(demo)
    assert yaml.safe_load((cartpole[0] / "config.yaml").read_text(encoding="utf-8"))["demo"] is None
    c.mkdir()
    for name in ("config.yaml", "robot.yaml", "demo.npz"):
        shutil.copy(a / name, c / name)
    run_json("train", robot, "--resume", c)
    assert rows(a) == rows(b) == rows(c)
    assert rows(a) != rows(cartpole[0])[:2]  # it does start elsewhere

    (c / "demo.npz").unlink()
    (c / "checkpoint.npz").unlink()
    finished = run("train", robot, "--resume", c)
    assert finished.returncode == 2 and finished.stderr == f"{c} has no demo.npz yet\n"


def test_a_bad_demonstration_leaves_nothing_behind(tmp_path):
    demo = tmp_path / "demo.npz"
    np.savez(demo, U=np.zeros((10, 1)))
    for command in ("train", "optimize"):
        finished = run(command, ROBOTS / "cartpole.yaml", "--demo", demo, cwd=tmp_path)
        assert finished.returncode == 2
        assert finished.stderr == f"{demo}: U must have shape (150 or more, 1), found (10, 1)\n"
        assert sorted(tmp_path.iterdir()) == [demo]


def test_a_demonstration_is_for_new_runs(cartpole, tmp_path):
    folder, _ = cartpole
    before = (folder / "config.yaml").read_bytes()
    demo = folder / "trajectory.npz"
    finished = run("train", ROBOTS / "cartpole.yaml", "--resume", folder, "--demo", demo)
    assert finished.returncode == 2 and finished.stderr.count("\n") == 1
    assert "leave out --demo" in finished.stderr
    assert (folder / "config.yaml").read_bytes() == before


def test_a_run_from_before_demonstrations_started_without_one(cartpole, tmp_path):
    folder, _ = cartpole
    old = tmp_path / "old"
    shutil.copytree(folder, old)
    lines = (folder / "config.yaml").read_text(encoding="utf-8").splitlines()
    (old / "config.yaml").write_text(
        "\n".join(k for k in lines if not k.startswith("demo:")), encoding="utf-8"
    )
    run_json("evaluate", old, "--rollouts", 1)
    (old / "checkpoint.npz").unlink()
    run_json("train", ROBOTS / "cartpole.yaml", "--resume", old)
    assert rows(old) == rows(folder)


def test_a_run_from_before_a_column_goes_on_without_it(cartpole, tmp_path):
    folder, _ = cartpole
    old = tmp_path / "old"
    shutil.copytree(folder, old)
    lines = (old / "metrics.csv").read_text(encoding="utf-8").splitlines()
    column = lines[0].split(",").index("rollouts")
    cells = [line.split(",") for line in lines]
    shorter = [",".join(row[:column] + row[column + 1 :]) for row in cells]
    (old / "metrics.csv").write_text("\n".join(shorter) + "\n", encoding="utf-8")
    with np.load(old / "checkpoint.npz") as arrays:
        np.savez(old / "checkpoint.npz", **{n: a for n, a in arrays.items() if n != "rollouts"})
    run_json("train", ROBOTS / "cartpole.yaml", "--iterations", 4, "--resume", old)
    assert [len(row) for row in rows(old)] == [len(rows(folder)[0]) - 1] * 4
    assert float(rows(old)[-1]["stochastic_cost"]) > 0


def test_push_tells_what_was_survived(cartpole, compiled, tmp_path):
    """Of a policy that balances: one far from its kink, so that it is linear, with LQR gains."""
    folder = tmp_path / "balancing"
    shutil.copytree(cartpole[0], folder)
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
def test_a_push_that_cannot_be(cartpole, arguments, sentence):
    folder, _ = cartpole
    finished = run("push", folder, *arguments)
    assert finished.returncode == 2 and finished.stderr == sentence and finished.stdout == ""


def test_an_interrupted_run_can_be_resumed(tmp_path):
    folder = tmp_path / "run"
    train = command_of("train", ROBOTS / "cartpole.yaml", "--iterations", 10000, "--out", folder)
    process = subprocess.Popen(train, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not (folder / "checkpoint.npz").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    done = len(rows(folder))
    assert done >= 1
    run_json("train", ROBOTS / "cartpole.yaml", "--iterations", done + 1, "--resume", folder)
    assert len(rows(folder)) == done + 1


@pytest.mark.slow
@pytest.mark.parametrize("hidden, margin", [(5, 1.10), (10, 1.05)])
def test_the_swimmer_swims(tmp_path, hidden, margin):
    """The cost of one seed hangs on the last bits, and so on the processor: a median is asked for."""
    excess = []
    for seed in range(5):
        folder = tmp_path / f"swimmer{seed}"
        result = run_json("train", "swimmer", "--hidden", hidden, "--seed", seed, "--out", folder)
        deterministic, stochastic = result["deterministic"], result["stochastic"]
        excess.append(deterministic["mean_cost"] / result["ddp_cost"])
        assert deterministic["success_rate"] == 1.0
        assert stochastic["mean_cost"] < 1.25 * result["ddp_cost"]
        later = run_json("evaluate", folder, "--horizon", 1200)["deterministic"]
        assert min(later["speed_by_horizon"][1:]) > 0.5 * 3.0
    assert np.median(excess) < margin


@pytest.mark.slow
@pytest.mark.parametrize("robot", ["swimmer4", "cartpole"])
def test_robots_given_only_as_files_learn(tmp_path, robot):
    """Two seeds of three do: which ones hangs on the processor."""
    rates = []
    for seed in range(3):
        arguments = ("--seed", seed, "--out", tmp_path / f"{robot}{seed}")
        result = run_json("train", ROBOTS / f"{robot}.yaml", *arguments)
        rates.append(result["deterministic"]["success_rate"])
    assert np.median(rates) == 1.0
