"""The paper's second task: five and ten hidden units walk, with their own noise and without."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from codegen import build, load
from policy import load_policy
from policy.evaluation import run_policy_from
from policy.push import survived_pushes

ROOT = Path(__file__).parents[2]
MINUTE = 6000  # steps of 10 ms


@pytest.fixture(scope="module", params=[(h, seed) for h in (10, 5) for seed in range(5)], ids=str)
def run(request, tmp_path_factory):
    """What `train --json` printed, the robot and the policy."""
    hidden, seed = request.param
    folder = tmp_path_factory.mktemp("walker") / "run"
    command = [sys.executable, ROOT / "run.py", "train", "walker", "--hidden", str(hidden)]
    command += ["--seed", str(seed), "--out", folder, "--json"]
    finished = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert finished.returncode == 0, finished.stderr
    model = build(load(ROOT / "models" / "walker.yaml"))
    return json.loads(finished.stdout), model, load_policy(folder)


@pytest.mark.slow
def test_the_policy_walks_its_horizon(run):
    """From spread initial states nearly always without noise, and four times in five with it."""
    result, _, _ = run
    assert result["deterministic"]["success_rate"] >= 0.97
    assert result["stochastic"]["success_rate"] >= 0.8


@pytest.mark.slow
def test_the_policy_costs_about_what_the_trajectory_does(run):
    """From the mean initial state; a fall costs thousands."""
    result, model, policy = run
    silence = np.zeros((1, result["horizon"], model.nu))
    cost = run_policy_from(model, policy, model.x0[None], silence).cost[0]
    assert cost < 1.5 * result["ddp_cost"]


@pytest.mark.slow
def test_the_policy_walks_a_minute(run):
    """Without noise, 12 times its horizon, stepped through the public interface."""
    _, model, policy = run
    X = np.empty((MINUTE + 1, model.nx))
    X[0] = model.x0
    limits = np.array(model.robot.torque_limits)
    for t in range(MINUTE):
        X[t + 1] = model.step(X[t], np.clip(policy.mean(X[t]), -limits, limits))
    assert X[:, 1].min() > 0.7
    assert (X[-1, 0] - X[0, 0]) / (MINUTE * model.dt) > 0.7 * model.robot.parameters["v_target"]


@pytest.mark.slow
def test_the_policy_survives_pushes(run):
    """Without noise, 20 N·s at the hips at any instant of the stride, either way."""
    _, model, policy = run
    for survived in survived_pushes(model, policy, "hips", 0.1).values():
        assert survived.worst >= 20.0
