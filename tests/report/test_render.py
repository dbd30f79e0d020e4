"""What `render` draws: longer rollouts, pushes, noise, and motions without a run."""

import numpy as np
import pytest
from made_runs import made_run

from vgps.codegen.archive import ArrayFileError
from vgps.codegen.errors import InputError
from vgps.experiments.motion import read_motion, robot_of_motion
from vgps.policy.push import Pushing
from vgps.policy.rollouts import mean_rollout, run_policy
from vgps.report import render


@pytest.fixture
def run(swimmer, tmp_path):
    return made_run(swimmer, tmp_path / "run")


@pytest.fixture
def drawn(monkeypatch):
    """What is given to be drawn, in place of an animation."""
    seen = []
    monkeypatch.setattr(render, "animate", lambda *given, **options: seen.append((given, options)))
    return seen


def test_a_longer_rollout(run, drawn):
    result = render.render_run(run, horizon=450)
    ((_, X, path), options) = drawn[0]
    np.testing.assert_array_equal(X, mean_rollout(run.model, run.policy, 450))
    assert X.shape == (451, run.model.nx) and result["animation"] == str(path)
    assert path.name == "gait.gif" and len(options["others"]) == 0 and options["push"] is None


def test_rollouts_with_all_noise(run, drawn):
    render.render_run(run, noise=True)
    (_, X, path), options = drawn[0]
    assert path.name == "noise.gif"
    others = np.array(options["others"])
    rng = np.random.default_rng(run.settings.seed)
    noisy = run_policy(run.model, run.policy, len(others), len(X) - 1, rng, True, True)
    np.testing.assert_array_equal(others, noisy.X)
    assert len(others) > 5 and np.ptp(others, axis=0).max() > 0.1


def test_a_push(run, drawn, tmp_path):
    out = tmp_path / "pushed.gif"
    render.render_run(run, out, push=Pushing("com", -30.0, 0.1, 1.0))
    (_, X, path), options = drawn[0]
    calm = mean_rollout(run.model, run.policy)
    np.testing.assert_array_equal(X[:50], calm[:50])
    assert path == out and len(X) == len(calm) and np.abs(X[60] - calm[60]).max() > 0.1
    assert options["push"] == ("com", True, 1.0, 0.1)


def test_a_trajectory_in_place_of_a_run(swimmer, drawn, tmp_path):
    run, path = made_run(swimmer, tmp_path / "run"), tmp_path / "trajectory.npz"
    run.folder.write_arrays(path.name, swimmer.robot, {"X": run.trajectory.X, "U": []})
    (tmp_path / "run" / path.name).rename(path)
    result = render.render_trajectory(path, None)
    (model, X, target), _ = drawn[0]
    np.testing.assert_array_equal(X, run.trajectory.X)
    assert model.robot.name == "swimmer" and target == path.with_suffix(".gif")
    assert result == {"animation": str(target)}


def test_the_first_of_several_trajectories_is_shown(swimmer, tmp_path):
    X = np.random.default_rng(0).normal(size=(3, 8, swimmer.nx))
    np.savez(tmp_path / "t.npz", X=X)
    np.testing.assert_array_equal(read_motion(tmp_path / "t.npz", swimmer.robot), X[0])


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        ({"U": np.zeros((3, 2))}, "lacks X"),
        ({"X": np.zeros((4, 9))}, "X has shape"),
        ({"X": np.zeros((4, 10)), "robot": np.array("walker 0")}, "was made for 'walker'"),
    ],
)
def test_what_is_no_motion_of_the_robot(swimmer, tmp_path, arrays, sentence):
    np.savez(tmp_path / "t.npz", **arrays)
    with pytest.raises(ArrayFileError, match=sentence):
        read_motion(tmp_path / "t.npz", swimmer.robot)


def test_a_motion_that_has_diverged_from_the_start(swimmer, tmp_path):
    np.savez(tmp_path / "t.npz", X=np.full((4, 10), 1e9))
    with pytest.raises(ArrayFileError, match=r"t\.npz: the trajectory has no finite state"):
        render.render_trajectory(tmp_path / "t.npz", swimmer.robot)


@pytest.mark.parametrize("name", [None, "crane 0123", "../../secret 0123"])
def test_a_motion_of_an_unknown_robot(tmp_path, name):
    named = {} if name is None else {"robot": np.array(name)}
    np.savez(tmp_path / "t.npz", X=np.zeros((2, 10)), **named)
    with pytest.raises(InputError, match="name it by --robot"):
        robot_of_motion(tmp_path / "t.npz")


def test_a_motion_in_a_run_is_of_its_robot(cartpole_run):
    robot = robot_of_motion(cartpole_run[0] / "trajectory.npz")
    assert robot.name == "cartpole"
    X = read_motion(cartpole_run[0] / "trajectory.npz", robot)
    assert X.shape == (robot.task.horizon + 1, 4)
