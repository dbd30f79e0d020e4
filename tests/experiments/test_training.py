"""Training from Python: kept in a folder or nowhere, continued, and from given actions."""

from pathlib import Path

import numpy as np
import pytest
from same_runs import assert_same

from vgps.codegen.description.robot import load
from vgps.codegen.errors import DemonstrationError
from vgps.experiments import measuring
from vgps.experiments.changes import require_same_run
from vgps.experiments.errors import RunFolderError
from vgps.experiments.run import read_run
from vgps.experiments.training import resume, train
from vgps.policy.settings import RunSettings

CARTPOLE = Path(__file__).parents[1] / "robots" / "cartpole.yaml"
SETTINGS = RunSettings(hidden=2, iterations=2, finish="none")


@pytest.fixture(scope="module")
def robot():
    return load(CARTPOLE, {"task.horizon": 40})


@pytest.fixture(scope="module")
def kept(robot, tmp_path_factory):
    return train(robot, SETTINGS, out=tmp_path_factory.mktemp("runs") / "kept")


def test_without_a_folder_the_same_is_learned_and_nothing_written(
    robot, kept, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    run = train(robot, SETTINGS)
    assert run.folder is None and not list(tmp_path.iterdir())
    assert_same(run, kept)
    assert run.settings == SETTINGS.resolved(robot)


def test_a_folder_gives_its_run_back(robot, kept):
    run = read_run(kept.folder.path)
    assert_same(run, kept)
    assert run.model.robot.overrides == robot.overrides
    assert run.model.robot.task.horizon == 40


def test_resume_goes_on_to_the_same_bits(robot, kept, tmp_path):
    train(robot, SETTINGS.replaced(iterations=1), out=tmp_path / "part")
    run = resume(tmp_path / "part", iterations=2)
    assert_same(run, kept)
    assert run.folder.read_config().iterations == 2
    assert_same(resume(tmp_path / "part"), kept)  # nothing is left to do


def test_a_run_is_continued_as_itself_only(robot, kept):
    path = kept.folder.path
    require_same_run(path, robot, {"hidden": 2, "iterations": 9})
    with pytest.raises(RunFolderError, match="was started with --hidden 2, not 3"):
        require_same_run(path, robot, {"hidden": 3})
    with pytest.raises(RunFolderError, match="is a run of 'cartpole', not of 'swimmer'"):
        require_same_run(path, load("swimmer"), {})


def test_given_actions_are_a_start(robot, kept, tmp_path):
    U = kept.trajectory.U
    run = train(robot, SETTINGS.replaced(iterations=1), demonstration=U, out=tmp_path / "run")
    assert run.trajectory.cost <= kept.trajectory.cost * (1 + 1e-9)
    with np.load(run.folder.file("demo.npz")) as demo:
        np.testing.assert_array_equal(demo["U"], U)
    with pytest.raises(DemonstrationError, match="the demonstration: U must have shape"):
        train(robot, SETTINGS, demonstration=U[:, :0])


def test_a_folder_needs_the_robots_file(robot, tmp_path):
    bare = robot.model_copy()
    bare._text = ""
    with pytest.raises(ValueError, match="this robot has none"):
        train(bare, SETTINGS, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_measuring_more_changes_nothing_in_learning(robot, kept, monkeypatch):
    monkeypatch.setattr(measuring, "ROLLOUTS", 3)
    run = train(robot, SETTINGS)
    np.testing.assert_array_equal(run.policy.theta, kept.policy.theta)
    assert (run.metrics["stochastic_cost"] != kept.metrics["stochastic_cost"]).all()
