"""`train` from the command line: its folder, the same bits, resuming, starting from a demonstration."""

import csv
import shutil
import signal
import time

import numpy as np
import pytest
import yaml
from command_line import ROOT, run, run_apart, run_json, started

ROBOTS = ROOT / "tests" / "robots"


def rows(folder):
    """metrics.csv without the column that no two runs share."""
    with (folder / "metrics.csv").open(encoding="utf-8") as file:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


def test_another_method_fills_the_same_folder_and_resumes(cartpole_run, tmp_path):
    robot, whole, part = ROBOTS / "cartpole.yaml", tmp_path / "whole", tmp_path / "part"
    arguments = ("train", robot, "--method", "cost-weighted", "--samples", 20)
    result = run_json(*arguments, "--iterations", 3, "--out", whole)
    run_json(*arguments, "--iterations", 1, "--out", part)
    run_json("train", robot, "--iterations", 3, "--resume", part)
    assert rows(part) == rows(whole)
    assert [list(row) for row in rows(whole)] == [list(row) for row in rows(cartpole_run[0])]
    assert result["method"] == "cost-weighted"
    assert [row["rollouts"] for row in rows(whole)] == ["0", "20", "40"]
    assert [row["rollouts"] for row in rows(cartpole_run[0])] == ["0"] * 3


def test_train_fills_the_run_folder(cartpole_run):
    folder, result = cartpole_run
    names = {file.name for file in folder.iterdir()}
    assert names >= {"config.yaml", "metrics.csv", "trajectory.npz", "policy.npz", "checkpoint.npz"}
    assert names >= {"robot.yaml", "report.html", "evaluation.json"}
    assert not [name for name in names if name.startswith(".")]
    assert [row["iteration"] for row in rows(folder)] == ["1", "2", "3"]
    assert result["robot"] == "cartpole" and result["iterations"] == 3


def test_the_same_seed_gives_the_same_bits_in_another_process(cartpole_run, tmp_path):
    folder, _ = cartpole_run
    run_apart(
        "train",
        ROBOTS / "cartpole.yaml",
        "--iterations",
        3,
        "--finish",
        "none",
        "--out",
        tmp_path / "again",
    )
    assert rows(tmp_path / "again") == rows(folder)


def test_resume_continues_to_the_same_bits(cartpole_run, tmp_path):
    folder, _ = cartpole_run
    part = tmp_path / "part"
    run_json(
        "train", ROBOTS / "cartpole.yaml", "--iterations", 1, "--finish", "none", "--out", part
    )
    # as if the process had died between the row of iteration 2 and its checkpoint
    with (part / "metrics.csv").open("a", encoding="utf-8") as file:
        file.write("2,0.5\n")
    resumed = run("train", "--iterations", 3, "--resume", part)
    assert "2 iterations after 1 earlier ones in " in resumed.stdout
    assert rows(part) == rows(folder)
    with np.load(part / "policy.npz") as a, np.load(folder / "policy.npz") as b:
        np.testing.assert_array_equal(a["W1"], b["W1"])


def test_set_puts_values_in_place_of_the_files(cartpole_run, tmp_path):
    """They hold for the run, are kept with it, and hold again when it is resumed and evaluated."""
    robot, out = ROBOTS / "cartpole.yaml", tmp_path / "set"
    given = ("--finish", "none", "--set", "task.horizon=60", "--set", "training.iterations=1")
    result = run_json("train", robot, *given, "--out", out)
    assert (result["horizon"], result["iterations"]) == (60, 1)
    with np.load(out / "trajectory.npz") as trajectory:
        assert len(trajectory["U"]) == 60
    config = yaml.safe_load((out / "config.yaml").read_text(encoding="utf-8"))
    assert config["overrides"] == {"task.horizon": "60", "training.iterations": "1"}
    assert (out / "robot.yaml").read_bytes() == robot.read_bytes()
    assert run_json("train", robot, "--iterations", 2, "--resume", out)["horizon"] == 60
    assert run_json("evaluate", out, "--rollouts", 2)["horizon"] == 60


def test_resume_refuses_other_settings(cartpole_run):
    folder, _ = cartpole_run
    for other in (["--hidden", 4], ["--seed", 1], ["--out", "elsewhere"]):
        finished = run("train", ROBOTS / "cartpole.yaml", "--resume", folder, *other)
        assert finished.returncode == 2 and len(finished.stderr.splitlines()) == 1
    finished = run("train", "swimmer", "--resume", folder)
    assert finished.returncode == 2 and "not of 'swimmer'" in finished.stderr


