"""The finish as the last stage of a run: its rows, its end, and what an interruption costs."""

from pathlib import Path

import numpy as np
import pytest
from same_runs import assert_same

from vgps.codegen.archive import ArrayFileError
from vgps.codegen.description.robot import load
from vgps.experiments import finishing
from vgps.experiments.run import read_run
from vgps.experiments.training import resume, train
from vgps.policy import finish, finish_result
from vgps.policy.settings import RunSettings

CARTPOLE = Path(__file__).parents[1] / "robots" / "cartpole.yaml"
SETTINGS = RunSettings(hidden=2, iterations=2)
SHORT = {"PASSES": 1, "ITERATIONS": 6, "ROUND": 2, "ROUNDS": 3}
SHORT |= {"CLOSING": 2, "PAIRS": 4, "STATES": 50}
STAGES = ["search"] * 2 + ["finish"] * 3


@pytest.fixture(scope="module", autouse=True)
def short():
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SHORT.items():
            patch.setattr(finish, name, value)
        yield


@pytest.fixture(scope="module")
def robot():
    return load(CARTPOLE, {"task.horizon": 60})


@pytest.fixture(scope="module")
def whole(robot, tmp_path_factory):
    return train(robot, SETTINGS, out=tmp_path_factory.mktemp("runs") / "whole")


def interrupted_at(stage, done):
    """A watch that interrupts when so many units of a stage are done."""

    def watch(what, total):
        class Shown:
            def __enter__(self):
                return self.update

            def __exit__(self, *error):
                return None

            def update(self, reached, text):
                if (what, reached) == (stage, done):
                    raise KeyboardInterrupt

        return Shown()

    return watch


def test_a_run_ends_with_the_finish(robot, whole):
    assert whole.metrics["stage"].tolist() == STAGES
    assert whole.metrics["iteration"].tolist() == [1, 2, 3, 4, 5]
    assert np.isnan(whole.metrics["alpha"][2:]).all()
    assert whole.metrics["rollouts"].tolist()[2:] == [finish.ROLLOUTS * n for n in (1, 2, 3)]
    assert_same(read_run(whole.folder.path), whole)
    plain = train(robot, SETTINGS.replaced(finish="none"))
    np.testing.assert_array_equal(plain.policy.sigma, whole.policy.sigma)
    np.testing.assert_array_equal(plain.metrics["bound"], whole.metrics["bound"][:2])


@pytest.mark.parametrize(("stage", "done"), [("iteration", 1), ("finish", 1), ("finish", 3)])
def test_an_interruption_costs_no_bits(robot, whole, tmp_path, stage, done):
    with pytest.raises(KeyboardInterrupt):
        train(robot, SETTINGS, out=tmp_path / "run", watch=interrupted_at(stage, done))
    assert_same(resume(tmp_path / "run"), whole)
    assert_same(resume(tmp_path / "run"), whole)  # nothing is left to do


@pytest.fixture
def unsatisfied(monkeypatch):
    """Two passes, however good the first one's result."""
    monkeypatch.setattr(finish, "PASSES", 2)
    monkeypatch.setattr(finish_result, "GOOD", 1.1)
    monkeypatch.setattr(
        finishing, "result", lambda model, policy, state, rng: policy.with_theta(state.theta)
    )


def test_another_pass_begins_where_the_first_ends(robot, whole, unsatisfied, tmp_path):
    run = train(robot, SETTINGS, out=tmp_path / "run")
    assert run.metrics["stage"].tolist() == [*STAGES, *["finish"] * 3]
    assert run.metrics["iteration"].tolist() == list(range(1, 9))
    costs = [run.metrics["stochastic_cost"][:5], whole.metrics["stochastic_cost"]]
    np.testing.assert_array_equal(*costs)
    assert_same(read_run(tmp_path / "run"), run)


@pytest.mark.parametrize("done", [1, 3])
def test_an_interruption_in_two_passes_costs_no_bits(robot, unsatisfied, tmp_path, done):
    run = train(robot, SETTINGS)
    with pytest.raises(KeyboardInterrupt):
        train(robot, SETTINGS, out=tmp_path / "run", watch=interrupted_at("finish", done))
    with pytest.raises(KeyboardInterrupt):  # in the first pass, or in the second
        resume(tmp_path / "run", watch=interrupted_at("finish", 2))
    assert_same(resume(tmp_path / "run"), run)


def test_a_finished_run_may_search_on(robot, tmp_path):
    """The finish is then done anew, from the new end of the search."""
    train(robot, SETTINGS.replaced(iterations=1), out=tmp_path / "run")
    longer = resume(tmp_path / "run", iterations=2)
    assert longer.metrics["stage"].tolist() == STAGES
    assert_same(longer, train(robot, SETTINGS))


def test_other_methods_have_one_when_asked(robot):
    dagger = RunSettings(method="dagger", hidden=2, iterations=1)
    assert train(robot, dagger).metrics["stage"].tolist() == ["search"]
    asked = train(robot, dagger.replaced(finish="average-cost"))
    assert asked.metrics["stage"].tolist() == ["search", *["finish"] * 3]


@pytest.mark.parametrize(
    ("spoiled", "sentence"),
    [
        ({"theta": np.zeros(3)}, "theta has shape"),
        ({"iteration": np.array(3)}, "iteration must end a round"),
        ({"iteration": np.array(8)}, "iteration must end a round"),
        ({"passes": np.array(1)}, "passes must be less than 1"),
        ({"earlier": np.array(1)}, "earlier must be at most 0"),
        ({"closing": np.array(5)}, "closing must be at most 4"),
        ({"pool": np.zeros((5, 4))}, "pool has shape"),
        ({"visited": np.zeros((0, 4)), "visited_t": np.zeros(0)}, "visited holds no states"),
        ({"visited_t": np.zeros(3)}, "visited_t has shape"),
    ],
)
def test_a_damaged_finish_is_refused(robot, tmp_path, spoiled, sentence):
    with pytest.raises(KeyboardInterrupt):
        train(robot, SETTINGS, out=tmp_path / "run", watch=interrupted_at("finish", 1))
    path = tmp_path / "run" / "finish.npz"
    with np.load(path) as stored:
        np.savez(path, **dict(stored) | spoiled)
    with pytest.raises(ArrayFileError, match=sentence):
        resume(tmp_path / "run")
