"""The paper's second task: ten hidden units walk, with their own noise and without; five mostly do.

Which seeds succeed with five units hangs on the initial DDP solution that all seeds share, and so on
the rounding of whatever computes it (README, "What it reaches"): they are counted, not named.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from codegen import build, load
from codegen.model import Model
from policy import load_policy
from policy.evaluation import run_policy_from
from policy.mlp import Policy
from policy.push import survived_pushes

ROOT = Path(__file__).parents[2]
MINUTE = 6000  # steps of 10 ms
SEEDS = range(5)


class Run(NamedTuple):
    result: dict  # what `train --json` printed
    model: Model
    policy: Policy


def train(hidden, seed, folder):
    command = [sys.executable, ROOT / "run.py", "train", "walker", "--hidden", str(hidden)]
    command += ["--seed", str(seed), "--out", folder, "--json"]
    finished = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert finished.returncode == 0, finished.stderr
    model = build(load(ROOT / "models" / "walker.yaml"))
    return Run(json.loads(finished.stdout), model, load_policy(folder))


def walks_its_horizon(run):
    """From spread initial states nearly always without noise, and four times in five with it."""
    rates = [run.result[how]["success_rate"] for how in ("deterministic", "stochastic")]
    return rates[0] >= 0.97 and rates[1] >= 0.8


def costs_about_what_the_trajectory_does(run):
    """From the mean initial state; a fall costs thousands."""
    silence = np.zeros((1, run.result["horizon"], run.model.nu))
    cost = run_policy_from(run.model, run.policy, run.model.x0[None], silence).cost[0]
    return cost < 1.5 * run.result["ddp_cost"]


def walks_a_minute(run):
    """Without noise, 12 times its horizon, stepped through the public interface."""
    model, X = run.model, np.empty((MINUTE + 1, run.model.nx))
    X[0] = model.x0
    limits = np.array(model.robot.torque_limits)
    for t in range(MINUTE):
        X[t + 1] = model.step(X[t], np.clip(run.policy.mean(X[t]), -limits, limits))
    speed = (X[-1, 0] - X[0, 0]) / (MINUTE * model.dt)
    return X[:, 1].min() > 0.7 and speed > 0.7 * model.robot.parameters["v_target"]


def survives_pushes(run):
    """Without noise, 20 N·s at the hips at any instant of the stride, either way."""
    survived = survived_pushes(run.model, run.policy, "hips", 0.1)
    return all(pushes.worst >= 20.0 for pushes in survived.values())


CHECKS = [
    walks_its_horizon,
    costs_about_what_the_trajectory_does,
    walks_a_minute,
    survives_pushes,
]


@pytest.fixture(scope="module", params=SEEDS)
def ten_units(request, tmp_path_factory):
    return train(10, request.param, tmp_path_factory.mktemp("walker") / "run")


@pytest.fixture(scope="module")
def five_units(tmp_path_factory):
    return [train(5, seed, tmp_path_factory.mktemp("walker") / "run") for seed in SEEDS]


@pytest.mark.slow
@pytest.mark.parametrize("check", CHECKS)
def test_every_policy_of_ten_units(ten_units, check):
    assert check(ten_units)


@pytest.mark.slow
@pytest.mark.parametrize("check", CHECKS)
def test_most_policies_of_five_units(five_units, check):
    assert sum(check(run) for run in five_units) >= 3
