"""Animations run in real time, keep the robot in view, and are written whole or not at all."""

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.animation import FFMpegWriter, PillowWriter
from PIL import Image, ImageSequence

from vgps.report.animation import animate
from vgps.report.errors import MissingEncoder


def frames_of(path):
    with Image.open(path) as gif:
        return [(np.array(f.convert("L")), f.info["duration"]) for f in ImageSequence.Iterator(gif)]


def test_frames_duration_and_size(model, motion, tmp_path):
    path = tmp_path / "gait.gif"
    animate(model, motion(model, seconds=1.0), path)
    frames = frames_of(path)
    assert len(frames) == 26  # both ends of 25 intervals
    assert sum(duration for _, duration in frames) == 26 * 40  # ms
    height, width = frames[0][0].shape
    assert 240 <= width <= 640 and 240 <= height <= 480
    assert width % 2 == height % 2 == 0
    assert list(tmp_path.iterdir()) == [path]


def test_the_rate_is_real_time_whatever_the_control_step(swimmer, motion, tmp_path):
    path = tmp_path / "gait.gif"
    animate(swimmer, motion(swimmer, seconds=2.0), path, frames_per_second=10)
    frames = frames_of(path)
    assert [duration for _, duration in frames] == [100] * 21


def test_the_robot_stays_in_view(model, motion, tmp_path):
    path = tmp_path / "gait.gif"
    animate(model, motion(model, seconds=1.0), path)
    ink = [np.argwhere(pixels < 80) for pixels, _ in frames_of(path)]
    height, width = frames_of(path)[0][0].shape
    for place in ink:
        rows, columns = place.T
        assert len(place) > 200
        assert rows.min() > 0 and rows.max() < height - 1
        assert columns.min() > 0 and columns.max() < width - 1


def test_level_ground_stands_still_below_a_robot_that_bobs(on_ground, tmp_path):
    model = on_ground("0")
    X = np.zeros((101, model.nx))
    X[:, 0] = np.linspace(0.0, 2.0, 101)
    X[:, 1] = 0.3 + 0.2 * np.sin(np.linspace(0.0, 20.0, 101))
    path = tmp_path / "gait.gif"
    animate(model, X, path)
    edges = [pixels[:-22, -1] for pixels, _ in frames_of(path)]  # neither trail nor labels
    surfaces = {int(np.argmin(edge)) for edge in edges}
    assert len(surfaces) == 1
    assert 0.5 * len(edges[0]) < surfaces.pop() < len(edges[0]) - 20  # and a band is left below it


def test_the_grid_passes_a_robot_that_travels(swimmer, tmp_path):
    X = np.tile(swimmer.x0, (51, 1))
    X[:, 0] = np.linspace(0.0, 5.3, 51)
    path = tmp_path / "gait.gif"
    animate(swimmer, X, path)
    frames = [pixels for pixels, _ in frames_of(path)]
    assert len(frames) == 26
    assert all((a != b).any() for a, b in pairwise(frames))


def test_a_trajectory_that_diverges_is_shown_up_to_there(swimmer, motion, tmp_path):
    X = motion(swimmer, seconds=1.0)
    X[26:] = np.inf
    path = tmp_path / "gait.gif"
    animate(swimmer, X, path)
    assert len(frames_of(path)) == 13
    animate(swimmer, X[25:], path)  # a single state
    assert len(frames_of(path)) == 1


def test_mp4_without_ffmpeg(swimmer, motion, tmp_path, monkeypatch):
    monkeypatch.setattr(FFMpegWriter, "isAvailable", lambda: False)
    with pytest.raises(MissingEncoder, match="ffmpeg"):
        animate(swimmer, motion(swimmer), tmp_path / "gait.mp4")
    assert list(tmp_path.iterdir()) == []


def test_another_format_is_refused(swimmer, motion, tmp_path):
    with pytest.raises(ValueError, match="found 'gait.avi'"):
        animate(swimmer, motion(swimmer), tmp_path / "gait.avi")


def test_a_failure_leaves_nothing_behind(swimmer, motion, tmp_path, monkeypatch):
    grab = PillowWriter.grab_frame

    def fail_at_the_third(writer, **options):
        if len(writer._frames) == 2:
            raise MemoryError
        grab(writer, **options)

    monkeypatch.setattr(PillowWriter, "grab_frame", fail_at_the_third)
    with pytest.raises(MemoryError):
        animate(swimmer, motion(swimmer, seconds=1.0), tmp_path / "gait.gif")
    assert list(tmp_path.iterdir()) == []
