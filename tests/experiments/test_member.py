"""Members of a comparison that have their search in common, done together."""

from pathlib import Path

import pytest
from same_runs import assert_same

from vgps.codegen.description.robot import load
from vgps.experiments import member as members_module
from vgps.experiments import training
from vgps.experiments.member import run_member, run_members
from vgps.experiments.plan import by_search, folder_of, missing, plan, store
from vgps.experiments.run import read_run
from vgps.policy import finish, search

CARTPOLE = Path(__file__).parents[1] / "robots" / "cartpole.yaml"
SHORT = {"PASSES": 1, "ITERATIONS": 6, "ROUND": 2, "ROUNDS": 3}
SHORT |= {"CLOSING": 2, "PAIRS": 4, "STATES": 50}


@pytest.fixture(autouse=True)
def short(monkeypatch):
    for name, value in SHORT.items():
        monkeypatch.setattr(finish, name, value)


@pytest.fixture
def planned():
    robot = load(CARTPOLE, {"task.horizon": 60})
    return plan([robot], [2], ["vgps", "dagger", "vgps-finish"], seeds=2, iterations=2)


def test_only_the_finish_may_differ(planned):
    names = [[member.name for member in group] for group in by_search(planned)]
    assert names == [
        ["cartpole-vgps-2-seed0", "cartpole-vgps-finish-2-seed0"],
        ["cartpole-dagger-2-seed0"],
        ["cartpole-vgps-2-seed1", "cartpole-vgps-finish-2-seed1"],
        ["cartpole-dagger-2-seed1"],
    ]


def test_one_search_gives_what_two_would(planned, tmp_path, monkeypatch):
    together = by_search(planned)[0]
    begun = []
    iterate = search.iterate
    monkeypatch.setattr(search, "iterate", lambda *args: begun.append(args[3].k) or iterate(*args))
    for outcome in run_members(together, tmp_path):
        assert outcome.error is None
        store(tmp_path / "together", outcome.task, outcome.result)
    assert begun == [0, 1]
    assert missing(tmp_path / "together", together) == []
    for member in together:
        store(tmp_path / "alone", member, run_member(member, tmp_path))
        one, other = (
            read_run(folder_of(tmp_path / where, member).path) for where in ("together", "alone")
        )
        assert_same(one, other)
        assert one.settings == other.settings
        assert (one.folder.path / "evaluation.json").read_bytes() == (
            other.folder.path / "evaluation.json"
        ).read_bytes()


def test_a_finish_that_fails_costs_the_search_nothing(planned, tmp_path, monkeypatch):
    def fail(*_):
        raise FloatingPointError("the weights are not finite")

    monkeypatch.setattr(training, "finish_run", fail)
    searched, finished = run_members(by_search(planned)[0], tmp_path)
    assert searched.error is None and "policy.npz" in searched.result
    assert finished.error == "FloatingPointError: the weights are not finite"


def test_what_follows_a_search_that_failed_searches_itself(planned, tmp_path, monkeypatch):
    def fail(member, **given):
        assert given["searched"] is None
        raise FloatingPointError(member.name)

    monkeypatch.setattr(members_module, "run_member", fail)
    errors = [outcome.error for outcome in run_members(by_search(planned)[0], tmp_path)]
    assert errors == [f"FloatingPointError: {member.name}" for member in by_search(planned)[0]]
