"""The example that trains PPO on a robot runs, where Stable-Baselines3 is installed."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[1] / "docs" / "examples" / "ppo.py"
pytest.importorskip("stable_baselines3", reason="needs the extra ppo")


def run(folder, *arguments):
    command = [sys.executable, EXAMPLE, *arguments]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.parametrize("robot", ["swimmer", "walker"])
def test_a_few_steps_of_ppo_and_their_picture(tmp_path, robot):
    printed = run(tmp_path, "ppo", robot, "--seed", "3", "--steps", "300")
    assert printed.splitlines()[-1].endswith(" steps")
    lines = list(csv.DictReader((tmp_path / "ppo.csv").read_text(encoding="utf-8").splitlines()))
    assert {(line["method"], line["robot"], line["seed"]) for line in lines} == {
        ("ppo", robot, "3")
    }
    assert all(float(line["cost"]) > 0.0 for line in lines)
    assert all(0.0 <= float(line["success"]) <= 1.0 for line in lines)
    run(tmp_path, "draw")
    assert (tmp_path / "ppo.png").read_bytes().startswith(b"\x89PNG")
