"""`compare` from the command line: what it writes, when it does nothing, and its exit status."""

import csv
import json
import re
import signal
import time

import pytest
from command_line import ROOT, run, started
from distributed import LocalCluster

from vgps.experiments.plan import SEEDS, SEEDS_OF_VGPS
from vgps.report.commands.comparison import compare_command

CARTPOLE = ROOT / "tests" / "robots" / "cartpole.yaml"
QUICK = ("--hidden", 5, "--methods", "vgps", "--iterations", 2)


def bytes_of(folder, name):
    return {path.parent.name: path.read_bytes() for path in sorted(folder.glob(f"runs/*/{name}"))}


@pytest.fixture(scope="module")
def swimmer(tmp_path_factory):
    out = tmp_path_factory.mktemp("comparison")
    finished = run("compare", "--robots", "swimmer", *QUICK, "--seeds", 2, "--out", out)
    assert finished.returncode == 0, finished.stderr
    return out, finished


def test_what_it_writes(swimmer):
    out, finished = swimmer
    assert sorted(path.name for path in out.iterdir()) == [
        *("failed.csv", "figure1.png", "figure1.svg", "final.csv", "index.html"),
        *("results.csv", "runs", "table.md"),
    ]
    for page in re.findall(r'href="(runs/[^"]*)"', (out / "index.html").read_text("utf-8")):
        assert (out / page).read_text(encoding="utf-8").startswith("<!doctype html>")
    assert (out / "figure1.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (out / "figure1.svg").read_text(encoding="utf-8")[:1000]
    with (out / "results.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["seed"], row["iteration"]) for row in rows] == [
        *(("0", "1"), ("0", "2"), ("1", "1"), ("1", "2"))
    ]
    assert {row["robot"] + row["method"] + row["hidden"] for row in rows} == {"swimmervgps5"}
    assert "## swimmer, 5 hidden units" in (out / "table.md").read_text(encoding="utf-8")
    assert finished.stderr.splitlines()[-1] == "run 2/2: 0 failed, 0 s left"
    assert "2 runs, 0 failed" in finished.stdout
    assert sorted(path.name for path in (out / "runs").iterdir()) == [
        "swimmer-vgps-5-seed0",
        "swimmer-vgps-5-seed1",
    ]


def test_its_runs_are_ordinary_runs(swimmer):
    out, _ = swimmer
    folder = out / "runs" / "swimmer-vgps-5-seed1"
    finished = run("evaluate", folder, "--json")
    assert finished.returncode == 0, finished.stderr
    evaluation = json.loads(finished.stdout)
    stored = json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))
    longer = stored.pop("longer_ddp_cost")
    assert evaluation == stored
    with (out / "final.csv").open(newline="", encoding="utf-8") as file:
        final = list(csv.DictReader(file))[1]
    assert float(final["stochastic_cost"]) == evaluation["stochastic"]["mean_cost"]
    assert float(final["ddp_cost"]) == evaluation["ddp_cost"]
    assert float(final["longer_ddp_cost"]) == longer


def test_started_again_it_does_only_what_is_missing(swimmer):
    out, _ = swimmer
    (out / "runs" / "swimmer-vgps-5-seed0" / "evaluation.json").unlink()
    written = {path: path.stat().st_mtime_ns for path in out.glob("runs/*/config.yaml")}
    before = bytes_of(out, "policy.npz")
    arguments = ("--seeds", 2, "--jobs", 1, "--out", out, "--json")
    status, printed, said = run("compare", "--robots", "swimmer", *QUICK, *arguments)
    assert (status, said) == (0, "run 2/2: 0 failed, 0 s left\n")
    (row,) = json.loads(printed)["table"]
    assert (row["method"], row["runs"], row["failed"]) == ("vgps", 2, 0)
    assert row["stochastic_cost"].keys() == {"median", "low", "high"}
    again = {path: path.stat().st_mtime_ns for path in written}
    assert [path.parent.name for path in written if written[path] != again[path]] == [
        "swimmer-vgps-5-seed0"
    ]
    assert bytes_of(out, "policy.npz") == before  # the same seed gives the same bits


