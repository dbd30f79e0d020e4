"""A policy is read from its file as it was written, or refused with the file's name."""

import numpy as np
import pytest
from imitation import random_policy

from vgps.codegen.description.identity import identity
from vgps.codegen.errors import InputError
from vgps.policy import finish
from vgps.policy.store import finish_from_arrays, load_policy, policy_to_arrays, read_policy


@pytest.fixture
def policy(cartpole, rng):
    return random_policy(rng, n_in=4, nu=1, observed=np.arange(4))


@pytest.fixture
def stored(policy, cartpole, tmp_path):
    """Write policy.npz with other arrays in it, and without some."""

    def store(*without, **changed):
        arrays = policy_to_arrays(policy) | {"robot": np.array(identity(cartpole.robot))}
        arrays |= changed
        kept = {name: array for name, array in arrays.items() if name not in without}
        np.savez(tmp_path / "policy.npz", **kept)
        return tmp_path / "policy.npz"

    return store


def test_it_is_read_as_it_was_written(policy, cartpole, stored):
    assert read_policy(stored(), cartpole.robot)[1] is None
    again, iteration = read_policy(stored(iteration=np.array(7)), cartpole.robot, 7)
    np.testing.assert_array_equal(again.theta, policy.theta)
    assert iteration == 7


def test_of_another_robot(stored, swimmer, cartpole):
    path = stored()
    with pytest.raises(InputError) as caught:
        read_policy(path, swimmer.robot)
    assert str(caught.value) == f"{path}: was made for 'cartpole', not for 'swimmer'"
    load_policy(path)  # of which robot is nobody's question
    with pytest.raises(InputError, match="observed must lie between 0 and 3, found 4"):
        read_policy(stored(observed=np.arange(1, 5)), cartpole.robot)
    with pytest.raises(InputError, match=r"W2 has shape \(1, \d+\), expected \(2, "):
        read_policy(stored("robot"), swimmer.robot)


@pytest.mark.parametrize(
    "without, changed, sentence",
    [
        (["W1", "b2"], {}, "is not a policy: it lacks W1, b2, and holds observed, b1"),
        ([], {"observed": np.array([0, 1, 2, 2])}, "observed must be different indices"),
        ([], {"observed": np.array([0, 1, 2, -1])}, "observed must lie between 0 and"),
        ([], {"b2": np.array([np.nan])}, "b2 has entries that are not finite"),
        ([], {"b2": np.zeros(2)}, "b2 has shape (2,), expected (1,)"),
        ([], {"log_sigma": np.zeros(())}, "log_sigma has shape (), expected (1,)"),
        ([], {"k": np.array(1)}, "is not a policy: it holds 'k'"),
    ],
)
def test_what_is_no_policy(stored, without, changed, sentence):
    path = stored(*without, **changed)
    for place in (path, path.parent):
        with pytest.raises(ValueError) as caught:
            load_policy(place)
        assert isinstance(caught.value, InputError)
        assert str(caught.value).startswith(f"{path}: {sentence}")


def test_a_finish_of_an_early_version_has_ended_where_it_had(cartpole, policy, rng):
    """It did all iterations of each pass, of which the last 84 were averaged, and did not say so."""
    state = finish.begin(cartpole, policy, rng)
    arrays = {name: np.asarray(value) for name, value in state._asdict().items()}
    for name in ("earlier", "closing", "least", "idle"):
        del arrays[name]
    arrays |= {"passes": np.array(1), "iteration": np.array(420)}
    stored = finish_from_arrays(arrays)
    assert stored.ended and stored.rounds == 2 * 21
    assert not finish_from_arrays(arrays | {"iteration": np.array(340)}).ended
