"""Runs from two initial states: learned from both, kept, continued, and from recordings of both."""

from pathlib import Path

import numpy as np
import pytest
from same_runs import assert_same

from vgps.codegen.archive import ArrayFileError
from vgps.codegen.description.robot import load
from vgps.codegen.errors import DemonstrationError
from vgps.experiments.evaluation import evaluation
from vgps.experiments.measuring import spread_against
from vgps.experiments.optimization import optimize_into
from vgps.experiments.run import read_run
from vgps.experiments.training import resume, train
from vgps.policy.evaluation import successes
from vgps.policy.rollouts import run_policy
from vgps.policy.settings import RunSettings
from vgps.solver.demonstrated import read_demonstration
from vgps.solver.distribution import TrajectoryDistribution

CARTPOLE = Path(__file__).parents[1] / "robots" / "cartpole.yaml"
SETTINGS = RunSettings(hidden=2, iterations=2, finish="none")
BOTH = [{"q": {"rail": x}, "spread": {"q": 0.05, "v": 0.1}} for x in (-1.0, 1.0)]
T = 40


@pytest.fixture(scope="module")
def robot():
    return load(CARTPOLE, {"task.initial": BOTH, "task.horizon": T})


@pytest.fixture(scope="module")
def kept(robot, tmp_path_factory):
    return train(robot, SETTINGS, out=tmp_path_factory.mktemp("runs") / "kept")


@pytest.fixture
def recording(kept, tmp_path):
    """Write a recording, and say what is thought of it."""
    path = tmp_path / "recording.npz"

    def read(**arrays):
        np.savez(path, **arrays)
        try:
            return read_demonstration(path, kept.model)
        except DemonstrationError as error:
            return str(error).removeprefix(f"{path}: ")

    return read


def test_a_policy_of_two_states_does_both():
    """A policy of one of them alone mostly fails at the other."""
    run = train(load(CARTPOLE, {"task.initial": BOTH}), RunSettings(iterations=15, finish="none"))
    rollouts = run_policy(run.model, run.policy, 100, 150, np.random.default_rng(1))
    good = successes(run.model, rollouts)
    assert (rollouts.X[0::2, 0, 0] < 0.0).all() and (rollouts.X[1::2, 0, 0] > 0.0).all()
    assert good[0::2].mean() > 0.8 and good[1::2].mean() > 0.8


def test_a_folder_gives_its_run_back(robot, kept):
    run = read_run(kept.folder.path)
    assert_same(run, kept)
    for read, made in zip(run.trajectories, kept.trajectories, strict=True):
        np.testing.assert_array_equal(read.X, made.X)
        np.testing.assert_array_equal(read.U, made.U)
        assert read.cost == made.cost
    np.testing.assert_array_equal([one.X[0] for one in run.trajectories], run.model.x0s)
    with np.load(kept.folder.file("trajectory.npz")) as arrays:
        assert arrays["X"].shape == (2, T + 1, 4) and arrays["cost"].shape == (2,)


def test_the_cost_of_ddp_is_the_mean(kept):
    costs = [kept.model.cost(one.X, one.U).sum() for one in kept.trajectories]
    assert evaluation(kept, rollouts=2)["ddp_cost"] == pytest.approx(np.mean(costs))


@pytest.mark.parametrize("method", ["vgps", "adapted-dagger", "cost-weighted"])
def test_resume_goes_on_to_the_same_bits(robot, method, tmp_path):
    settings = SETTINGS.replaced(method=method)
    whole = train(robot, settings)
    train(robot, settings.replaced(iterations=1), out=tmp_path / "part")
    assert_same(resume(tmp_path / "part", iterations=2), whole)


def test_a_checkpoint_of_one_state_is_refused(robot, kept, tmp_path):
    one = load(CARTPOLE, {"task.initial": BOTH[:1], "task.horizon": T})
    train(robot, SETTINGS, out=tmp_path / "run")
    alone = train(one, SETTINGS, out=tmp_path / "alone")
    for name in ("checkpoint.npz", "trajectory.npz"):
        content = (tmp_path / "run" / name).read_bytes()
        alone_content = alone.folder.file(name).read_bytes()
        (tmp_path / "run" / name).write_bytes(alone_content)
        with pytest.raises(ArrayFileError, match="has shape"):
            resume(tmp_path / "run", iterations=3)
        (tmp_path / "run" / name).write_bytes(content)


def test_the_spread_is_of_the_worst_state():
    """Each state's rollouts are compared with the marginals of its own q."""
    steps, nx, rng = 6, 2, np.random.default_rng(0)
    shapes = {"X": (nx,), "U": (1,), "k": (1,), "K": (1, nx), "covariance": (1, 1), "mu": (nx,)}
    rest = {name: np.zeros((steps, *shape)) for name, shape in shapes.items()}
    q = [
        TrajectoryDistribution(**rest, Sigma=np.tile(var * np.eye(nx), (steps, 1, 1)))
        for var in (1.0, 4.0)
    ]
    X = rng.standard_normal((2000, steps + 1, nx))
    X[0::2] += 100.0  # far apart, which is no spread
    X[1::2] *= 6.0
    assert spread_against(q, X, steps) == pytest.approx(3.0, rel=0.1)


def test_optimize_gives_what_training_begins_with(robot, kept, tmp_path, recording):
    model, solutions, result = optimize_into(tmp_path / "found", robot)
    costs = [model.cost(one.X, one.U).sum() for one in solutions]
    assert result["cost"] == pytest.approx(np.mean(costs))
    assert result["success_by_initial"] == [model.success(one.X, one.U) for one in solutions]
    with np.load(tmp_path / "found" / "trajectory.npz") as arrays:
        U = recording(**arrays)
    np.testing.assert_array_equal(U, [one.U for one in kept.trajectories])
    run = train(robot, SETTINGS.replaced(iterations=1), demonstration=U, out=tmp_path / "run")
    with np.load(run.folder.file("demo.npz")) as demo:
        np.testing.assert_array_equal(demo["U"], U)
    train(robot, SETTINGS.replaced(iterations=1), demonstration=U, out=tmp_path / "run")


def test_a_recording_is_from_every_state(kept, recording):
    U = 0.1 * np.random.default_rng(0).standard_normal((2, T + 5, 1))
    X = np.stack([kept.model.rollout(x0, one) for x0, one in zip(kept.model.x0s, U, strict=True)])
    np.testing.assert_array_equal(recording(U=U, X=X), U[:, :T])
    shape = "U must have shape (2, 40 or more, 1), from each of the 2 initial states, found "
    assert recording(U=U[0], X=X[0]) == f"{shape}(45, 1)"
    assert recording(U=np.zeros((3, T, 1))) == f"{shape}(3, 40, 1)"
    assert recording(U=U, X=X[:, 2:]).startswith("X must have shape (2, 46, 4), one state more")
    assert recording(U=U, X=X[::-1]) == (
        "starts at rail.q = 1, the task of cartpole from task.initial[0] at -1"
    )
    U[1, 3] = np.inf
    assert recording(U=U) == "the action 'rail' is not finite at step 3 from task.initial[1]"
