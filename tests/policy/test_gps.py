"""What an iteration of guided policy search makes of its newest policy, on samples made by hand."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from imitation import random_policy

from vgps.policy import gps
from vgps.policy.optimizers.lbfgs import Result
from vgps.policy.sample_set import SampleSet
from vgps.policy.state import SearchState

R, T, NX, NU = 4, 6, 4, 2


@pytest.fixture
def best(rng):
    return random_policy(rng, n_in=NX, nu=NU)


@pytest.fixture
def newest(best):
    """Ten standard deviations away, so that each policy's weights are on its own samples."""
    return replace(best, b2=best.b2 + 10.0 * best.sigma)


def samples_of(policy, cost, rng):
    X = rng.normal(size=(R, T, NX))
    return X, policy.sample(X, rng), np.full((R, T), cost)


@pytest.fixture
def state(best, rng):
    """After one iteration: theta* costs 1 a step, and the guide is far from both policies."""
    guide_U = np.full((1, T, NU), 1e3)
    X, U, cost = samples_of(best, 1.0, rng)
    sample_set = SampleSet(
        X=np.stack([X, X]),
        U=np.stack([guide_U.repeat(R, axis=0), U]),
        cost=np.stack([cost, cost]),
        guide_X=np.zeros((1, T, NX)),
        guide_U=guide_U,
        guide_K=np.zeros((1, T, NU, NX)),
        guide_root=np.eye(NU)[None, None].repeat(T, axis=1),
        theta=best.theta[None],
        best=0,
        regularizer=1e-4,
    )
    return SearchState(k=1, policy=best, q=None, memory=sample_set)


def improved(monkeypatch, state, newest, cost, rng):
    """The result of `improve` where line 7 finds ``newest``, whose samples cost so much a step."""
    result = Result(newest.theta, 0.0, np.zeros_like(newest.theta), 1, 1, "iterations")
    monkeypatch.setattr(gps, "optimized", lambda sample_set, policy: (result, newest))
    batch = samples_of(newest, cost, rng)
    monkeypatch.setattr(gps, "policy_batch", lambda model, policy, R, T, rng: batch)
    settings = SimpleNamespace(rollouts=R, learned_steps=T)
    return gps.improve(None, settings, state, rng)


def test_a_better_policy_is_taken_and_the_regularizer_falls(monkeypatch, state, newest, rng):
    improvement = improved(monkeypatch, state, newest, 0.5, rng)
    assert improvement.fit.policy is newest
    memory = improvement.memory
    assert memory.regularizer == pytest.approx(1e-5)
    np.testing.assert_array_equal(memory.theta[memory.best], newest.theta)
    assert improvement.rollouts == R


def test_a_worse_policy_is_left_and_the_regularizer_rises(monkeypatch, state, newest, rng):
    improvement = improved(monkeypatch, state, newest, 2.0, rng)
    assert improvement.fit.policy is state.policy
    memory = improvement.memory
    assert memory.regularizer == pytest.approx(1e-3)
    np.testing.assert_array_equal(memory.theta[memory.best], state.policy.theta)
    np.testing.assert_array_equal(memory.theta[-1], newest.theta)  # its samples stay


@pytest.mark.parametrize(("cost", "bound"), [(0.5, 0), (2.0, 1)])
def test_the_regularizer_keeps_to_its_bounds(monkeypatch, state, newest, cost, bound, rng):
    limit = gps.REGULARIZER[bound]
    at_limit = state._replace(memory=state.memory._replace(regularizer=limit))
    assert improved(monkeypatch, at_limit, newest, cost, rng).memory.regularizer == limit
