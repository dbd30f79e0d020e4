"""The paper's second task: ten hidden units walk."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from codegen import build, load
from policy import load_policy

ROOT = Path(__file__).parents[2]
STEPS = 2000  # 20 s


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_the_walker_walks(tmp_path, seed):
    """The deterministic policy from the mean initial state keeps its hips over 0.7 m for 20 s."""
    folder = tmp_path / "walker"
    command = [sys.executable, ROOT / "run.py", "train", "walker", "--hidden", "10"]
    command += ["--seed", str(seed), "--out", folder]
    finished = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert finished.returncode == 0, finished.stderr
    model, policy = build(load(ROOT / "models" / "walker.yaml")), load_policy(folder)
    X = np.empty((STEPS + 1, model.nx))
    X[0] = model.x0
    limits = np.array(model.robot.torque_limits)
    for t in range(STEPS):
        X[t + 1] = model.step(X[t], np.clip(policy.mean(X[t]), -limits, limits))
    assert np.isfinite(X).all()
    assert X[:, 1].min() > 0.7
    assert (X[-1, 0] - X[0, 0]) / (STEPS * model.dt) > 0.5
