"""Initial trajectories that a process has met before."""

from pathlib import Path

import numpy as np
import pytest

from vgps.codegen.description.robot import load
from vgps.experiments import initial
from vgps.experiments.initial import watched_trajectories
from vgps.policy.search import initial_trajectories, search_settings
from vgps.policy.settings import RunSettings

CARTPOLE = Path(__file__).parents[1] / "robots" / "cartpole.yaml"


@pytest.fixture
def computed(monkeypatch):
    """How often trajectories were computed: the length of a list."""
    calls = []

    def counted(*args):
        calls.append(args)
        return initial_trajectories(*args)

    monkeypatch.setattr(initial, "initial_trajectories", counted)
    monkeypatch.setattr(initial, "_found", {})
    return calls


@pytest.fixture
def asked(compiled):
    """What to ask for, of a robot that starts with this much noise."""

    def ask(noise, **other):
        robot = load(CARTPOLE, {"task.horizon": 20, "task.start": {"noise": noise}})
        settings = search_settings(RunSettings(), robot)._replace(**{"horizon": 20} | other)
        return compiled(robot), settings

    return ask


@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_it_is_what_would_be_computed_and_so_is_what_is_left_of_the_generator(
    computed, asked, noise
):
    model, settings = asked(noise)
    plain = np.random.default_rng(3)
    (expected,) = initial_trajectories(model, settings, plain)
    for _ in range(2):
        rng = np.random.default_rng(3)
        (solution,), _ = watched_trajectories(model, settings, rng)
        np.testing.assert_array_equal(solution.U, expected.U)
        assert rng.bit_generator.state == plain.bit_generator.state
    assert len(computed) == 1


def test_what_was_drawn_is_that_of_the_seed(computed, asked):
    model, settings = asked(1.0)
    one, other = (
        watched_trajectories(model, settings, np.random.default_rng(seed))[0][0] for seed in (0, 1)
    )
    assert len(computed) == 2 and (one.U != other.U).any()


def test_another_task_is_another(computed, asked):
    rng = np.random.default_rng(0)
    watched_trajectories(*asked(0.0), rng)
    watched_trajectories(*asked(0.0, horizon=21), rng)
    watched_trajectories(*asked(0.0, alpha_start=2.0), rng)
    watched_trajectories(*asked(1e-9), rng)
    assert len(computed) == 4


def test_given_actions_are_not_remembered(computed, asked):
    model, settings = asked(0.0)
    for scale in (0.0, 1.0):
        U = np.full((1, 20, 1), scale)
        (solution,), _ = watched_trajectories(
            model,
            settings._replace(initial=settings.initial._replace(max_iterations=1)),
            np.random.default_rng(0),
            U,
        )
    assert len(computed) == 2 and not initial._found


def test_few_are_kept(computed, asked):
    for horizon in range(10, 10 + initial._REMEMBERED + 3):
        watched_trajectories(*asked(0.0, horizon=horizon), np.random.default_rng(0))
    assert len(initial._found) == initial._REMEMBERED
