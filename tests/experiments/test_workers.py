"""Sweeps over real processes, here and on a Dask cluster, some of which are killed."""

import os
import signal
import sys
import time
from collections import Counter
from functools import partial

import dask
import pytest
from distributed import LocalCluster

from vgps.experiments.errors import ClusterError
from vgps.experiments.workers import workers


def noted(log, task):
    """Square a number, leaving a line in ``log``; a negative number is an error."""
    with log.open("a", encoding="utf-8") as file:  # appending a line is atomic
        file.write(f"{task}\n")
    time.sleep(0.05)
    if task < 0:
        raise ValueError("found\n a negative number")
    return task**2


def deadly(log, task):
    """As ``noted``, but 3 kills its process the first time and 7 each time."""
    result = noted(log, task)
    if task == 7 or (task == 3 and calls(log)[3] == 1):
        os.kill(os.getpid(), signal.SIGKILL)
    return result


def threads(_task):
    return os.environ["OPENBLAS_NUM_THREADS"]


def calls(log):
    return Counter(map(int, log.read_text(encoding="utf-8").split()))


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log"
    path.touch()
    return path


@pytest.fixture(scope="module")
def cluster():
    # Two deaths under a task are enough for Dask to give it up, not four: each takes half a second.
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 1}),
        LocalCluster(2, threads_per_worker=1, dashboard_address=":0") as cluster,
    ):
        yield cluster


@pytest.fixture(params=["here", "cluster"])
def two_workers(request):
    if request.param == "here":
        return {"jobs": 2}
    return {"cluster": request.getfixturevalue("cluster").scheduler_address}


def test_outcomes_and_errors(two_workers, log):
    with workers(**two_workers) as sweep:
        outcomes = {o.task: o for o in sweep(partial(noted, log), [0, 1, -2, 3])}
    assert {task: o.result for task, o in outcomes.items()} == {0: 0, 1: 1, -2: None, 3: 9}
    assert outcomes[-2].error == "ValueError: found a negative number"
    assert [o.error for task, o in outcomes.items() if task >= 0] == [None] * 3
    assert set(calls(log).values()) == {1}


def test_one_process_needs_no_others():
    with workers(jobs=1) as sweep:
        assert [o.result for o in sweep(lambda task: (task, os.getpid()), [1])] == [
            (1, os.getpid())
        ]


def test_one_numerical_thread_each():
    with workers(jobs=2) as sweep:
        assert [o.result for o in sweep(threads, [0, 1])] == ["1", "1"]


def test_a_task_that_kills_its_process(two_workers, log):
    with workers(**two_workers) as sweep:
        outcomes = {o.task: o for o in sweep(partial(deadly, log), range(10))}
    assert outcomes.keys() == set(range(10))
    died = outcomes.pop(7)
    assert died.result is None and died.error == "its process died each time, out of memory?"
    assert all(o.result == task**2 for task, o in outcomes.items())
    assert calls(log)[3] >= 2 and calls(log)[7] >= 2


def test_a_killed_worker_loses_no_finished_outcome(cluster, log):
    outcomes, finished = [], None
    with workers(cluster=cluster.scheduler_address) as sweep:
        for outcome in sweep(partial(noted, log), range(40)):
            outcomes.append(outcome)
            if len(outcomes) == 5:
                finished = [o.task for o in outcomes]
                os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)
    assert sorted(o.result for o in outcomes) == [task**2 for task in range(40)]
    counts = calls(log)
    assert all(counts[task] == 1 for task in finished)  # not even computed again
    # what was under way on the dead worker or on its way from there, not all from the beginning
    assert max(counts.values()) <= 2 and counts.total() < 60


def test_no_cluster(monkeypatch):
    def refused(address):
        with pytest.raises(ClusterError) as error, workers(cluster=address):
            pass
        return str(error.value)

    monkeypatch.setattr("vgps.experiments.cluster._PATIENCE", 0.3)
    sentence = "no Dask scheduler answers at "
    assert refused("nonsense") == sentence + "'nonsense': missing port number in address 'nonsense'"
    assert refused("tcp://127.0.0.1:1").startswith(sentence + "'tcp://127.0.0.1:1': Timed out")
    with LocalCluster(n_workers=0, threads_per_worker=1, dashboard_address=":0") as idle:
        address = idle.scheduler_address
        assert (
            refused(address)
            == f"the Dask scheduler at '{address}' has no workers: dask worker {address}"
        )
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert "not installed: pip install distributed" in refused("tcp://127.0.0.1:1")


def test_a_cluster_without_this_package(cluster, monkeypatch):
    monkeypatch.setattr("vgps.experiments.cluster._NEEDED", "vgps_of_old")
    with (
        pytest.raises(ClusterError, match="vgps is not installed on the whole Dask cluster"),
        workers(cluster=cluster.scheduler_address),
    ):
        pass
