"""The methods that the paper compares with, on a second of swimming."""

from functools import partial

import numpy as np
import pytest
from searching import run, stored_and_resumed

from vgps.codegen.description.robot import load
from vgps.policy import cost_weighted, dagger, gps, sample_set
from vgps.policy.controller import LinearGaussianController
from vgps.policy.methods import METHODS
from vgps.policy.mstep import Samples, fit
from vgps.policy.rollouts import LARGEST_COST, run_policy_from, step_costs
from vgps.policy.search import initial_trajectories, search_settings
from vgps.policy.settings import RunSettings
from vgps.policy.state import start

T = 50


@pytest.fixture(scope="module")
def model(swimmer):
    return swimmer


@pytest.fixture(scope="module")
def settings(model):
    whole = search_settings(RunSettings(hidden=3), model.robot)._replace(rollouts=4)
    return whole._replace(horizon=T, fit=whole.fit._replace(starts=2, iterations=20, tail=0))


@pytest.fixture(scope="module")
def beginning(model, settings):
    return start(model, initial_trajectories(model, settings, np.random.default_rng(0)))


@pytest.fixture(scope="module")
def found(model, settings, beginning):
    """The state of guided policy search after several iterations."""
    return run("adapted-gps", model, settings, beginning, np.random.default_rng(2), 6)[0]


@pytest.mark.parametrize("name", METHODS)
def test_a_stored_state_continues_to_the_same_bits(name, model, settings, beginning, tmp_path):
    stored_and_resumed(name, model, settings, beginning, tmp_path / "state.npz", 2, 2)


@pytest.mark.parametrize("name", METHODS)
def test_records_say_what_was_adapted_and_sampled(name, model, settings, beginning):
    state, records = run(name, model, settings, beginning, np.random.default_rng(3), 3)
    method = METHODS[name]
    initial = model.cost(beginning.q[0].X, beginning.q[0].U).sum()
    assert [record.iteration for record in records] == [1, 2, 3]
    assert all((record.ddp_iterations > 0) == method.adapts for record in records)
    if not method.adapts:
        assert all(record.ddp_cost == initial for record in records)
    rollouts = [record.rollouts for record in records]
    guides = {"gps": 4, "adapted-gps": 4}.get(name, 0)
    adapted = 4 if name == "adapted-gps" else 0
    each = 4 + adapted if method.samples else 0
    first = 8 if guides else 0
    assert rollouts == [first, first + each, first + 2 * each]
    assert state.rollouts == rollouts[-1]


# Weighted likelihood


def test_equal_weights_are_maximum_likelihood(model, settings, found, rng):
    policy = found.policy
    inputs, actions = rng.normal(size=(80, len(policy.observed))), rng.normal(size=(80, model.nu))
    thetas = []
    for weights in (np.ones(80), np.exp(cost_weighted.cost_weights(np.full((4, 20), 1e3), 10.0))):
        samples = Samples.of_actions(inputs, actions, weights.ravel())
        draw = partial(lambda samples, rng: samples, samples)
        fitted = fit(policy, draw, settings.fit, np.random.default_rng(0))
        thetas.append(fitted.policy.theta)
    np.testing.assert_allclose(*thetas, rtol=1e-6)


def test_an_action_is_weighted_by_the_cost_that_follows_it():
    cost = np.array([[9.0, 1.0, 2.0], [0.0, 2.0, 0.0]])
    weights = np.exp(cost_weighted.cost_weights(cost, 0.5))
    following = np.array([[12.0, 3.0, 2.0], [2.0, 2.0, 0.0]])
    expected = np.exp(-0.5 * following) / np.exp(-0.5 * following).sum(axis=0)
    np.testing.assert_allclose(weights, expected, rtol=1e-12)
    dear = cost_weighted.cost_weights(1e3 * cost, 10.0)
    np.testing.assert_allclose(np.exp(dear).sum(axis=0), 1.0, rtol=1e-12)


def test_nothing_is_learned_from_failed_rollouts():
    cost = np.array([[1.0, 2.0, LARGEST_COST], [1.0, LARGEST_COST, LARGEST_COST]])
    weights = np.exp(cost_weighted.cost_weights(cost, 1.0))
    np.testing.assert_allclose(weights, [[1.0, 1.0, 0.0], [0.0, 0.0, 0.0]], atol=1e-300)


