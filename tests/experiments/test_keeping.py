"""What of a search is stored when."""

from pathlib import Path

import numpy as np
import pytest

from vgps.codegen.description.robot import load
from vgps.experiments import keeping, training
from vgps.experiments.checkpoint import read_checkpoint
from vgps.experiments.policies import read_thetas
from vgps.experiments.training import resume, train
from vgps.policy.settings import RunSettings

CARTPOLE = Path(__file__).parents[1] / "robots" / "cartpole.yaml"
SETTINGS = RunSettings(hidden=2, iterations=4, finish="none")


class Stopped(Exception):
    pass


@pytest.fixture(scope="module")
def robot():
    return load(CARTPOLE, {"task.horizon": 30})


@pytest.fixture
def stored(monkeypatch):
    """The iterations that were stored."""
    iterations = []

    def counted(folder, robot, checkpoint):
        iterations.append(checkpoint.state.k)
        store_checkpoint(folder, robot, checkpoint)

    store_checkpoint = keeping.store_checkpoint
    monkeypatch.setattr(keeping, "store_checkpoint", counted)
    return iterations


def clock(monkeypatch, seconds):
    """Each look at the clock is so much later than the one before."""
    times = iter(np.arange(1000.0) * seconds)
    monkeypatch.setattr(keeping.time, "monotonic", lambda: next(times))


@pytest.mark.parametrize(
    ("seconds", "expected"), [(2.0, [1, 2, 3, 4]), (0.4, [1, 4]), (0.0, [1, 4])]
)
def test_at_most_once_a_second_and_at_the_end(
    robot, stored, monkeypatch, tmp_path, seconds, expected
):
    clock(monkeypatch, seconds)
    run = train(robot, SETTINGS, out=tmp_path / "run")
    assert stored == expected
    assert len(read_thetas(run.folder, SETTINGS, robot)) == 4
    assert read_checkpoint(run.folder, SETTINGS, robot).state.k == 4


def test_where_it_is_stopped_it_is_stored_and_goes_on_to_the_same_bits(
    robot, stored, monkeypatch, tmp_path
):
    clock(monkeypatch, 0.0)
    whole, measured = train(robot, SETTINGS), training.measured

    def stops(model, policy, seed, row, *others):
        if row == 4:
            raise Stopped
        return measured(model, policy, seed, row, *others)

    monkeypatch.setattr(training, "measured", stops)
    with pytest.raises(Stopped):
        train(robot, SETTINGS, out=tmp_path / "run")
    assert stored == [1, 3]
    monkeypatch.setattr(training, "measured", measured)
    resumed = resume(tmp_path / "run")
    np.testing.assert_array_equal(resumed.policy.theta, whole.policy.theta)
    assert list(resumed.metrics["iteration"]) == [1, 2, 3, 4]
