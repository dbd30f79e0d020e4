"""config.yaml and metrics.csv: what is wrong in them is said with file and line."""

import numpy as np
import pytest

from vgps.experiments.errors import RunFolderError
from vgps.experiments.run_folder import RunFolder

CONFIG = """\
robot: cartpole
method: vgps
hidden: 5
seed: 0
iterations: 3
optimizer: lbfgs
bound: closed
samples: null
overrides: {}
demo: null
versions: {python: 3.11.7}
"""
COLUMNS = "iteration,alpha,seconds,stochastic_cost,stochastic_success,deterministic_cost,deterministic_success"


@pytest.fixture
def folder(tmp_path):
    return RunFolder(tmp_path)


@pytest.mark.parametrize(
    "old, new, sentence",
    [
        ("seed: 0", "seed: -1", ":4:7: seed must be at least 0, found -1"),
        ("hidden: 5", "hidden: five", ":3:9: hidden must be a valid integer, unable to parse"),
        ("method: vgps", "method: vpgs", ":2:9: method must be the name of a method, found 'vpgs'"),
        ("method: vgps", "method: [vgps]", ":2:9: method must be a valid string, found a list"),
        ("bound: closed", "bound: open", ":7:8: bound must be 'closed' or 'sampled', found 'open'"),
        ("demo:", "dmeo:", ":10:7: unknown key dmeo"),
        ("versions: {python: 3.11.7}", "versions: 3", ":11:11: versions must be a valid dict"),
    ],
)
def test_a_setting_that_cannot_be(folder, old, new, sentence):
    assert CONFIG.count(old) == 1
    folder.write_text("config.yaml", CONFIG)
    assert folder.read_config().hidden == 5
    folder.write_text("config.yaml", CONFIG.replace(old, new))
    with pytest.raises(RunFolderError) as caught:
        folder.read_config()
    assert str(caught.value).startswith(f"{folder.file('config.yaml')}{sentence}")


@pytest.mark.parametrize("content", ["", "[]", "a: [", "\0", "robot: &a [*a]", "- 1"])
def test_what_is_no_config(folder, content):
    folder.write_text("config.yaml", content)
    with pytest.raises(RunFolderError, match="is not a run folder: .*config.yaml:[0-9]+:[0-9]+:"):
        folder.read_config()


def row(k, cells="1,0.5,1e3,0.5,inf,1"):
    return f"{k},{cells}"


def test_metrics_are_columns(folder):
    folder.write_text("metrics.csv", "\n".join([COLUMNS, row(1), row(2), "3,0.5,0"]))
    metrics = folder.read_metrics()  # without the row that a kill has cut off
    np.testing.assert_array_equal(metrics["iteration"], [1, 2])
    np.testing.assert_array_equal(metrics["deterministic_cost"], [np.inf, np.inf])
    assert len(folder.read_metrics(1)["iteration"]) == 1


@pytest.mark.parametrize(
    "rows, sentence",
    [
        ([row(1)], ": ends after 1 of 2 iterations"),
        ([row(1), "2,0.5"], ":3: has 2 cells, the header 7"),
        ([row(1), row(3)], ":3: iteration must be 2, found 3"),
        ([row(1, "x,1,1,1,1,1"), row(2)], ":2: alpha must be a valid number, unable to parse"),
        ([row(1), row(2, ",1,1,1,1,1")], ":3: alpha must be a valid number, unable to parse"),
    ],
)
def test_metrics_that_cannot_be(folder, rows, sentence):
    folder.write_text("metrics.csv", "\n".join([COLUMNS, *rows, ""]))
    with pytest.raises(RunFolderError) as caught:
        folder.read_metrics(2)
    assert str(caught.value).startswith(f"{folder.file('metrics.csv')}{sentence}")


@pytest.mark.parametrize(
    "content, sentence",
    [
        (b"", "ends after 0 of 1 iterations"),
        (b"\xff\xfe\n1\n", "is not text: byte 0 is not UTF-8"),
        (b"iteration\n1\n", "lacks alpha"),
        (b"iteration,iteration\n1,1\n", "names a column twice"),
        (b'"' + b"1" * 200_000 + b"\n", "field larger than field limit"),
    ],
)
def test_what_is_no_table(folder, content, sentence):
    folder.file("metrics.csv").write_bytes(content)
    with pytest.raises(RunFolderError) as caught:
        folder.read_metrics(1)
    said = str(caught.value)
    assert said.startswith(str(folder.file("metrics.csv"))) and sentence in said
