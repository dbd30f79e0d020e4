"""A checkpoint that cannot be gone on from is refused in one sentence that names it."""

import json
from pathlib import Path

import numpy as np
import pytest

from vgps.codegen.archive import ArrayFileError
from vgps.codegen.description.robot import load
from vgps.experiments.checkpoint import read_checkpoint, store_checkpoint
from vgps.experiments.run_folder import RunFolder
from vgps.experiments.training import train
from vgps.policy.settings import RunSettings

CARTPOLE = Path(__file__).parents[1] / "robots" / "cartpole.yaml"
GPS = RunSettings(method="adapted-gps", hidden=2, iterations=2)


@pytest.fixture(scope="module")
def robot():
    return load(CARTPOLE, {"task.horizon": 30})


@pytest.fixture(scope="module")
def trained(robot, tmp_path_factory):
    return train(robot, GPS, out=tmp_path_factory.mktemp("runs") / "gps").folder


@pytest.fixture
def refusal(robot, trained, tmp_path):
    """The sentence about the checkpoint with other arrays in it."""

    def read(settings=GPS, **changed):
        with np.load(trained.file("checkpoint.npz")) as arrays:
            np.savez(tmp_path / "checkpoint.npz", **(dict(arrays) | changed))
        with pytest.raises(ArrayFileError) as caught:
            read_checkpoint(RunFolder(tmp_path), settings, robot)
        path = tmp_path / "checkpoint.npz"
        assert str(caught.value).startswith(f"{path}: ")
        return str(caught.value).removeprefix(f"{path}: ")

    return read


def random_state(**changed):
    state = np.random.default_rng(0).bit_generator.state
    return np.array(json.dumps(state | changed))


def test_what_is_stored_is_read(robot, trained, tmp_path):
    checkpoint = read_checkpoint(trained, GPS, robot)
    assert checkpoint.state.k == 2
    folder = RunFolder(tmp_path)
    store_checkpoint(folder, robot, checkpoint)
    again = read_checkpoint(folder, GPS, robot)
    assert again.random == checkpoint.random
    assert again.best._replace(theta=None) == checkpoint.best._replace(theta=None)
    np.testing.assert_array_equal(again.best.theta, checkpoint.best.theta)
    for one, other in zip(again.state.memory, checkpoint.state.memory, strict=True):
        np.testing.assert_array_equal(one, other)


def test_before_the_first_there_is_none(robot, tmp_path):
    assert read_checkpoint(RunFolder(tmp_path), GPS, robot) is None


@pytest.mark.parametrize(
    "random, sentence",
    [
        (np.array("{"), "Invalid JSON: EOF while parsing an object at line 1 column 1"),
        (np.array("[]"), "must be an object"),
        (random_state(bit_generator="MT19937"), "bit_generator must be 'PCG64', found 'MT19937'"),
        (random_state(state={"state": 1}), "lacks state.inc"),
        (random_state(state={"state": -1, "inc": 1}), "state.state must be a whole number of 128"),
        (random_state(state={"state": 2**128, "inc": 1}), "state.state must be a whole number of"),
        (random_state(state={"state": 1.5, "inc": 1}), "state.state must be a valid integer"),
        (random_state(state={"state": 1, "inc": 2}), "state.inc must be odd, found 2"),
        (random_state(uinteger=2**32), "uinteger must be a whole number of 32 bits"),
        (random_state(has_uint32=2), "has_uint32 must be 0 or 1, found 2"),
        (random_state(more=1), "unknown key more"),
    ],
)
def test_the_state_of_the_generator(refusal, random, sentence):
    assert refusal(random=random).startswith(f"the state of the random generator: {sentence}")


@pytest.mark.parametrize(
    "changed, sentence",
    [
        ({"k": np.array(0)}, "k must lie between 1 and 2, found 0"),
        ({"k": np.array(1000)}, "k must lie between 1 and 2, found 1000"),
        ({"observed": np.array([0, 1, 2, 1000])}, "observed must lie between 0 and 3, found 1000"),
        ({"observed": np.array([0, 1, 2, 2])}, "observed must be different indices"),
        ({"observed": np.array([1, 0, 2, 3])}, "the policy observes the coordinates [1, 0, 2, 3]"),
        ({"q_X": np.zeros((31, 4))}, "q_X has shape (31, 4), expected (30, 4)"),
        ({"q_Sigma": np.full((30, 4, 4), -1.0)}, "q_Sigma is not positive semidefinite"),
        ({"memory_best": np.array(9)}, "memory_best must lie between 0 and "),
        ({"memory_theta": np.zeros((2, 12))}, "memory_theta has shape (2, 12), expected ("),
        ({"memory_theta": np.zeros((9, 14))}, "memory_X must have a batch for each guide"),
    ],
)
def test_arrays_that_do_not_fit(refusal, changed, sentence):
    assert refusal(**changed).startswith(sentence)


def test_a_checkpoint_of_another_method_or_size(refusal):
    said = refusal(RunSettings(method="vgps", hidden=2, iterations=2))
    assert said == "is not a checkpoint of vgps: it holds 'memory_X'"
    said = refusal(RunSettings(method="dagger", hidden=2, iterations=2))
    assert said.startswith("is not a checkpoint of dagger: it lacks memory_seen, and holds k, ")
    assert refusal(GPS.replaced(hidden=3)) == "W1 has shape (2, 4), expected (3, 4)"


def test_an_early_checkpoint_names_no_best_policy(robot, trained, tmp_path):
    with np.load(trained.file("checkpoint.npz")) as arrays:
        early = {name: array for name, array in arrays.items() if not name.startswith("best_")}
        np.savez(tmp_path / "checkpoint.npz", **early)
    assert read_checkpoint(RunFolder(tmp_path), GPS, robot).best is None