def test_a_failed_rollout_costs_the_most_from_there(model, found, rng):
    noise = np.zeros((2, 20, model.nu))
    noise[1, 5:] = 1e9
    rollouts = run_policy_from(model, found.policy, np.tile(model.x0, (2, 1)), noise)
    cost = step_costs(model, rollouts.X, rollouts.U)
    np.testing.assert_allclose(cost[0], model.cost(rollouts.X[0], rollouts.U[0]), rtol=1e-12)
    np.testing.assert_allclose(cost[1, :5], cost[0, :5], rtol=1e-12)
    np.testing.assert_array_equal(cost[1, 5:], LARGEST_COST)


# The controller of a DDP solution


def test_the_controller_runs_in_the_true_dynamics(compiled, beginning, rng):
    model = compiled(load("swimmer", {"task.process_noise": "{}"}))
    (q,) = beginning.q
    controller = LinearGaussianController.of(q, 30)
    X, U = controller.sample(model, 2, rng)
    for r in range(2):
        for t in range(30):
            np.testing.assert_allclose(model.step(X[r, t], U[r, t]), X[r, t + 1], rtol=1e-8)
    silent = controller._replace(root=1e-12 * controller.root)
    X, U = silent.sample(model, 2, rng)
    feedback = q.U[:30] + np.einsum("tij,rtj->rti", q.K[:30], X[:, :30] - q.X[:30])
    np.testing.assert_allclose(U, feedback, atol=1e-6)


def test_the_controller_knows_its_density(beginning, rng):
    (q,) = beginning.q
    X = q.X[None] + 0.1 * rng.normal(size=(2, *q.X.shape))
    U = q.U[None] + 50.0 * rng.normal(size=(2, *q.U.shape))
    log_prob = LinearGaussianController.of(q, T).log_prob(X, U)
    for r, t in ((0, 0), (1, 20), (0, 49)):
        error = U[r, t] - q.U[t] - q.K[t] @ (X[r, t] - q.X[t])
        expected = -0.5 * error @ np.linalg.solve(q.covariance[t], error)
        expected -= 0.5 * np.log(np.linalg.det(2.0 * np.pi * q.covariance[t]))
        assert log_prob[r, t] == pytest.approx(expected, rel=1e-9)


# DAGGER


def dataset_of(X):
    """Rollouts X (C, T, nx) from the only initial state."""
    return dagger.Dataset(X, len(X), np.zeros(len(X), dtype=int))


def test_weighted_dagger_is_dagger_where_all_weights_are_equal(model, beginning):
    (narrow,) = beginning.q
    q = narrow._replace(Sigma=1e12 * np.tile(np.eye(model.nx), (T, 1, 1)))
    dataset = dataset_of(narrow.sample_states(6, np.random.default_rng(0)).swapaxes(0, 1))
    plain, weighted = (
        dagger.labelled(model, dataset, [q], 120, w, noisy=False)(np.random.default_rng(1))
        for w in (False, True)
    )
    for name, value in plain._asdict().items():
        np.testing.assert_array_equal(getattr(weighted, name), value, err_msg=name)


def test_states_count_by_their_density_and_take_the_oracles_action(model, beginning):
    (q,) = beginning.q
    X = q.sample_states(3, np.random.default_rng(0)).swapaxes(0, 1)  # (3, T, nx)
    X[1, 30:] = np.nan
    samples = dagger.labelled(model, dataset_of(X), [q], 1000, True, noisy=True)(
        np.random.default_rng(1)
    )
    log_weight, action, inputs, covariance = [], [], [], []
    for c in range(3):
        for t in range(30 if c == 1 else T):
            deviation = X[c, t] - q.mu[t]
            log_weight.append(-0.5 * deviation @ np.linalg.solve(q.Sigma[t], deviation))
            action.append(q.U[t] + q.K[t] @ (X[c, t] - q.X[t]))
            inputs.append(X[c, t][list(model.robot.observed_indices)])
            covariance.append(q.covariance[t])
    kept = np.array(log_weight) > max(log_weight) + np.log(1e-6)
    np.testing.assert_allclose(samples.inputs, np.array(inputs)[kept], rtol=1e-12)
    np.testing.assert_allclose(samples.mean, np.array(action)[kept], rtol=1e-9)
    np.testing.assert_array_equal(samples.covariance, np.array(covariance)[kept])
    ratio = samples.weights / np.exp(np.array(log_weight)[kept])
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-6)


