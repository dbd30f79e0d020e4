"""A method of another package on the command line."""

import csv

import pytest
import yaml
from command_line import ROOT, run, run_json

from vgps.policy.plugins import GROUP, method_of

CARTPOLE = ROOT / "tests" / "robots" / "cartpole.yaml"
EXAMPLE = ROOT / "docs" / "examples" / "hill-climbing"


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Where the example is installed, as far as Python looks: its module and its entry points."""
    site = tmp_path / "site"
    info = site / "vgps_hill_climbing-0.1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: vgps-hill-climbing\nVersion: 0.1")
    declared = 'hill-climbing = "hill_climbing:METHOD"'
    assert declared in (EXAMPLE / "pyproject.toml").read_text(encoding="utf-8")
    broken = 'broken = "hill_climbing:NOTHING"'
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{declared}\n{broken}\n".replace('"', ""))
    (site / "hill_climbing.py").write_bytes((EXAMPLE / "hill_climbing.py").read_bytes())
    monkeypatch.syspath_prepend(site)
    method_of.cache_clear()
    yield site
    method_of.cache_clear()


def test_train_and_compare_know_it(site, tmp_path):
    folder = tmp_path / "run"
    arguments = ("--method", "hill-climbing", "--samples", 2, "--iterations", 2)
    result = run_json("train", CARTPOLE, *arguments, "--out", folder)
    assert result["method"] == "hill-climbing"
    config = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    assert config["finish"] == "none" and config["versions"]["vgps-hill-climbing"] == "0.1"
    run_json("train", "--resume", folder, "--iterations", 3)
    out = tmp_path / "comparison"
    compared = ("--methods", "hill-climbing", "--hidden", 5, "--iterations", 2, "--seeds", 1)
    finished = run("compare", "--robots", CARTPOLE, *compared, "--jobs", 1, "--out", out)
    assert finished.returncode == 0, finished.stderr
    with (out / "results.csv").open(newline="", encoding="utf-8") as file:
        assert {row["method"] for row in csv.DictReader(file)} == {"hill-climbing"}


@pytest.mark.parametrize(
    "command", [("train", CARTPOLE, "--method"), ("compare", "--robots", CARTPOLE, "--methods")]
)
def test_a_broken_one_is_one_sentence(site, tmp_path, command):
    status, printed, said = run(*command, "broken", "--out", tmp_path / "out")
    assert (status, printed, said.count("\n")) == (2, "", 1)
    assert said.startswith("the method 'broken' of the package vgps-hill-climbing cannot be used: ")
    assert "has no attribute 'NOTHING'" in said
    assert not (tmp_path / "out").exists()
