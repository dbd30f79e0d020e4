"""Sweeps over real processes, here and on a Dask cluster, some of which are killed."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from functools import partial
from threading import Thread

import dask
import psutil
import pytest
from distributed import LocalCluster
from distributed.security import Security
from quick import quick_ones
from worker_tasks import calls, deadly, noted, threads

from vgps.experiments.cluster import Certificates
from vgps.experiments.errors import ClusterError
from vgps.experiments.workers import workers


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


@pytest.mark.parametrize("two_workers", quick_ones(["here", "cluster"], ["here"]), indirect=True)
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


def test_workers_of_a_killed_process_end(tmp_path):
    """With its task, which would take long, and while idle."""
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from vgps.experiments.workers import workers\n"
        "def work(seconds):\n"
        "    import os\n"
        "    (Path(place) / str(os.getpid())).touch()\n"
        "    time.sleep(seconds)\n"
        "place = sys.argv[1]\n"
        "with workers(jobs=2) as execute:\n"
        "    list(execute(work, [600, 600]))\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)]) as process:
        while len(list(tmp_path.iterdir())) < 2:
            time.sleep(0.05)
        process.kill()
    mine = [int(path.name) for path in tmp_path.iterdir()]
    deadline = time.monotonic() + 30
    while any(map(lives, mine)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(lives, mine))


def lives(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("answer", [None, b"SSH-2.0-OpenSSH_9.2\r\n", b"\0" * 10000])
def test_something_else_than_a_scheduler(monkeypatch, answer):
    """What listens there says nothing, or something else."""
    monkeypatch.setattr("vgps.experiments.cluster._PATIENCE", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            with server.accept()[0] as connection:
                if answer is not None:
                    connection.sendall(answer)
                connection.recv(1 << 20)
                time.sleep(1.0)

        Thread(target=serve, daemon=True).start()
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(ClusterError, match=address), workers(cluster=address):
            pass


def test_certificates_go_with_an_encrypted_address(tmp_path):
    files = Certificates(*[tmp_path / name for name in ("ca.pem", "cert.pem", "key.pem")])
    for address, certificates in (("tls://127.0.0.1:1", None), ("tcp://127.0.0.1:1", files)):
        with (
            pytest.raises(
                ClusterError, match="--tls-ca-file, --tls-cert and --tls-key go together"
            ),
            workers(cluster=address, certificates=certificates),
        ):
            pass


def test_an_encrypted_cluster(log, certificates):
    here = Security(
        tls_ca_file=str(certificates.ca_file),
        **{
            f"tls_{who}_{what}": str(file)
            for who in ("scheduler", "worker", "client")
            for what, file in (("cert", certificates.cert), ("key", certificates.key))
        },
        require_encryption=True,
    )
    options = {"threads_per_worker": 1, "dashboard_address": ":0", "protocol": "tls"}
    with LocalCluster(1, **options, security=here) as cluster:
        address = cluster.scheduler_address
        with workers(cluster=address, certificates=certificates) as sweep:
            assert [o.result for o in sweep(partial(noted, log), [3])] == [9]


@pytest.fixture
def certificates(tmp_path):
    """One authority, and one certificate for everybody."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificates")

    def openssl(line):
        subprocess.run(["openssl", *line.split()], cwd=tmp_path, capture_output=True, check=True)

    new = "-newkey rsa:2048 -nodes"
    openssl(f"req -x509 {new} -keyout ca.key -out ca.pem -days 2 -subj /CN=authority")
    openssl(f"req {new} -keyout key.pem -out request.pem -subj /CN=localhost")
    signed = "-CA ca.pem -CAkey ca.key -CAcreateserial -days 2"
    openssl(f"x509 -req -in request.pem {signed} -out cert.pem")
    return Certificates(*[tmp_path / name for name in ("ca.pem", "cert.pem", "key.pem")])


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