@pytest.mark.slow
def test_a_cluster_learns_the_same_bits(swimmer, tmp_path):
    with LocalCluster(1, threads_per_worker=1, dashboard_address=":0") as cluster:
        arguments = ("--seeds", 2, "--out", tmp_path, "--cluster", cluster.scheduler_address)
        status, _, said = run("compare", "--robots", "swimmer", *QUICK, *arguments)
    assert status == 0, said
    assert bytes_of(tmp_path, "policy.npz") == bytes_of(swimmer[0], "policy.npz")


def test_a_failure_is_not_fatal(tmp_path):
    """A robot whose rolled-out state is infinite at once, beside one that learns."""
    text = CARTPOLE.read_text(encoding="utf-8").replace("name: cartpole", "name: lost")
    lost = tmp_path / "lost.yaml"
    lost.write_text(text.replace("damping: 0.005", "damping: 1e12"), encoding="utf-8")
    out = tmp_path / "out"
    arguments = ("--seeds", 1, "--jobs", 1, "--out", out)
    status, printed, _ = run("compare", "--robots", lost, CARTPOLE, *QUICK, *arguments)
    assert status == 1
    assert [path.name for path in (out / "runs").iterdir()] == ["cartpole-vgps-5-seed0"]
    with (out / "failed.csv").open(newline="", encoding="utf-8") as file:
        (failure,) = csv.DictReader(file)
    assert failure["robot"] == "lost" and failure["error"]
    assert f"seed 0: {failure['error']}" in (out / "table.md").read_text(encoding="utf-8")
    assert "2 runs, 1 failed" in printed


def test_an_interruption_saves_what_is_finished(tmp_path):
    arguments = ("--robots", CARTPOLE, *QUICK, "--seeds", 500, "--jobs", 1, "--out", tmp_path)
    with started("compare", *arguments) as process:
        deadline = time.monotonic() + 60
        while not bytes_of(tmp_path, "evaluation.json") and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.splitlines()[-1].startswith("interrupted; ") and "Traceback" not in said
    done = bytes_of(tmp_path, "evaluation.json")
    assert 1 <= len(done) < 500
    assert (tmp_path / "results.csv").read_text(encoding="utf-8").count("\n") == 1 + 2 * len(done)


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (
            ["--methods", "gsp"],
            "no method 'gsp'; did you mean 'gps'? allowed: adapted-dagger, adapted-dagger-mean, ",
        ),
        (
            ["--robots", "swimer"],
            "swimer: no robot of this name in models/; did you mean 'swimmer'?",
        ),
        (["--robots", "swimmer", "models/swimmer.yaml"], "both name 'swimmer'"),
        (["--hidden", 5, 0], "--hidden must be at least 1, found 0"),
        (["--seeds", 0], "--seeds must be at least 1, found 0"),
        (["--first-seed", -1], "--first-seed must be at least 0, found -1"),
        (["--iterations", 0], "--iterations must be at least 1, found 0"),
        (["--jobs", 0], "--jobs must be at least 1, found 0"),
        (["--methods"], "--methods needs at least one"),
        (["--jobs", 2, "--cluster", "tcp://127.0.0.1:1"], "leave out --jobs"),
        (["--cluster", "nonsense"], "no Dask scheduler answers at 'nonsense'"),
    ],
)
def test_bad_input_is_one_sentence(tmp_path, arguments, sentence):
    status, _, said = run("compare", *arguments, "--out", tmp_path / "out")
    assert status == 2
    assert sentence in said and said.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_other_settings_than_those_of_the_folder(swimmer):
    arguments = ("--iterations", 3, "--seeds", 2, "--out", swimmer[0])
    status, _, said = run("compare", "--robots", "swimmer", *QUICK, *arguments)
    assert status == 2 and said.count("\n") == 1
    assert "was run with iterations 2, not 3: choose another --out" in said


def test_the_help_tells_how_many_seeds():
    assert f"({SEEDS_OF_VGPS} of VGPS, {SEEDS} of others)" in compare_command.__doc__