def test_an_existing_folder_is_not_overwritten(cartpole_run, tmp_path):
    folder, _ = cartpole_run
    finished = run("train", ROBOTS / "cartpole.yaml", "--seed", 1, "--out", folder)
    assert finished.returncode == 2
    assert finished.stderr == f"{folder} already exists, and holds a run with seed 0, not 1\n"
    (tmp_path / "file").touch()
    finished = run("train", ROBOTS / "cartpole.yaml", "--out", tmp_path)
    assert finished.returncode == 2 and "already exists" in finished.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_the_same_command_takes_its_folder_up_again(cartpole_run, tmp_path):
    """Whether it was killed after its first file, after an iteration, or after all."""
    whole, _ = cartpole_run
    for kept in (["config.yaml"], ["config.yaml", "robot.yaml", "metrics.csv"], None):
        part = tmp_path / "part"
        shutil.copytree(whole, part)
        for path in part.iterdir():
            if kept is not None and path.name not in kept:
                path.unlink()
        (part / ".123-policy.npz").touch()  # as the killed process might have left it
        run_json(
            *("train", ROBOTS / "cartpole.yaml", "--iterations", 3),
            *("--finish", "none", "--out", part),
        )
        assert rows(part) == rows(whole)
        assert (part / "policy.npz").read_bytes() == (whole / "policy.npz").read_bytes()
        made = {path.name for path in whole.iterdir()} - {"gait.gif"}  # of another test
        assert {path.name for path in part.iterdir()} - {"gait.gif"} == made
        shutil.rmtree(part)


def test_training_from_a_demonstration_repeats(cartpole_run, tmp_path):
    """The run folder alone repeats it: the file that was given may be gone."""
    robot, demo = ROBOTS / "cartpole.yaml", tmp_path / "demo.npz"
    np.savez(demo, U=np.random.default_rng(0).normal(size=(170, 1)))
    arguments = ["train", robot, "--iterations", 2, "--finish", "none", "--demo", demo, "--out"]
    a, b, c = (tmp_path / name for name in "abc")
    run_json(*arguments, a)
    run_json(*arguments, b)
    demo.unlink()
    assert yaml.safe_load((a / "config.yaml").read_text(encoding="utf-8"))["demo"] == str(demo)
    assert (
        yaml.safe_load((cartpole_run[0] / "config.yaml").read_text(encoding="utf-8"))["demo"]
        is None
    )
    c.mkdir()
    for name in ("config.yaml", "robot.yaml", "demo.npz"):
        shutil.copy(a / name, c / name)
    run_json("train", robot, "--resume", c)
    assert rows(a) == rows(b) == rows(c)
    assert rows(a) != rows(cartpole_run[0])[:2]  # it does start elsewhere

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


def test_a_demonstration_is_for_new_runs(cartpole_run, tmp_path):
    folder, _ = cartpole_run
    before = (folder / "config.yaml").read_bytes()
    demo = folder / "trajectory.npz"
    finished = run("train", ROBOTS / "cartpole.yaml", "--resume", folder, "--demo", demo)
    assert finished.returncode == 2 and finished.stderr.count("\n") == 1
    assert "leave out --demo" in finished.stderr
    assert (folder / "config.yaml").read_bytes() == before


def test_a_run_from_before_demonstrations_started_without_one(cartpole_run, tmp_path):
    folder, _ = cartpole_run
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


def test_a_run_from_before_a_column_goes_on_without_it(cartpole_run, tmp_path):
    folder, _ = cartpole_run
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


def test_an_interrupted_run_can_be_resumed(tmp_path):
    folder = tmp_path / "run"
    arguments = ("--iterations", 10000, "--finish", "none", "--out", folder)
    with started("train", ROBOTS / "cartpole.yaml", *arguments) as process:
        deadline = time.monotonic() + 120
        while not (folder / "checkpoint.npz").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.splitlines()[-1].startswith("interrupted; the same command goes on")
    assert "Traceback" not in said
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


def test_a_method_that_learns_from_one_initial_state_says_so(tmp_path):
    text = (ROBOTS / "cartpole.yaml").read_text(encoding="utf-8")
    states = "  initial: [{q: {rail: 1}}, {q: {rail: -1}}, {}]\n  process_noise:"
    before, rest = text.split("  initial:")
    robot = tmp_path / "cartpole.yaml"
    robot.write_text(f"{before}{states}{rest.split('  process_noise:')[1]}", encoding="utf-8")
    line = 1 + before.count("\n")
    for command in (
        ("train", robot, "--method", "gps"),
        ("compare", "--robots", robot, "--methods", "vgps", "gps", "--seeds", 1),
    ):
        finished = run(*command, "--out", tmp_path / "out")
        assert finished.returncode == 2
        assert finished.stderr == f"gps learns from one initial state, {robot}:{line}:12 has 3\n"
        assert not (tmp_path / "out" / "config.yaml").exists()
