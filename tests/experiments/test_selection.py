"""The best policy of a search: success first, then cost, and in a run its last word."""

import numpy as np
import pytest

from vgps.codegen.description.robot import load
from vgps.experiments.selection import Best, best_of
from vgps.experiments.training import train
from vgps.policy.evaluation import evaluate
from vgps.policy.search import search
from vgps.policy.settings import RunSettings
from vgps.policy.store import load_policy


@pytest.fixture(scope="module")
def run(cartpole, tmp_path_factory):
    """Without the finish, which begins from the best."""
    robot = load(cartpole.robot.path, {"task.horizon": 40})
    settings = RunSettings(hidden=2, iterations=4, finish="none")
    return train(robot, settings, out=tmp_path_factory.mktemp("runs") / "best")


def test_success_first_then_cost():
    a, b, c = (
        Best(k, np.zeros(1), *of) for k, of in enumerate([(0.5, 1.0), (0.9, 9.0), (0.9, 8.0)])
    )
    assert min((a, b, c), key=lambda one: one.rank) is c


def test_a_run_leaves_the_best_policy_of_its_search(run):
    """The same search, and every policy of it tried by hand; each row names the best so far."""
    best, rows = None, []
    for state, _ in search(run.model, "vgps", run.settings, np.random.default_rng(0)):
        best = best_of(run.model, best, state.policy, state.k, seed=0)
        rows.append(best.k)
    assert run.metrics["best"].tolist() == rows
    for policy in (run.policy, load_policy(run.folder.path)):
        assert np.array_equal(policy.theta, best.theta)


def test_the_earlier_of_equals_stays(run):
    first = best_of(run.model, None, run.policy, 3, seed=0)
    again = best_of(run.model, first, run.policy, 4, seed=0)
    assert again is first


def test_the_cost_is_that_of_an_evaluation(run):
    """Under the policy's noise and the task's, as another stream measures it."""
    first = best_of(run.model, None, run.policy, 1, seed=0)
    measured = evaluate(run.model, run.policy, 500, seed=1, disturbed=True)
    error = measured.std_cost * np.sqrt(1 / 32 + 1 / 500)
    assert abs(first.cost - measured.mean_cost) < 5 * error
