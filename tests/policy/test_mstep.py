"""The M-step on samples made by hand: what it fits, in which units it says so, where it starts."""

from dataclasses import replace

import numpy as np
import pytest
from imitation import random_policy

from vgps.policy.bound import ClosedFormBound
from vgps.policy.fisher import natural_basis
from vgps.policy.mstep import (
    FitSettings,
    Samples,
    _objective,
    _random_policy,
    first_fit,
    fit,
    minimized,
)
from vgps.policy.observation import Coordinates
from vgps.policy.scaling import Scaling
from vgps.policy.state import SearchSettings

T, M, N_IN, NU = 40, 10, 4, 2
OBSERVED = Coordinates(np.arange(N_IN))
SETTINGS = FitSettings(states_per_step=M, tail=0, optimizer="lbfgs", bound="closed")


@pytest.fixture
def samples(rng):
    """Observations and actions far from standard units, with a noise that differs between steps."""
    inputs = 3.0 + rng.normal(size=(T * M, N_IN)) * [0.1, 1.0, 10.0, 100.0]
    mean = 50.0 + 20.0 * np.sin(inputs[:, :NU]) + 0.1 * inputs[:, 2:]
    roots = rng.normal(size=(T, NU, NU))
    return Samples(inputs, mean, roots @ roots.transpose(0, 2, 1), M, np.ones(T * M))


@pytest.mark.parametrize("optimizer", ["lbfgs", "sgd"])
def test_the_value_of_a_fit_is_that_of_the_bound_in_raw_units(samples, optimizer, rng):
    settings = SETTINGS._replace(optimizer=optimizer, iterations=5, sgd_steps=5)
    fitted = fit(random_policy(rng), lambda rng: samples, settings, rng)
    raw = ClosedFormBound(samples.inputs, samples.mean, samples.variance, 3)
    value, _ = raw(fitted.policy.theta)
    assert fitted.value == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize("optimizer", ["lbfgs", "sgd"])
def test_only_the_sampled_bound_draws_actions(samples, optimizer, rng):
    policy = random_policy(rng)
    moved = {}
    for bound in ("closed", "sampled"):
        settings = SETTINGS._replace(bound=bound, optimizer=optimizer, iterations=5, sgd_steps=5)
        thetas = [
            fit(policy, lambda rng: samples, settings, np.random.default_rng(seed)).policy.theta
            for seed in (0, 1)
        ]
        moved[bound] = np.abs(thetas[1] - thetas[0]).max()
    assert moved["closed"] == 0.0 and moved["sampled"] > 0.0


def test_a_random_policy_starts_at_its_least_squares_fit(samples, rng):
    """Of hidden units and a constant: the error has no mean and no correlation with a unit."""
    policy = _random_policy(OBSERVED, 3, samples, rng)
    error = samples.mean - policy.mean(samples.inputs)
    scale = np.abs(error).max()
    np.testing.assert_allclose(error.mean(axis=0), 0.0, atol=1e-9 * scale)
    hidden = np.logaddexp(0.0, samples.inputs @ policy.W1.T + policy.b1)
    np.testing.assert_allclose(hidden.T @ error / len(error), 0.0, atol=1e-8 * scale)
    variance = np.mean(error**2 + samples.variance, axis=0)
    np.testing.assert_allclose(policy.sigma**2, variance, rtol=1e-9)


def test_random_input_weights_sum_to_a_variance_of_one_in_standard_units(samples, rng):
    n_hidden = 2000
    policy = _random_policy(OBSERVED, n_hidden, samples, rng)
    W1 = policy.W1 * Scaling.of(samples.inputs, samples.mean).scale
    summed = np.square(W1).sum(axis=1)  # of n_in squares with mean 1 / n_in each
    standard_error = np.sqrt(2.0 / N_IN / n_hidden)
    assert abs(summed.mean() - 1.0) < 4.5 * standard_error


