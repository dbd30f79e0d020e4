"""Costs and terms of success of steps that have nothing to do with each other."""

import numpy as np
import pytest
from arm import ARM

TIMED = ARM.replace("(hand.y - 1)**2", "(hand.y - t)**2").replace(
    "min(elbow.q) > -1", "min(elbow.q + 3*t) > -1"
)


@pytest.fixture(scope="module", params=[ARM, TIMED], ids=["any time", "named time"])
def model(request, build_text):
    return build_text(request.param)


def test_they_are_those_of_a_trajectory_at_their_times(model):
    rng = np.random.default_rng(0)
    T = 13
    X, U = rng.normal(size=(T, model.nx)), rng.normal(size=(T, model.nu))
    order = rng.permutation(T)
    apart = X[order], U[order], model.dt * order
    # Lanes that are filled otherwise may be rounded otherwise.
    np.testing.assert_allclose(model.costs(*apart), model.cost(X, U)[order], rtol=1e-13)
    terms = model.terms(*apart)  # final(hand.y), min(elbow.q ...)
    values = np.array([terms[order.argmax(), 0], terms[:, 1].min()])
    np.testing.assert_array_equal(values, model.aggregates(X, U))


def test_there_must_be_a_time_for_each(model):
    X, U = np.zeros((2, model.nx)), np.zeros((2, model.nu))
    for function in (model.costs, model.terms):
        with pytest.raises(ValueError, match=r"t must have shape \(2\), found \(3,\)"):
            function(X, U, np.zeros(3))
