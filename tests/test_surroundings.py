"""Where and how a command may be started: closed streams, odd terminals, paths and variables."""

import os
import signal
import subprocess
import time
from functools import partial

import numpy as np
import pytest
from command_line import ROOT, command_of, run, started
from quick import quick_ones

CARTPOLE = ROOT / "tests" / "robots" / "cartpole.yaml"
SHORT = ("--iterations", 1, "--finish", "none")


def shell(line, *arguments, cwd=ROOT, **variables):
    """A command in a shell, as $@ of the line."""
    return subprocess.run(
        ["bash", "-c", line, "bash", *command_of(*arguments)],
        capture_output=True,
        encoding="utf-8",
        cwd=cwd,
        env=os.environ | variables,
        check=False,
    )


@pytest.mark.parametrize(
    ("line", "robot", "status", "said"),
    [
        ('"$@" >&-', "swimmer", 0, ""),
        ('"$@" 2>&-', "nobody", 2, ""),
        ('"$@" <&- >&- 2>&-', "nobody", 2, ""),
        ('"$@" 2>/dev/full', "nobody", 2, ""),
        ('"$@" >/dev/full', "swimmer", 1, "standard output: No space left on device\n"),
        ('"$@" | true; exit ${PIPESTATUS[0]}', "swimmer", 141, ""),
    ],
)
def test_streams(line, robot, status, said):
    ended = shell(line, "check", robot)
    assert (ended.returncode, ended.stderr) == (status, said)


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"NUMBA_DISABLE_JIT": "1"}, "NUMBA_DISABLE_JIT is set, but Python alone cannot call "),
        ({"NUMBA_CACHE_DIR": "/dev/null/x"}, "NUMBA_CACHE_DIR=/dev/null/x is no folder "),
    ],
)
def test_variables(cartpole_run, variables, said):
    ended = shell('"$@"', "render", cartpole_run[0], **variables)
    assert (ended.returncode, ended.stderr[: len(said)]) == (2, said)
    assert ended.stderr.count("\n") == 1


def test_help_on_a_narrow_terminal():
    assert shell('"$@"', "train", "--help", COLUMNS="1").returncode == 0


def test_a_folder_that_is_gone(tmp_path):
    (tmp_path / "gone").mkdir()
    line = 'rmdir "$PWD"; "$@"'
    ended = shell(line, "train", CARTPOLE, *SHORT, cwd=tmp_path / "gone")
    assert (ended.returncode, ended.stderr) == (1, "the current folder no longer exists\n")


def test_brackets_in_odd_surroundings(tmp_path):
    """Rich would take the brackets for markup, ASCII knows no ü, and there is no such backend."""
    out = tmp_path / os.fsdecode("[b]ü[/b]".encode())
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    odd = ascii_only | {"COLUMNS": "1", "MPLBACKEND": "nonsense", "PYTHONIOENCODING": "ascii"}
    ended = shell('"$@"', "optimize", CARTPOLE, "--iterations", 2, "--out", out, **odd)
    assert ended.returncode == 0, ended.stderr
    assert "Traceback" not in ended.stderr
    assert (out / "trajectory.npz").exists()
    finished = run("optimize", CARTPOLE, "--iterations", 2, "--out", "[b]", cwd=tmp_path)
    assert " [b] " in finished.stdout


def test_a_robot_and_a_demonstration_through_pipes(tmp_path):
    np.savez(tmp_path / "demo.npz", U=np.zeros((150, 1)))
    line = '"$@" <(cat "$ROBOT") --demo <(cat demo.npz) --iterations 2 --out out'
    ended = shell(line, "optimize", cwd=tmp_path, ROBOT=str(CARTPOLE))
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--seed", -1], "--seed must be at least 0, found -1"),
        (["--rollouts", 10**9], "1000000000 rollouts of 150 steps would take about 15.7 TB of "),
        (["--horizon", 10**30], "would take about "),
    ],
)
def test_too_much_and_too_little(cartpole_run, arguments, sentence):
    finished = run("evaluate", cartpole_run[0], *arguments)
    assert finished.returncode == 2 and finished.stderr.count("\n") == 1
    assert sentence in finished.stderr


def test_training_too_large_leaves_nothing(tmp_path):
    for option in (["--hidden", 10**10], ["--method", "cost-weighted", "--samples", 10**10]):
        finished = run("train", CARTPOLE, *option, "--out", tmp_path / "run")
        assert finished.returncode == 2 and " of memory, this machine has " in finished.stderr
        assert not list(tmp_path.iterdir())


SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.mark.parametrize("kind", quick_ones(SIGNALS, [signal.SIGTERM]))
def test_a_signal_ends_a_run_that_is_saved(tmp_path, kind):
    out = tmp_path / "run"
    with started("train", CARTPOLE, "--iterations", 10000, "--out", out) as process:
        while not (out / "checkpoint.npz").exists():
            time.sleep(0.02)
        process.send_signal(kind)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 128 + kind
    assert said.splitlines()[-1].startswith("interrupted; the same command goes on")
    assert "Traceback" not in said
    assert not [path for path in out.iterdir() if path.name.startswith(".")]


def test_nohup_keeps_a_run_going_whose_streams_are_closed(tmp_path):
    """The first file that is opened would have the number of standard output."""
    run = tmp_path / "run"
    arguments = command_of("train", CARTPOLE, *SHORT, "--out", run)
    closed = ["bash", "-c", 'exec "$@" >&- 2>&-', "bash", *arguments]
    ignoring = partial(signal.signal, signal.SIGHUP, signal.SIG_IGN)
    with subprocess.Popen(closed, preexec_fn=ignoring) as process:
        while not (run / "config.yaml").exists():
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGHUP)
    assert process.returncode == 0
    assert (run / "config.yaml").read_text(encoding="utf-8").startswith("robot: ")
    assert not [path for path in run.iterdir() if path.name.startswith(".")]