def test_twelve_iterations_in_natural_units_fit_better_than_fifty_without(rng):
    """From near the optimum, as a search goes on; inputs say nearly the same, as on a trajectory."""
    gained = []
    for _ in range(5):
        mixed = rng.normal(size=(N_IN, N_IN)) * [[1.0], [0.3], [0.03], [0.01]]
        inputs = rng.normal(size=(T * M, N_IN)) @ mixed
        teacher = random_policy(rng, N_IN, n_hidden=5)
        teacher = replace(
            teacher, W1=teacher.W1 @ np.linalg.inv(mixed).T, log_sigma=np.full(NU, np.log(0.1))
        )
        mean = teacher.mean(inputs) + 0.1 * rng.normal(size=(T * M, NU))
        some = Samples.of_actions(inputs, mean, np.ones(T * M))
        off = 0.3 * natural_basis(teacher, inputs) @ rng.normal(size=teacher.n_weights)
        start = teacher.with_theta(teacher.theta + np.append(off, np.zeros(NU)))
        fitted = fit(start, lambda rng: some, SETTINGS._replace(iterations=12), rng)
        scaling = Scaling.of(inputs, mean)
        objective = _objective(some, scaling, "closed", 5, rng)
        plain, _ = minimized(objective, start, scaling, iterations=50)
        gained.append(plain.value + np.log(scaling.action).sum() - fitted.value)
    assert np.mean(gained) > 0.0


@pytest.mark.parametrize("factor", [1e-9, 1e-2, 1e3])
def test_a_fit_does_not_depend_on_the_deviation_that_it_begins_with(samples, factor, rng):
    start = _random_policy(OBSERVED, 3, samples, rng)
    other = replace(start, log_sigma=start.log_sigma + np.log(factor))
    fitted, again = (fit(one, lambda rng: samples, SETTINGS, rng) for one in (start, other))
    assert again.value == pytest.approx(fitted.value, rel=1e-6)
    np.testing.assert_allclose(again.policy.sigma, fitted.policy.sigma, rtol=1e-4)


def test_the_first_fit_is_the_best_of_its_starts(samples):
    """Which are fits of random policies, one after another from the same generator."""
    settings = SETTINGS._replace(starts=4, iterations=3)
    best = first_fit(OBSERVED, 3, lambda rng: samples, settings, np.random.default_rng(0))
    rng = np.random.default_rng(0)
    fits = [
        fit(_random_policy(OBSERVED, 3, samples, rng), lambda rng: samples, settings, rng)
        for _ in range(4)
    ]
    values = [one.value for one in fits]
    assert len(set(values)) == 4
    assert best.value == min(values)
    np.testing.assert_array_equal(best.policy.theta, fits[np.argmin(values)].policy.theta)


def test_a_policy_learns_from_all_steps_but_the_tail():
    fit_settings = SETTINGS._replace(tail=30)
    settings = SearchSettings(
        n_hidden=3,
        horizon=100,
        alpha_start=1.0,
        alpha_end=0.1,
        anneal=50,
        pairs=5,
        rollouts=10,
        noisy_oracle=False,
        fit=fit_settings,
    )
    assert settings.learned_steps == 70


@pytest.mark.parametrize("optimizer", ["lbfgs", "sgd"])
@pytest.mark.parametrize("N", [1, 50])
def test_actions_that_are_all_the_same_are_fitted_with_a_small_deviation(optimizer, N, rng):
    settings = SETTINGS._replace(optimizer=optimizer, starts=2, sgd_steps=20)
    same = Samples.of_actions(rng.normal(size=(N, N_IN)), np.full((N, NU), 0.1 + 0.2), np.ones(N))
    fitted = first_fit(OBSERVED, 3, lambda rng: same, settings, rng)
    assert np.isfinite(fitted.value)
    assert (fitted.policy.sigma > 0).all()
    if optimizer == "lbfgs":
        assert (fitted.policy.sigma < 1e-3).all()
        np.testing.assert_allclose(fitted.policy.mean(same.inputs), same.mean, atol=1e-4)
