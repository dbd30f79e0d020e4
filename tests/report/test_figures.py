"""Whole pictures as files: their size, that something is on them, and all or nothing on disk."""

import errno
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from vgps.report import figures
from vgps.report.figures import trajectory_picture


def size_of(path):
    with Image.open(path) as picture:
        return picture.size


def shares_of_ink(path, parts):
    """Share of pixels that are not paper in each of so many columns of the picture."""
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("L"))
    return [np.mean(part < 250) for part in np.array_split(pixels, parts, axis=1)]


def test_trajectory_picture(model, motion, tmp_path):
    path = tmp_path / "trajectory.png"
    X = motion(model)
    trajectory_picture(path, model, X, np.ones((len(X) - 1, model.nu)))
    assert size_of(path) == (1500, 960)
    assert min(shares_of_ink(path, 2)) > 0.01
    X[50:] = np.nan
    trajectory_picture(path, model, X, np.ones((len(X) - 1, model.nu)))


def test_actions_are_called_by_their_names_and_units(rocket, motion, monkeypatch):
    """Those of actuators, too: a force, and an angle that a servo is to hold."""
    drawn = []
    monkeypatch.setattr(figures, "save", lambda figure, _: drawn.append(figure))
    X = motion(rocket)
    trajectory_picture("rocket.png", rocket, X, np.ones((len(X) - 1, rocket.nu)))
    (actions,) = (axes for axes in drawn[0].axes if axes.get_ylabel().startswith("action"))
    assert actions.get_ylabel() == "action, N or rad"
    assert [text.get_text() for text in actions.get_legend().get_texts()] == ["thrust", "steering"]


def test_a_failure_leaves_the_old_picture_alone(swimmer, motion, tmp_path, monkeypatch):
    path = tmp_path / "trajectory.png"
    path.write_text("old", encoding="utf-8")

    def fail(figure, file):
        file.write_text("half", encoding="utf-8")
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(Figure, "savefig", fail)
    with pytest.raises(OSError, match="no space"):
        X = motion(swimmer)
        trajectory_picture(path, swimmer, X, np.ones((len(X) - 1, swimmer.nu)))
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_text(encoding="utf-8") == "old"


def test_the_room_knows_neither_global_state_nor_how_anything_was_computed():
    code = (
        "import sys, vgps.report.figures, vgps.report.animation, vgps.report.page.scene\n"
        "rooms = {name.removeprefix('vgps.').split('.')[0] for name in sys.modules}\n"
        "assert not rooms & {'solver', 'policy', 'casadi', 'sympy', 'numba'}, rooms\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
