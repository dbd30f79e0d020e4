"""The plan of a comparison, what a folder holds of it, and what is done when it starts again."""

import io
import json
from contextlib import contextmanager

import numpy as np
import pytest
import yaml

from vgps.codegen.description.robot import load
from vgps.experiments.comparison import carry_out
from vgps.experiments.config import fingerprint
from vgps.experiments.errors import RunFolderError
from vgps.experiments.plan import ENTRIES, folder_of, missing, plan, store
from vgps.experiments.results import Failure, read_failures
from vgps.experiments.run_folder import EVALUATION
from vgps.experiments.workers import Outcome
from vgps.policy import methods
from vgps.policy.settings import RunSettings

KINDS = ("stochastic", "deterministic")
METHODS = ["vgps", "cost-weighted", "cost-weighted-1000"]


@pytest.fixture
def robots():
    return [load("tests/robots/cartpole.yaml"), load("models/swimmer.yaml")]


@pytest.fixture
def runs(robots):
    return plan(robots[:1], [5], METHODS, seeds=2, iterations=7)


def files_of(run):
    """What a worker returns, with as much in it as is looked at."""
    config = run.settings.model_dump() | {"robot": run.robot, "versions": {}}
    metrics = ["iteration", "alpha", "seconds", "rollouts"]
    metrics += [f"{kind}_{what}" for kind in KINDS for what in ("cost", "success")]
    rows = [",".join(metrics)]
    rows += [",".join([str(k + 1), *"1" * 7]) for k in range(run.settings.iterations)]
    measured = {kind: {"mean_cost": 1.0, "success_rate": 1.0} for kind in KINDS}
    policy = io.BytesIO()
    one, ones = np.ones(1), np.ones((1, 1))
    np.savez(policy, observed=[0], W1=ones, b1=one, W2=ones, b2=one, log_sigma=one)
    return {
        EVALUATION: json.dumps({"ddp_cost": 1.0, "longer_ddp_cost": 1.5} | measured).encode(),
        "config.yaml": yaml.safe_dump(config).encode(),
        "robot.yaml": run.robot_text.encode(),
        "metrics.csv": "\n".join([*rows, ""]).encode(),
        "policy.npz": policy.getvalue(),
    }


def execute_here(work, tasks):
    for task in tasks:
        try:
            yield Outcome(task, work(task), None)
        except ValueError as error:
            yield Outcome(task, None, str(error))


def carry(out, runs, work):
    """The names of the runs that were worked on, and what was said of the progress."""
    called, said = [], []

    def counted(group):
        called.extend(run.name for run in group)
        return [Outcome(run, work(run), None) for run in group]

    @contextmanager
    def watch(what, total):
        yield lambda done, text: said.append((done, text))

    carry_out(out, runs, execute_here, counted, watch)
    return called, said


def test_every_method_is_compared():
    assert {settings["method"] for settings in ENTRIES.values()} == set(methods.METHODS)


def test_the_plan_is_every_combination_seed_by_seed(robots):
    runs = plan(robots, [5, 10], METHODS, seeds=3)
    assert len({run.name for run in runs}) == len(runs) == 2 * 2 * 3 * 3
    assert [run.seed for run in runs] == [0] * 12 + [1] * 12 + [2] * 12
    assert [run.name for run in runs[:4]] == [
        "cartpole-vgps-5-seed0",
        "cartpole-cost-weighted-5-seed0",
        "cartpole-cost-weighted-1000-5-seed0",
        "cartpole-vgps-10-seed0",
    ]
    assert runs[-1].settings == RunSettings(
        method="cost-weighted",
        samples=1000,
        hidden=10,
        seed=2,
        iterations=robots[1].training.iterations,
        finish="none",
    )


def test_vgps_gets_more_seeds_unless_told_otherwise(robots):
    runs = plan(robots[:1], [5], METHODS, first_seed=7)
    seeds = {name: [run.seed for run in runs if run.method == name] for name in METHODS}
    assert seeds.pop("vgps") == list(range(7, 37))
    assert all(others == list(range(7, 17)) for others in seeds.values())


def test_every_method_may_get_the_finish(robots):
    runs = plan(robots[:1], [5], METHODS, seeds=1, finish="average-cost")
    assert [run.settings.finish for run in runs] == ["average-cost"] * len(METHODS)


def test_only_what_is_missing_is_done(tmp_path, runs):
    first, said = carry(tmp_path, runs, files_of)
    assert first == [run.name for run in runs] and len(runs) == 6
    assert said[-1] == (6, "0 failed, 0 s left")
    assert carry(tmp_path, runs, files_of) == ([], [])
    # as if the coordinator had died while it wrote: the evaluation comes last
    folder_of(tmp_path, runs[3]).file(EVALUATION).unlink()
    called, said = carry(tmp_path, runs, files_of)
    assert called == [runs[3].name]
    assert said == [(6, "0 failed, 0 s left")]


def test_a_failed_run_is_noted_and_tried_again(tmp_path, runs):
    def work(run):
        if run.method == "vgps" and run.seed == 0:
            raise ValueError("the policy diverged")
        return files_of(run)

    called, said = carry(tmp_path, runs, work)
    assert len(called) == 6
    assert said[0][0] == 1 and said[0][1].startswith("1 failed, ")
    assert said[-1] == (6, "1 failed, 0 s left")
    assert read_failures(tmp_path) == [Failure("cartpole", 5, "vgps", 0, "the policy diverged")]
    assert (tmp_path / "failed.csv").read_text(encoding="utf-8").splitlines() == [
        "robot,hidden,method,seed,error",
        "cartpole,5,vgps,0,the policy diverged",
    ]
    called, _ = carry(tmp_path, runs, files_of)
    assert called == ["cartpole-vgps-5-seed0"]
    assert read_failures(tmp_path) == []


def test_an_interruption_keeps_what_was_done(tmp_path, runs):
    def work(run):
        if run == runs[2]:
            raise KeyboardInterrupt
        return files_of(run)

    with pytest.raises(KeyboardInterrupt):
        carry(tmp_path, runs, work)
    assert missing(tmp_path, runs) == runs[2:]


@pytest.mark.parametrize(
    "name", [EVALUATION, "config.yaml", "metrics.csv", "policy.npz", "robot.yaml"]
)
@pytest.mark.parametrize("content", [None, b"", b"{}\n", b"\xff\xfe\x00"])
def test_what_is_damaged_is_done_again(tmp_path, runs, name, content):
    run = runs[0]
    files = files_of(run)
    config = yaml.safe_load(files["config.yaml"]) | {"robot_sha256": fingerprint(run.robot_text)}
    files["config.yaml"] = yaml.safe_dump(config).encode()
    store(tmp_path, run, files)
    assert missing(tmp_path, [run]) == []
    path = folder_of(tmp_path, run).file(name)
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    assert missing(tmp_path, [run]) == [run]


def test_other_settings_are_refused(tmp_path, robots, runs):
    store(tmp_path, runs[0], files_of(runs[0]))
    other = plan(robots[:1], [5], METHODS, seeds=1, iterations=8)
    with pytest.raises(RunFolderError, match="seed0 was run with iterations 7, not 8: choose"):
        carry(tmp_path, other, files_of)
    assert not (tmp_path / "failed.csv").exists()
    other = [runs[0]._replace(robot_text="name: cartpole")]
    with pytest.raises(RunFolderError, match="another version of the robot's file"):
        missing(tmp_path, other)
