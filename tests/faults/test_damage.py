"""Run folders and demonstrations that are damaged: the same answer as before, or one sentence."""

import json
import shutil
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from command_line import run, run_json
from damage import damaged

CARTPOLE = Path(__file__).parents[1] / "robots" / "cartpole.yaml"
ALLOWED = SAME, SENTENCE = "the same answer", "one sentence"
MEASURED = ("iterations", "horizon", "dt", "ddp_cost", "stochastic", "deterministic")
FILES = (
    "policy.npz",
    "checkpoint.npz",
    "trajectory.npz",
    "metrics.csv",
    "config.yaml",
    "robot.yaml",
)
# As many coordinates and actions as the cart-pole, so that only what they mean tells them apart.
STRANGER = """\
name: acrobot
base: fixed
links: [{name: upper, mass: 1, length: 0.5}, {name: lower, mass: 1, length: 0.5}]
joints:
  - {name: shoulder, parent: world, child: upper, damping: 0.1}
  - {name: elbow, parent: upper, child: lower, actuated: true, torque_limit: 20}
task: {dt: 0.02, horizon: 150, cost: sum(u**2) + elbow.q**2, success: final(elbow.q) < 9}
"""


@pytest.fixture(scope="module")
def trained(cartpole_run, tmp_path_factory):
    """Run folders by method: those with a memory have the largest checkpoints."""
    home = tmp_path_factory.mktemp("trained")
    for method in ("adapted-gps", "dagger"):
        arguments = ("--iterations", 2, "--finish", "none", "--out", home / method)
        run_json("train", CARTPOLE, "--method", method, *arguments)
    return {"vgps": cartpole_run[0], "adapted-gps": home / "adapted-gps", "dagger": home / "dagger"}


@pytest.fixture(scope="module")
def strangers(tmp_path_factory):
    """A run of another robot."""
    home = tmp_path_factory.mktemp("strangers")
    (home / "acrobot.yaml").write_text(STRANGER, encoding="utf-8")
    arguments = ("--iterations", 1, "--finish", "none", "--out", home / "acrobot")
    run_json("train", home / "acrobot.yaml", *arguments)
    return home / "acrobot"


def command(name, folder, tmp_path):
    return {
        "evaluate": ("evaluate", folder, "--rollouts", 2),
        "resume": ("train", CARTPOLE, "--resume", folder, "--iterations", 4),
        "render": ("render", folder),
        "optimize": (
            *("optimize", CARTPOLE, "--demo", folder / "trajectory.npz", "--iterations", 1),
            *("--out", tmp_path / "optimized"),
        ),
    }[name]


def answer(finished):
    """What a command measured; what it says of the run is that of config.yaml."""
    printed = json.loads(finished.stdout)
    return {key: printed[key] for key in (*MEASURED, "cost") if key in printed}


class Harness:
    """Damages copies of run folders, and counts what commands make of them."""

    def __init__(self, home, trained, strangers):
        self.home, self.trained, self.strangers = home, trained, strangers
        self.expected, self.count, self.wrong, self.slowest = {}, Counter(), [], 0.0

    def run(self, name, folder):
        shutil.rmtree(self.home / "optimized", ignore_errors=True)
        return run(*command(name, folder, self.home), "--json")

    def answer_before(self, name, method):
        if (name, method) not in self.expected:
            finished = self.run(name, self.copy(method))
            assert finished.returncode == 0, finished.stderr
            self.expected[name, method] = answer(finished)
        return self.expected[name, method]

    def copy(self, method):
        folder = self.home / "run"
        shutil.rmtree(folder, ignore_errors=True)
        return Path(shutil.copytree(self.trained[method], folder))

    def try_one(self, name, method, file, rng):
        before = self.answer_before(name, method)
        folder = self.copy(method)
        arrays = [folder / other for other in FILES if other != file and other.endswith(".npz")]
        what = f"{method}, {file} {damaged(folder / file, [self.strangers / file, *arrays], rng)}"
        started = time.perf_counter()
        try:
            outcome = self.judged(self.run(name, folder), before, folder, file)
        except Exception as error:
            outcome = f"{type(error).__name__}: {error}"
        self.slowest = max(self.slowest, time.perf_counter() - started)
        if name == "optimize" and " of type f" in what:
            outcome = SAME  # a recording in single precision is a sound one, of other actions
        if outcome not in ALLOWED:
            self.wrong.append(f"{what}, {name}: {outcome}")
        self.count[outcome if outcome in ALLOWED else "wrong"] += 1

    def judged(self, finished, before, folder, file):
        """One of ALLOWED, or what is wrong."""
        if finished.returncode == 0:
            same = answer(finished) == before
            return SAME if same else f"another answer: {answer(finished)}"
        said = finished.stderr.splitlines()[-1]
        # Of config.yaml and robot.yaml it is not known which one is wrong if they disagree.
        named = str(folder) in said and (file in said or file.endswith(".yaml"))
        quiet = finished.stdout == "" and len(said) < 1000 and "Traceback" not in finished.stderr
        if finished.returncode == 2 and named and quiet:
            return SENTENCE
        return f"exit {finished.returncode}: {said}"

    def figure(self):
        counts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(self.count.items()))
        return f"{self.count.total()} damaged files: {counts}; {self.slowest:.1f} s at most"


@pytest.fixture
def harness(tmp_path, trained, strangers):
    return Harness(tmp_path, trained, strangers)


def attempts(harness, count, names, methods, seed):
    """The figure."""
    rng = np.random.default_rng(seed)
    for i in range(count):
        name, method = names[i % len(names)], methods[rng.integers(len(methods))]
        # `optimize` reads one file alone.
        file = "trajectory.npz" if name == "optimize" else FILES[rng.integers(len(FILES))]
        harness.try_one(name, method, file, rng)
    assert not harness.wrong, "\n".join([harness.figure(), *harness.wrong])
    return harness.figure()


def test_damage_is_one_sentence_or_nothing(harness, capsys):
    figure = attempts(harness, 21, ("evaluate", "evaluate", "optimize"), ("vgps",), seed=0)
    with capsys.disabled():
        print(f"\n{figure}")


def test_damage_is_one_sentence_or_nothing_for_a_resumed_run(harness):
    attempts(harness, 8, ("resume",), ("vgps", "adapted-gps", "dagger"), seed=1)


@pytest.mark.slow
def test_much_damage_is_one_sentence_or_nothing(harness, capsys):
    names = ("evaluate", "resume", "optimize", "render")
    figure = attempts(harness, 2000, names, ("vgps", "adapted-gps", "dagger"), seed=2)
    with capsys.disabled():
        print(f"\n{figure}")


@pytest.mark.parametrize("name", FILES)
def test_files_of_another_robot(harness, name):
    """Every file in turn of a robot with as many coordinates and actions."""
    folder = harness.copy("vgps")
    shutil.copy(harness.strangers / name, folder / name)
    for command in ("evaluate", "resume"):
        finished = harness.run(command, folder)
        if finished.returncode == 0:  # it does not read the file, or makes it anew
            assert name in ("checkpoint.npz", "metrics.csv", "policy.npz")
            assert answer(finished) == harness.answer_before(command, "vgps")
            continue
        assert finished.returncode == 2 and finished.stderr.count("\n") == 1
        if name.endswith(".npz"):
            sentence = f"{folder / name}: was made for 'acrobot', not for 'cartpole'\n"
            assert finished.stderr == sentence
