"""metrics.csv for TensorBoard: its event file says the same, also of a run that went on."""

import csv
import math
import struct
import sys

import pytest
from command_line import ROOT, run, run_json
from tensorboardX.proto.event_pb2 import Event

CARTPOLE = ROOT / "tests" / "robots" / "cartpole.yaml"


def scalars_of(folder):
    """{(name, step): value} of the only event file: records of a length, its sum, an event, its sum."""
    (path,) = (folder / "tensorboard").iterdir()
    data, found = path.read_bytes(), {}
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        event = Event.FromString(data[12 : 12 + length])
        data = data[16 + length :]
        for value in event.summary.value:
            assert (value.tag, event.step) not in found  # nothing is there twice
            found[value.tag, event.step] = value.simple_value
    return found


def rows_of(folder):
    """The same of metrics.csv."""
    found = {}
    with (folder / "metrics.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            step = int(row.pop("iteration"))
            for name, text in row.items():
                try:
                    value = float(text)
                except ValueError:
                    continue
                if math.isfinite(value):
                    found[name, step] = value
    return found


def test_the_events_are_the_rows(tmp_path):
    folder = tmp_path / "run"
    given = ("--iterations", 2, "--finish", "none", "--tensorboard")
    run_json("train", CARTPOLE, *given, "--out", folder)
    assert scalars_of(folder) == pytest.approx(rows_of(folder), rel=1e-6)
    assert {step for _, step in rows_of(folder)} == {1, 2}
    run_json("train", "--resume", folder, "--iterations", 3, "--tensorboard")
    assert scalars_of(folder) == pytest.approx(rows_of(folder), rel=1e-6)
    assert {step for _, step in rows_of(folder)} == {1, 2, 3}


def test_without_it_there_is_no_folder(cartpole_run):
    assert not (cartpole_run[0] / "tensorboard").exists()


def test_without_the_package_it_is_refused_before_anything_is_done(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    status, _, said = run("train", CARTPOLE, "--tensorboard", "--out", tmp_path / "run")
    assert status == 2 and not list(tmp_path.glob("run/config.yaml"))
    assert said.startswith("--tensorboard needs tensorboardX, which is not installed: pip install")
