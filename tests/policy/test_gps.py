"""What an iteration of guided policy search makes of its newest policy, on samples made by hand."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from imitation import random_policy

from vgps.policy import gps, sample_set
from vgps.policy.controller import LinearGaussianController
from vgps.policy.estimator import ReturnEstimate
from vgps.policy.mstep import Fit
from vgps.policy.optimizers.lbfgs import Result
from vgps.policy.rollouts import LARGEST_COST
from vgps.policy.sample_set import SampleSet
from vgps.policy.state import Improvement, SearchState
from vgps.solver.distribution import TrajectoryDistribution

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
    samples = SampleSet(
        X=np.stack([X, X]),
        U=np.stack([guide_U.repeat(R, axis=0), U]),
        cost=np.stack([cost, cost]),
        guide_X=np.zeros((1, T, NX)),
        guide_U=guide_U,
        guide_K=np.zeros((1, T, NU, NX)),
        guide_root=np.eye(NU)[None, None].repeat(T, axis=1),
        theta=best.theta[None],
        best=0,
        regularizer=1e-1,
    )
    return SearchState(k=1, policy=best, q=None, memory=samples)


def line_7(policy):
    """What L-BFGS says when it has ended at ``policy``."""
    return Result(policy.theta, 0.0, np.zeros_like(policy.theta), 1, 1, "iterations")


def improved(monkeypatch, state, newest, cost, rng):
    """The result of `improve` where line 7 finds ``newest``, whose samples cost so much a step."""
    monkeypatch.setattr(gps, "optimized", lambda samples, policy: (line_7(newest), newest))
    batch = samples_of(newest, cost, rng)
    monkeypatch.setattr(gps, "policy_batch", lambda model, policy, R, T, rng: batch)
    settings = SimpleNamespace(rollouts=R, horizon=T)
    return gps.improve(None, settings, state, rng)


def test_a_better_policy_is_taken_and_the_regularizer_falls(monkeypatch, state, newest, rng):
    improvement = improved(monkeypatch, state, newest, 0.5, rng)
    assert improvement.fit.policy is newest
    memory = improvement.memory
    assert memory.regularizer == pytest.approx(1e-2)
    np.testing.assert_array_equal(memory.theta[memory.best], newest.theta)
    assert improvement.rollouts == R


def test_a_worse_policy_is_left_and_the_regularizer_rises(monkeypatch, state, newest, rng):
    improvement = improved(monkeypatch, state, newest, 2.0, rng)
    assert improvement.fit.policy is state.policy
    memory = improvement.memory
    assert memory.regularizer == pytest.approx(1.0)
    np.testing.assert_array_equal(memory.theta[memory.best], state.policy.theta)
    np.testing.assert_array_equal(memory.theta[-1], newest.theta)  # its samples stay


@pytest.mark.parametrize(("cost", "bound"), [(0.5, 0), (2.0, 1)])
def test_the_regularizer_keeps_to_its_bounds(monkeypatch, state, newest, cost, bound, rng):
    limit = gps.REGULARIZER[bound]
    at_limit = state._replace(memory=state.memory._replace(regularizer=limit))
    assert improved(monkeypatch, at_limit, newest, cost, rng).memory.regularizer == limit


def test_returns_are_compared_without_the_regularizer(monkeypatch, state, best, newest, rng):
    """A cheaper policy is taken however improbable the samples are under it."""
    X = rng.normal(size=(R, T, NX))
    towards = best.mean(X) + best.sigma  # one deviation from theta*, nine from the newest policy
    batch = X, towards, np.full((R, T), 0.5)
    monkeypatch.setattr(gps, "optimized", lambda samples, policy: (line_7(newest), newest))
    monkeypatch.setattr(gps, "policy_batch", lambda *arguments: batch)
    settings = SimpleNamespace(rollouts=R, horizon=T)
    assert gps.improve(None, settings, state, rng).fit.policy is newest


def test_the_first_sample_set(monkeypatch, best, rng):
    """A batch of the guide, one of the first policy, which is theta*, and a w_r that may rise and fall.

    The guide acts with the covariance that DDP with a ten times larger cost would give it.
    """
    steps = T + 2
    X, U = rng.normal(size=(steps, NX)), rng.normal(size=(steps, NU))
    K, covariance = rng.normal(size=(steps, NU, NX)), np.eye(NU)[None].repeat(steps, axis=0)
    Sigma = np.eye(NX)[None].repeat(steps, axis=0)
    q = TrajectoryDistribution(X, U, np.zeros((steps, NU)), K, covariance, X, Sigma)
    of_guide, of_policy = samples_of(best, 3.0, rng), samples_of(best, 4.0, rng)
    monkeypatch.setattr(gps, "imitate", lambda *arguments: Improvement(Fit(best, 1.0, 2)))
    monkeypatch.setattr(gps, "guide_batch", lambda *arguments: of_guide)
    monkeypatch.setattr(gps, "policy_batch", lambda *arguments: of_policy)
    settings = SimpleNamespace(
        rollouts=R,
        horizon=T,
        alpha_start=0.4,
        fit=SimpleNamespace(_replace=lambda **changes: changes),
    )
    settings._replace = lambda **changes: settings
    improvement = gps.begin(None, settings, [q], rng)
    found = improvement.memory
    for i, batch in enumerate((of_guide, of_policy)):
        for name, part in zip(("X", "U", "cost"), batch, strict=True):
            np.testing.assert_array_equal(getattr(found, name)[i], part)
    np.testing.assert_array_equal(found.guide_X, X[None, :T])
    np.testing.assert_array_equal(found.guide_U, U[None, :T])
    np.testing.assert_array_equal(found.guide_K, K[None, :T])
    np.testing.assert_array_equal(found.theta[found.best], best.theta)
    assert min(gps.REGULARIZER) < found.regularizer < max(gps.REGULARIZER)
    np.testing.assert_allclose(found.guide_root, 0.2 * np.eye(NU)[None, None].repeat(T, axis=1))
    assert improvement.rollouts == 2 * R


def test_an_adapted_guide_takes_the_place_of_the_last(state, best, rng):
    """The batches stay in order: the initial guide, the adapted one, then policies."""

    def guide(number):
        root = np.eye(NU)[None].repeat(T, axis=0)
        X, U, K = np.full((T, NX), number), np.full((T, NU), number), np.zeros((T, NU, NX))
        return LinearGaussianController(X, U, K, root)

    def batch(number):
        return np.full((R, T, NX), number), np.full((R, T, NU), number), np.full((R, T), number)

    samples = sample_set.with_policy(state.memory, best, batch(5.0))
    for number in (7.0, 8.0):
        samples = sample_set.with_guide(samples, guide(number), batch(number))
    initial = state.memory
    for name in ("X", "U", "cost"):
        of_guide, of_policy = getattr(initial, name)
        newer = np.full_like(of_guide, 8.0), np.full_like(of_guide, 5.0)
        expected = np.stack([of_guide, newer[0], of_policy, newer[1]])
        np.testing.assert_array_equal(getattr(samples, name), expected)
    np.testing.assert_array_equal(samples.guide_X[:, 0, 0], [0.0, 8.0])
    np.testing.assert_array_equal(samples.guide_U[:, 0, 0], [1e3, 8.0])


@pytest.mark.parametrize(("fails", "last"), [(4, 3), (1, 0), (0, 0)])
def test_the_last_step_before_a_failure_is_repeated(fails, last, rng):
    X, U = rng.normal(size=(R, T, NX)), rng.normal(size=(R, T, NU))
    cost = np.ones((R, T))
    cost[2, fails:] = LARGEST_COST
    states, actions, costs = sample_set.held(X, U, cost)
    np.testing.assert_array_equal(costs, cost)
    for kept, given in ((states, X), (actions, U)):
        np.testing.assert_array_equal(kept[:2], given[:2])
        np.testing.assert_array_equal(kept[2, : last + 1], given[2, : last + 1])
        np.testing.assert_array_equal(kept[2, last:], given[2, last : last + 1].repeat(T - last, 0))


def test_theta_star_and_the_newest_policy_stay_active_however_improbable(state, best, newest, rng):
    """Of five policies those two, and the one whose samples are most probable under theta*."""
    shifts = (0.0, 10.0, 50.0, 60.0, 90.0)  # standard deviations
    policies = [replace(best, b2=best.b2 + shift * best.sigma) for shift in shifts]
    samples = state.memory
    for policy in policies[1:]:
        samples = sample_set.with_policy(samples, policy, samples_of(policy, 1.0, rng))
    samples.X[1], samples.U[1] = samples.X[3], samples.U[3]  # those of theta*, far from it
    kept = sample_set.active_set(samples, best, sample_set.estimator_data(samples, best))
    assert sample_set.POLICIES == 3 and kept.best == 0
    expected = [policies[i].theta for i in (0, 1, 4)]
    np.testing.assert_array_equal(kept.theta, expected)
    np.testing.assert_array_equal(kept.U, samples.U[[0, 1, 2, 5]])


def test_line_7_lowers_the_estimate_and_gives_it_in_raw_units(state, best, rng):
    """The value is that of the estimate at the policy found, whatever unit it was fitted in."""
    samples = state.memory._replace(regularizer=0.5)
    samples.cost[1] = np.abs(samples.X[1]).sum(axis=-1)
    samples.U[1] *= 30.0
    result, newest = gps.optimized(samples, best)
    data = sample_set.estimator_data(samples, best)
    estimate = ReturnEstimate(*data, len(best.b1), 0.5)
    assert estimate(newest.theta)[0] == pytest.approx(result.value, rel=1e-9)
    assert result.value < estimate(best.theta)[0]
