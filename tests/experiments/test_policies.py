"""Every iteration's policy can be looked at again: it is the one that metrics.csv measured."""

import json
import shutil

import numpy as np
import pytest
from command_line import ROOT, run, run_json

from vgps import read_run
from vgps.experiments.measuring import measured
from vgps.experiments.run import best_row
from vgps.policy.store import load_policy

CARTPOLE = ROOT / "tests" / "robots" / "cartpole.yaml"
COSTS = ("stochastic_cost", "deterministic_cost")


@pytest.fixture
def folder(cartpole_run, tmp_path):
    return shutil.copytree(cartpole_run[0], tmp_path / "run")


def test_each_row_was_measured_of_its_own_policy(cartpole_run):
    folder, _ = cartpole_run
    for k in (1, 2, 3):
        trained = read_run(folder, k)
        assert trained.iteration == k
        costs = measured(trained.model, trained.policy, trained.settings.seed, k)
        for name in COSTS:
            assert costs[name] == pytest.approx(trained.metrics[name][k - 1], rel=1e-9)
    last = read_run(folder, "last")
    np.testing.assert_array_equal(last.policy.theta, read_run(folder, 3).policy.theta)
    with np.load(folder / "checkpoint.npz") as arrays:
        np.testing.assert_array_equal(last.policy.W1, arrays["W1"])


def test_the_best_is_what_the_run_leaves(cartpole_run):
    folder, _ = cartpole_run
    best = read_run(folder)
    assert best.iteration == best.metrics["best"][-1]
    for other in (read_run(folder, "best").policy, load_policy(folder)):
        np.testing.assert_array_equal(best.policy.theta, other.theta)
    np.testing.assert_array_equal(best.policy.theta, read_run(folder, best.iteration).policy.theta)
    assert best_row({"stage": ["search", "finish"], "best": [1.0, np.nan]}) is None


def test_commands_use_the_one_that_is_asked_for(folder):
    given = ("--rollouts", 5)
    for asked, k in (("1", 1), ("last", 3)):
        result = run_json("evaluate", folder, "--iteration", asked, *given)
        assert result["iteration"] == k
        written = folder / f"{asked}.json"
        run_json("export", folder, "--to", "json", "--iteration", asked, "--out", written)
        b2 = json.loads(written.read_text(encoding="utf-8"))["b2"]
        assert b2 == read_run(folder, k).policy.b2.tolist()
    assert run("render", folder, "--iteration", "2", "--horizon", 20).returncode == 0


def test_a_run_that_goes_on_keeps_them(folder, tmp_path):
    part = tmp_path / "part"
    given = ("train", CARTPOLE, "--finish", "none")
    run_json(*given, "--iterations", 1, "--out", part)
    run_json("train", "--resume", part, "--iterations", 3)
    for k in (1, 2, 3):
        theta = read_run(part, k).policy.theta
        np.testing.assert_array_equal(theta, read_run(folder, k).policy.theta)


@pytest.mark.parametrize("damage", [None, b"nonsense"])
def test_without_those_of_an_early_version_it_goes_on(folder, damage):
    (folder / "policies.npz").unlink()
    if damage:
        (folder / "policies.npz").write_bytes(damage)
    run_json("train", "--resume", folder, "--iterations", 4)
    assert read_run(folder, "last").iteration == 4
    status, _, said = run("evaluate", folder, "--iteration", 2)
    assert (status, said) == (2, f"{folder} has kept no policy of iteration 2\n")


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (("evaluate", "--iteration", "4"), "has iterations 1 to 3, not 4"),
        (("evaluate", "--iteration", "0"), "has iterations 1 to 3, not 0"),
        (("render", "--iteration", "first"), "--iteration must be best, last or a whole number"),
        (("export", "--to", "mjcf", "--iteration", "1"), "--iteration is of a policy"),
    ],
)
def test_what_cannot_be_asked_for_is_one_sentence(cartpole_run, command, sentence):
    name, *options = command
    status, _, said = run(name, cartpole_run[0], *options)
    assert status == 2 and sentence in said and said.count("\n") == 1
