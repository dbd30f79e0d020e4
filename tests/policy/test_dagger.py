"""What dataset aggregation adds to its dataset, and how its variants differ, on made-up rollouts."""

from types import SimpleNamespace

import numpy as np
import pytest
from imitation import random_policy

from vgps.policy import dagger
from vgps.policy.gaussian import Policy
from vgps.policy.methods import METHODS
from vgps.policy.mstep import Fit, FitSettings
from vgps.policy.rollouts import LARGEST_COST, Rollouts
from vgps.policy.state import SearchState
from vgps.solver.distribution import TrajectoryDistribution

R, T, NX, NU, SIZE = 3, 6, 4, 2, 5


@pytest.fixture
def q(rng):
    identity = np.eye(NX)[None].repeat(T, axis=0)
    X, U = rng.normal(size=(T, NX)), rng.normal(size=(T, NU))
    K, covariance = rng.normal(size=(T, NU, NX)), np.eye(NU)[None].repeat(T, axis=0)
    return TrajectoryDistribution(X, U, np.zeros((T, NU)), K, covariance, X, 0.04 * identity)


@pytest.fixture
def model():
    task = SimpleNamespace(expressions=())
    robot = SimpleNamespace(observed_indices=tuple(range(NX)), task=task)
    return SimpleNamespace(
        limits=np.full((2, NU), [[-np.inf], [np.inf]]), robot=robot, nx=NX, nu=NU
    )


@pytest.fixture
def settings():
    fit = FitSettings(states_per_step=SIZE, tail=0, optimizer="lbfgs", bound="closed")
    return SimpleNamespace(learned_steps=T, rollouts=R, n_hidden=2, fit=fit, noisy_oracle=False)


@pytest.fixture
def asked(monkeypatch):
    """Draws of samples that the fits were given, in place of fitting."""
    draws = []

    def fitted(policy: Policy, draw, settings, rng) -> Fit:
        draws.append(draw)
        return Fit(policy, 0.0, 0)

    monkeypatch.setattr(dagger, "fit", fitted)
    monkeypatch.setattr(
        dagger, "first_fit", lambda observed, n, draw, settings, rng: fitted(None, draw, None, None)
    )
    return draws


def improved(monkeypatch, method, model, settings, q, X, cost, rng):
    """`improve` of a method where its policy's rollouts are X and cost so much at each step."""
    rollouts = Rollouts(X, np.zeros((R, T, NU)), cost)
    monkeypatch.setattr(dagger, "run_policy", lambda *arguments, **options: rollouts)
    monkeypatch.setattr(dagger, "until_failure", lambda c: cost)
    dataset = METHODS[method].begin(model, settings, (q,), rng).memory
    state = SearchState(1, random_policy(rng, NX, 2, NU), (q,), dataset)
    return dataset, METHODS[method].improve(model, settings, state, rng)


def test_rollouts_are_added_up_to_the_step_at_which_they_fail(
    monkeypatch, model, settings, q, asked, rng
):
    X, cost = rng.normal(size=(R, T + 1, NX)), np.ones((R, T))
    cost[1, 4:] = LARGEST_COST
    before, improvement = improved(monkeypatch, "dagger", model, settings, q, X, cost, rng)
    dataset = improvement.memory
    assert len(before.X) == SIZE and len(dataset.X) == SIZE + R
    np.testing.assert_array_equal(dataset.X[:SIZE], before.X)
    np.testing.assert_array_equal(dataset.X[SIZE], X[0, :T])
    np.testing.assert_array_equal(dataset.X[SIZE + 1, :4], X[1, :4])
    assert np.isnan(dataset.X[SIZE + 1, 4:]).all()
    assert (dataset.seen, improvement.rollouts) == (SIZE + R, R)


def test_the_dataset_is_bounded(model, q, rng):
    """By ten times the states that one fit sees."""
    dataset = dagger.Dataset(np.zeros((1, T, NX)), 1, np.zeros(1, dtype=int))
    start = np.zeros(R, dtype=int)
    for _ in range(40):
        dataset = dagger.added(dataset, rng.normal(size=(R, T, NX)), start, dagger.KEPT * SIZE, rng)
    assert dagger.KEPT == 10
    assert len(dataset.X) == 50 and dataset.seen == 121


@pytest.mark.parametrize(
    ("method", "weighted", "noisy"),
    [
        ("dagger", False, False),
        ("dagger", False, True),
        ("weighted-dagger", True, False),
        ("weighted-dagger", True, True),
        ("adapted-dagger", True, False),
        ("adapted-dagger", True, True),
    ],
)
def test_variants_differ_in_weights_and_their_oracle_in_noise(
    monkeypatch, method, weighted, noisy, model, settings, q, asked, rng
):
    """In the first fit and in the later ones."""
    settings.noisy_oracle = noisy
    X = q.X[0] + rng.normal(size=(R, T + 1, NX))
    improved(monkeypatch, method, model, settings, q, X, np.ones((R, T)), rng)
    assert len(asked) == 2
    for draw in asked:
        samples = draw(np.random.default_rng(0))
        assert (np.unique(samples.weights).size > 1) == weighted
        np.testing.assert_array_equal(samples.covariance.any(axis=(1, 2)), noisy)


def test_which_methods_adapt_the_trajectory_and_which_sample():
    adapting = {name for name, method in METHODS.items() if method.adapts}
    assert adapting == {"vgps", "adapted-gps", "adapted-dagger"}
    assert {name for name, method in METHODS.items() if not method.samples} == {"vgps"}
