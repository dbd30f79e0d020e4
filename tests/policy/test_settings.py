"""Settings of a run: what is refused, what is filled in, and that defaults are read from one place."""

import pytest
from pydantic import ValidationError

from vgps.policy.methods import METHODS
from vgps.policy.search import search_settings
from vgps.policy.settings import RunSettings, is_sampling


@pytest.mark.parametrize(
    "given, place, sentence",
    [
        ({"hidden": 0}, "hidden", "must be at least 1, found 0"),
        ({"seed": -1}, "seed", "must be at least 0, found -1"),
        ({"iterations": 0}, "iterations", "must be at least 1, found 0"),
        (
            {"method": "gsp"},
            "method",
            "must be the name of a method, found 'gsp'; did you mean 'gps'?",
        ),
        ({"samples": 20}, "samples", "must be left out: vgps does not run its policy to learn"),
        ({"method": "gps", "samples": 0}, "samples", "must be at least 1, found 0"),
        ({"optimizer": "adam"}, "optimizer", "Input should be 'lbfgs' or 'sgd'"),
        ({"hiden": 5}, "hiden", "Extra inputs are not permitted"),
    ],
)
def test_what_cannot_be_is_refused_by_name(given, place, sentence):
    with pytest.raises(ValidationError) as caught:
        RunSettings(**given)
    (error,) = caught.value.errors()
    assert error["loc"] == (place,) and error["msg"].startswith(sentence)


@pytest.mark.parametrize("method", METHODS)
def test_what_is_left_open_comes_from_the_robot_and_the_method(swimmer, method):
    resolved = RunSettings(method=method).resolved(swimmer.robot)
    assert resolved.iterations == swimmer.robot.training.iterations
    assert (resolved.samples is not None) == is_sampling(method)
    assert resolved.resolved(swimmer.robot) == resolved
    given = RunSettings(method=method, iterations=7).resolved(swimmer.robot)
    assert given.iterations == 7


def test_replaced_settings_are_validated_again():
    settings = RunSettings(method="gps", samples=20)
    assert settings.replaced(hidden=3).samples == 20
    with pytest.raises(ValidationError, match="does not run its policy"):
        settings.replaced(method="vgps")


def test_a_method_sees_the_run_and_the_robots_file(swimmer):
    run = RunSettings(method="gps", hidden=7, samples=4, bound="sampled")
    robot = swimmer.robot
    asked, training = search_settings(run, robot), robot.training
    assert (asked.n_hidden, asked.rollouts, asked.fit.bound) == (7, 4, "sampled")
    assert (asked.horizon, asked.pairs) == (robot.task.horizon, training.pairs)
    assert (asked.fit.states_per_step, asked.fit.tail) == (training.samples, robot.tail)
    assert (asked.alpha_start, asked.alpha_end) == (training.alpha_start, training.alpha_end)
