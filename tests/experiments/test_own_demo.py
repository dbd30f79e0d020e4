"""A robot whose file names the recording that it starts from: as `--demo`, wherever the run goes."""

from pathlib import Path

import numpy as np
import pytest
import yaml
from same_runs import assert_same

from vgps.codegen.build import build
from vgps.codegen.description.robot import load
from vgps.codegen.errors import RobotFileError
from vgps.experiments.errors import RunFolderError
from vgps.experiments.member import run_member
from vgps.experiments.optimization import optimize_into
from vgps.experiments.plan import missing, plan, store
from vgps.experiments.run import read_run
from vgps.experiments.training import resume, train
from vgps.policy.settings import RunSettings
from vgps.solver.ilqr import Settings
from vgps.solver.optimize import optimize

CARTPOLE = Path(__file__).parents[1] / "robots" / "cartpole.yaml"
SETTINGS = RunSettings(hidden=2, iterations=2, finish="none")
T = 40
AS_THEY_ARE = Settings(max_iterations=0)


@pytest.fixture
def recording(tmp_path):
    """A recording that is longer than the task, in a folder beside the robot's."""
    path = tmp_path / "recordings" / "push.npz"
    path.parent.mkdir()
    np.savez(path, U=2.0 * np.random.default_rng(3).standard_normal((T + 20, 1)))
    return path


@pytest.fixture
def robot(tmp_path, recording):
    """The cart-pole with `start: {demo: ../recordings/push.npz}`."""
    text = CARTPOLE.read_text(encoding="utf-8")
    assert text.count("{noise: 0}") == 1
    path = tmp_path / "robots" / "cartpole.yaml"
    path.parent.mkdir()
    path.write_text(text.replace("{noise: 0}", "{demo: ../recordings/push.npz}"), encoding="utf-8")
    return load(path, {"task.horizon": T})


@pytest.fixture
def plain():
    return load(CARTPOLE, {"task.horizon": T})


def test_it_is_what_demo_is_to_the_bit(robot, plain, recording, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the path is from the robot's folder
    _, (own,), result = optimize_into(tmp_path / "own", robot)
    _, (given,), _ = optimize_into(tmp_path / "given", plain, demo=recording)
    np.testing.assert_array_equal(own.U, given.U)
    np.testing.assert_array_equal(own.X, given.X)
    assert result["start_by_initial"] == ["demo (../recordings/push.npz)"]
    assert_same(train(robot, SETTINGS), train(plain, SETTINGS, demonstration=recording))


def test_a_run_keeps_it(robot, recording, tmp_path):
    whole = train(robot, SETTINGS, out=tmp_path / "whole")
    train(robot, SETTINGS.replaced(iterations=1), out=tmp_path / "part")
    for name in ("checkpoint.npz", "metrics.csv", "trajectory.npz"):  # not further than that
        (tmp_path / "part" / name).unlink()
    recording.unlink()
    assert_same(read_run(tmp_path / "whole"), whole)
    assert_same(resume(tmp_path / "part", iterations=2), whole)
    config = yaml.safe_load((tmp_path / "whole" / "config.yaml").read_text(encoding="utf-8"))
    assert config["chosen"]["task.start"] == "demo (../recordings/push.npz)"
    assert config["demo"] is None


def test_a_run_goes_on_with_the_recording_that_it_began_with(robot, recording, tmp_path):
    train(robot, SETTINGS, out=tmp_path / "run")
    assert_same(train(robot, SETTINGS, out=tmp_path / "run"), read_run(tmp_path / "run"))
    np.savez(recording, U=np.zeros((T, 1)))
    with pytest.raises(RunFolderError, match="started from another demonstration"):
        train(robot, SETTINGS, out=tmp_path / "run")


def test_a_comparison_takes_it_along(robot, recording, tmp_path):
    alone = train(robot, SETTINGS)
    (member,) = plan([robot], [2], ["vgps"], seeds=1, iterations=2)
    recording.unlink()  # as on another machine
    store(tmp_path / "out", member, run_member(member, tmp_path))
    assert not missing(tmp_path / "out", [member])
    assert_same(read_run(tmp_path / "out" / "runs" / member.name), alone)


def test_a_comparison_does_not_go_on_with_another(robot, recording, tmp_path):
    (member,) = plan([robot], [2], ["vgps"], seeds=1, iterations=1)
    store(tmp_path, member, run_member(member, tmp_path))
    with np.load(recording) as arrays:
        np.savez(recording, U=arrays["U"] + 0.1)
    (other,) = plan([robot], [2], ["vgps"], seeds=1, iterations=1)
    with pytest.raises(RunFolderError, match="seed0 began with another recording: choose another"):
        missing(tmp_path, [other])


def test_a_longer_horizon_goes_on_with_the_last_action(robot, recording):
    model = build(robot)
    found = optimize(model, horizon=T + 5, settings=AS_THEY_ARE)
    with np.load(recording) as arrays:
        U = arrays["U"]
    np.testing.assert_array_equal(found.U[:T], U[:T])
    np.testing.assert_array_equal(found.U[T:], np.tile(U[T - 1], (5, 1)))


def test_what_is_wrong_with_it_has_a_place(robot, recording, tmp_path):
    place = f"{robot.path}:49:17: "
    model = build(robot)
    np.savez(recording, U=np.full((T - 1, 1), 1.0))
    with pytest.raises(RobotFileError) as caught:
        optimize(model)
    expected = f"{robot.path.replace('cartpole.yaml', '../recordings/push.npz')}: U must have shape"
    assert str(caught.value).startswith(f"{place}{expected} ({T} or more, 1), found ({T - 1}, 1)")
    recording.unlink()
    for begin in (
        lambda: train(robot, SETTINGS, out=tmp_path / "run"),
        lambda: optimize_into(tmp_path / "trajectory", robot),
        lambda: plan([robot], [2], ["vgps"], seeds=1),
    ):
        with pytest.raises(RobotFileError) as caught:
            begin()
        assert str(caught.value).startswith(place)
        assert str(caught.value).endswith("cannot be read: No such file or directory")
