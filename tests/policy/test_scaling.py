"""Standard units are another parametrisation of the same function."""

import numpy as np
import pytest
from imitation import random_policy

from vgps.policy.scaling import Scaling


@pytest.fixture
def scaling(rng):
    inputs = rng.standard_normal((200, 4)) * [1e-3, 1.0, 50.0, 0.0] + [0.0, -2.0, 300.0, 7.0]
    actions = rng.standard_normal((200, 2)) * [200.0, 0.1]
    return Scaling.of(inputs, actions)


def test_there_and_back(rng, scaling):
    policy = random_policy(rng)
    back = scaling.to_raw(policy, scaling.to_standard(policy))
    np.testing.assert_allclose(back.theta, policy.theta, rtol=1e-12, atol=1e-10)


def test_same_function(rng, scaling):
    """The standard network on standard inputs, scaled back, is the raw network on raw inputs."""
    policy = random_policy(rng)
    x = rng.standard_normal((20, 6)) * 3.0
    standard = policy.with_theta(scaling.to_standard(policy))
    z = np.zeros_like(x)
    z[:, policy.observed] = scaling.inputs(x[:, policy.observed])
    np.testing.assert_allclose(
        scaling.action * standard.mean(z), policy.mean(x), rtol=1e-9, atol=1e-9
    )
    np.testing.assert_allclose(scaling.action * standard.sigma, policy.sigma, rtol=1e-12)


def test_what_does_not_vary_keeps_its_units(scaling):
    assert scaling.scale[3] == 1.0


def test_units_are_those_of_the_samples(rng):
    inputs = 5.0 + 1e-3 * rng.standard_normal((200, 3))
    actions = np.column_stack([0.1 * rng.standard_normal(200), np.full(200, 7.0)])
    scaling = Scaling.of(inputs, actions)
    standard = scaling.inputs(inputs)
    np.testing.assert_allclose(standard.mean(axis=0), 0.0, atol=1e-9)
    np.testing.assert_allclose(standard.std(axis=0), 1.0, rtol=1e-9)
    np.testing.assert_allclose(scaling.action, [actions[:, 0].std(), 1.0], rtol=1e-12)


def test_rounding_errors_are_no_units(rng):
    """The mean of equal numbers differs from them in the last bit, and so their deviation from 0."""
    equal = np.full((997, 2), 0.1) * [1.0, 3e5]
    assert np.array_equal(Scaling.of(equal, equal).action, [1.0, 1.0])
