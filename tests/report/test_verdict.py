"""The first line of a page: words that fit the robot, figures that were measured."""

import pytest

from vgps.codegen.description.robot import load
from vgps.codegen.folders import MODELS
from vgps.experiments.evaluation import Evaluated
from vgps.report.page.verdict import verdict, wanted_speed


def measured(rate, speed):
    interval = (max(rate - 0.1, 0.0), rate)
    return {
        "mean_cost": 1.0,
        "std_cost": 0.1,
        "success_rate": rate,
        "success_interval": interval,
        "mean_speed": speed,
    }


def found(speed=1.2734):
    kinds = {"deterministic": measured(1.0, speed), "stochastic": measured(0.98, 9.0)}
    return Evaluated.model_validate({**kinds, "disturbed": kinds, "rollouts": 50})


@pytest.mark.parametrize(
    ("robot", "line"),
    [
        ("walker", "walks 50 of 50 rollouts, 49 of 50 with its noise, 1.27 m/s of 1.3"),
        ("hopper", "hops 50 of 50 rollouts, 49 of 50 with its noise, 1.27 m/s of 1"),
        ("segway", "rolls 50 of 50 rollouts, 49 of 50 with its noise, 1.27 m/s of 1"),
        ("snake", "swims 50 of 50 rollouts, 49 of 50 with its noise, 1.27 m/s of 1"),
        ("swingup", "succeeds in 50 of 50 rollouts, 49 of 50 with its noise"),
        ("quadrotor", "succeeds in 50 of 50 rollouts, 49 of 50 with its noise"),
    ],
)
def test_verdict(robot, line):
    assert verdict(load(MODELS / f"{robot}.yaml"), found()) == line


def test_rollouts_that_diverge_have_no_speed():
    line = verdict(load(MODELS / "walker.yaml"), found(float("nan")))
    assert line == "walks 50 of 50 rollouts, 49 of 50 with its noise"


def test_the_speed_that_is_asked_for_follows_the_parameters():
    assert wanted_speed(load(MODELS / "walker.yaml", {"parameters.v_target": 0.9})) == 0.9
    assert wanted_speed(load(MODELS / "reacher.yaml")) is None


def test_a_cost_without_a_target_speed_tells_none(tmp_path):
    text = (MODELS / "snake.yaml").read_text(encoding="utf-8")
    path = tmp_path / "snake.yaml"
    path.write_text(text.replace("5*(com.vx - v_target)**2", "-com.vx"), encoding="utf-8")
    assert verdict(load(path), found()).endswith("with its noise, 1.27 m/s")
