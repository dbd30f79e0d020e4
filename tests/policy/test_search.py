"""The loop of Algorithm 1 as a generator, on half a second of swimming."""

from itertools import islice

import numpy as np
import pytest
from pydantic import ValidationError

from vgps.codegen.description.robot import load
from vgps.policy.search import search
from vgps.policy.settings import RunSettings

SETTINGS = RunSettings(hidden=3, iterations=3)


@pytest.fixture(scope="module")
def model(compiled):
    return compiled(load("swimmer", {"task.horizon": 25}))


def thetas(found):
    return [state.policy.theta for state, _ in found]


def test_it_yields_every_iteration_and_ends(model):
    found = list(search(model, "vgps", SETTINGS, np.random.default_rng(0)))
    assert [state.k for state, _ in found] == [1, 2, 3]
    assert [record.iteration for _, record in found] == [1, 2, 3]
    alphas = [record.alpha for _, record in found]
    assert alphas == sorted(alphas, reverse=True)


@pytest.mark.parametrize("method", ["vgps", "weighted-dagger"])
def test_from_a_state_it_continues_to_the_same_bits(model, method):
    whole = thetas(search(model, method, SETTINGS, np.random.default_rng(0)))
    rng = np.random.default_rng(0)
    ((state, _),) = islice(search(model, method, SETTINGS, rng), 1)
    rest = thetas(search(model, method, SETTINGS, rng, state))
    np.testing.assert_array_equal(rest, whole[1:])


def test_nothing_is_done_before_it_is_asked_for(model):
    rng = np.random.default_rng(0)
    before = rng.bit_generator.state
    search(model, "vgps", SETTINGS, rng)
    assert rng.bit_generator.state == before


def test_the_method_stands_in_place_of_that_of_the_settings(model):
    other = SETTINGS.replaced(method="dagger")
    first = thetas(search(model, "vgps", other, np.random.default_rng(0)))
    second = thetas(search(model, "vgps", SETTINGS, np.random.default_rng(0)))
    np.testing.assert_array_equal(first, second)


def test_an_unknown_method_is_refused(model):
    with pytest.raises(ValidationError, match="did you mean 'vgps'"):
        next(search(model, "vpgs", SETTINGS, np.random.default_rng(0)))


def test_a_state_of_another_search_is_refused(model, cartpole):
    """Compiled code would read past the ends of its arrays."""
    rng = np.random.default_rng(0)
    ((state, _),) = islice(search(model, "vgps", SETTINGS, rng), 1)
    with pytest.raises(ValueError, match="shape"):
        next(search(cartpole, "vgps", SETTINGS, rng, state))
    with pytest.raises(ValueError, match=r"W1 has shape \(3, 9\), expected \(4, 9\)"):
        next(search(model, "vgps", SETTINGS.replaced(hidden=4), rng, state))
    with pytest.raises(ValueError, match="memory_X is missing"):
        next(search(model, "gps", SETTINGS, rng, state))
    (q,) = state.q
    short = state._replace(q=(q._replace(X=q.X[:-1]),))
    with pytest.raises(ValueError, match=r"q_X has shape \(24, 10\), expected \(25, 10\)"):
        next(search(model, "vgps", SETTINGS, rng, short))
