"""Animations run in real time, keep the robot in view, and are written whole or not at all."""

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.animation import PillowWriter
from PIL import Image, ImageSequence

from vgps.report import video
from vgps.report.animation import ShownPush, animate
from vgps.report.errors import MissingEncoder


def frames_of(path):
    with Image.open(path) as gif:
        return [(np.array(f.convert("L")), f.info["duration"]) for f in ImageSequence.Iterator(gif)]


def test_frames_duration_and_size_and_the_robot_in_view(model, motion, tmp_path):
    path = tmp_path / "gait.gif"
    animate(model, motion(model, seconds=0.4), path)
    frames = frames_of(path)
    assert len(frames) == 11  # both ends of 10 intervals
    assert sum(duration for _, duration in frames) == 11 * 40  # ms
    height, width = frames[0][0].shape
    assert 240 <= width <= 640 and 240 <= height <= 480
    assert width % 2 == height % 2 == 0
    assert list(tmp_path.iterdir()) == [path]
    for pixels, _ in frames:
        rows, columns = np.argwhere(pixels < 80).T  # ink
        assert len(rows) > 200
        assert rows.min() > 0 and rows.max() < height - 1
        assert columns.min() > 0 and columns.max() < width - 1


def test_the_rate_is_real_time_whatever_the_control_step(swimmer, motion, tmp_path):
    path = tmp_path / "gait.gif"
    animate(swimmer, motion(swimmer, seconds=0.8), path, frames_per_second=10)
    frames = frames_of(path)
    assert [duration for _, duration in frames] == [100] * 9


def test_level_ground_stands_still_below_a_robot_that_bobs(on_ground, tmp_path):
    model = on_ground("0")
    X = np.zeros((41, model.nx))
    X[:, 0] = np.linspace(0.0, 2.0, 41)
    X[:, 1] = 0.3 + 0.2 * np.sin(np.linspace(0.0, 8.0, 41))
    path = tmp_path / "gait.gif"
    animate(model, X, path)
    edges = [pixels[:-22, -1] for pixels, _ in frames_of(path)]  # neither trail nor labels
    surfaces = {int(np.argmin(edge)) for edge in edges}
    assert len(surfaces) == 1
    assert 0.5 * len(edges[0]) < surfaces.pop() < len(edges[0]) - 20  # and a band is left below it


def test_the_grid_passes_a_robot_that_travels(swimmer, tmp_path):
    X = np.tile(swimmer.x0, (21, 1))
    X[:, 0] = np.linspace(0.0, 2.1, 21)
    path = tmp_path / "gait.gif"
    animate(swimmer, X, path)
    frames = [pixels for pixels, _ in frames_of(path)]
    assert len(frames) == 11
    assert all((a != b).any() for a, b in pairwise(frames))


def test_a_trajectory_that_diverges_is_shown_up_to_there(swimmer, motion, tmp_path):
    X = motion(swimmer, seconds=1.0)
    X[10:] = np.inf
    path = tmp_path / "gait.gif"
    animate(swimmer, X, path)
    assert len(frames_of(path)) == 5
    animate(swimmer, X[9:], path)  # a single state
    assert len(frames_of(path)) == 1


def test_mp4_is_as_long_and_as_large_as_the_gif(model, motion, tmp_path):
    av = pytest.importorskip("av", reason="PyAV is not installed: pip install vgps[video]")
    X = motion(model, seconds=0.4)
    animate(model, X, tmp_path / "gait.mp4")
    animate(model, X, tmp_path / "gait.gif")
    with av.open(str(tmp_path / "gait.mp4")) as file:
        shown = [frame.to_ndarray(format="gray") for frame in file.decode(video=0)]
        assert float(file.streams.video[0].average_rate) == 25.0
    stills = [pixels for pixels, _ in frames_of(tmp_path / "gait.gif")]
    assert len(shown) == len(stills)
    for frame, still in zip(shown, stills, strict=True):
        assert frame.shape == still.shape
        # Neither format keeps every edge.
        assert np.mean(abs(frame.astype(float) - still)) < 6.0
    assert not [path for path in tmp_path.iterdir() if path.name[0] == "."]


def test_other_motions_are_faint_behind_it_and_in_view(swimmer, motion, tmp_path):
    X = motion(swimmer, seconds=0.4)
    aside = X.copy()
    aside[:, 1] -= 3.0
    animate(swimmer, X, tmp_path / "alone.gif")
    animate(swimmer, X, tmp_path / "both.gif", others=[X[:5], aside])
    shown = [pixels for pixels, _ in frames_of(tmp_path / "both.gif")]
    for pixels in shown:
        scene = pixels[:-22]  # without labels
        faint = np.argwhere((scene > 150) & (scene < 215))[:, 0]
        dark = np.argwhere(scene < 80)[:, 0]
        assert dark.max() + 30 < faint.max() < len(scene) - 1  # 3 m below, and in view
    alone = [pixels for pixels, _ in frames_of(tmp_path / "alone.gif")]
    assert len(alone) == len(shown)


def test_a_push_is_an_arrow_for_as_long_as_it_acts(swimmer, tmp_path):
    X = np.tile(swimmer.x0, (41, 1))
    X[:, 0] += np.linspace(0.0, 0.8, 41)  # a GIF has no frame for what stands still
    path = tmp_path / "push.gif"
    for backward in (False, True):
        animate(swimmer, X, path, push=ShownPush("com", backward, instant=0.2, duration=0.39))
        with Image.open(path) as gif:
            frames = [np.array(f.convert("RGB"), float) for f in ImageSequence.Iterator(gif)]
        orange = [(f[..., 0] > 180) & (f[..., 2] < 90) & (f[..., 1] < 160) for f in frames]
        pushed = [i for i, found in enumerate(orange) if found.sum() > 100]
        assert pushed == list(range(5, 15))
        columns = np.argwhere(orange[7])[:, 1]
        # It ends at the centre of mass, in the middle of the view.
        middle = frames[0].shape[1] / 2
        assert (columns.mean() > middle) == backward


def test_mp4_without_pyav(swimmer, motion, tmp_path, monkeypatch):
    monkeypatch.setattr(video, "find_spec", lambda name: None)
    with pytest.raises(MissingEncoder, match=r"vgps\[video\]"):
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