def test_every_rollout_is_equally_likely_to_stay_in_the_dataset():
    rng, capacity, offered, times = np.random.default_rng(0), 5, 20, 2000
    count = np.zeros(offered)
    for _ in range(times):
        memory = dataset_of(np.zeros((1, 1, 1)))
        for first in range(1, offered, 3):
            number = np.arange(first, min(first + 3, offered))
            X = number.reshape(-1, 1, 1).astype(float)
            memory = dagger.added(memory, X, number, capacity, rng)
        assert memory.X.shape == (capacity, 1, 1) and memory.seen == offered
        np.testing.assert_array_equal(memory.start, memory.X.ravel())  # they stay together
        count[memory.X.ravel().astype(int)] += 1
    p = capacity / offered
    assert (abs(count / times - p) < 4.5 * np.sqrt(p * (1 - p) / times)).all()


# Guided policy search


def test_samples_count_under_the_mixture_of_all_that_drew_them(found):
    memory, policy = found.memory, found.policy
    Z, U, reward, log_q = sample_set.estimator_data(memory, policy)
    B, R, steps, nx = memory.X.shape
    assert B == 2 + sample_set.POLICIES and (R, steps) == (4, T)
    i = 2 * R + 1  # the second sample of the first policy
    X = memory.X.reshape(B * R, steps, nx)[i]
    densities = []
    for g in range(2):
        error = U[i] - memory.guide_U[g]
        error -= np.einsum("tij,tj->ti", memory.guide_K[g], X - memory.guide_X[g])
        covariance = memory.guide_root[g] @ memory.guide_root[g].transpose(0, 2, 1)
        square = np.einsum("ti,tij,tj->t", error, np.linalg.inv(covariance), error)
        log_det = np.log(np.linalg.det(2.0 * np.pi * covariance))
        densities.append(np.cumsum(-0.5 * square - 0.5 * log_det))
    for theta in memory.theta:
        densities.append(np.cumsum(policy.with_theta(theta).log_prob(X, U[i])))
    shift = np.max(densities, axis=0)
    expected = shift + np.log(np.exp(np.array(densities) - shift).mean(axis=0))
    np.testing.assert_allclose(log_q[i], expected, rtol=1e-9)
    np.testing.assert_array_equal(Z[i], X[:, policy.observed])
    np.testing.assert_array_equal(reward[i], -memory.cost.reshape(B * R, steps)[i])


def test_the_policy_is_the_best_of_the_sample_set(found):
    memory = found.memory
    assert len(memory.theta) == sample_set.POLICIES
    np.testing.assert_array_equal(memory.theta[memory.best], found.policy.theta)
    low, high = gps.REGULARIZER
    assert low <= memory.regularizer <= high


def test_an_unlikely_batch_leaves_the_active_set_but_best_and_newest_stay(found, rng):
    memory, policy = found.memory, found.policy
    useless = policy.with_theta(policy.theta + 3.0 * rng.normal(size=policy.theta.size))
    own = len(memory.X) - len(memory.theta) + memory.best  # the batch of theta*
    X, U, cost = memory.X[own], memory.U[own], memory.cost[own]
    crowded = sample_set.with_policy(memory, useless, (X, U + 1e4, cost))
    for _ in range(2):
        crowded = sample_set.with_policy(crowded, policy, (X, U, cost))
    kept = sample_set.active_set(crowded, policy, sample_set.estimator_data(crowded, policy))
    assert len(kept.theta) == sample_set.POLICIES and len(kept.X) == 2 + sample_set.POLICIES
    np.testing.assert_array_equal(kept.theta[kept.best], policy.theta)
    np.testing.assert_array_equal(kept.theta[-1], policy.theta)
    assert not (kept.theta == useless.theta).all(axis=1).any()
