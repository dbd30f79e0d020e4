"""Searches of a few iterations, without folders."""

import numpy as np

from vgps.policy.plugins import method_of
from vgps.policy.search import initial_trajectories, iterate, search_settings
from vgps.policy.settings import RunSettings
from vgps.policy.state import start
from vgps.policy.store import state_from_arrays, state_to_arrays


def run(name, model, settings, state, rng, iterations):
    """The state after so many iterations of a method, and the records of them."""
    records = []
    for _ in range(iterations):
        state, record = iterate(model, method_of(name), settings, state, rng)
        records.append(record)
    return state, records


def learned(name, model, rng):
    """The state after two iterations of a small search from the beginning."""
    settings = search_settings(RunSettings(method=name, hidden=2), model.robot)
    settings = settings._replace(rollouts=min(settings.rollouts, 5))
    beginning = start(model, initial_trajectories(model, settings, rng))
    return run(name, model, settings, beginning, rng, 2)[0]


def stored_and_resumed(name, model, settings, beginning, path, before, after):
    """The arrays of a state that was stored on the way, which are those of one that was not."""
    rng = np.random.default_rng(3)
    whole, _ = run(name, model, settings, beginning, rng, before + after)

    rng = np.random.default_rng(3)
    half, _ = run(name, model, settings, beginning, rng, before)
    np.savez(path, **state_to_arrays(half))
    with np.load(path, allow_pickle=False) as arrays:
        restored = state_from_arrays(dict(arrays), method_of(name).memory)
    resumed, _ = run(name, model, settings, restored, rng, after)

    a, b = state_to_arrays(whole), state_to_arrays(resumed)
    assert a.keys() == b.keys()
    for key, value in a.items():
        np.testing.assert_array_equal(b[key], value, err_msg=key)
    return b
