"""A robot in motion, in real time, as a GIF or an MP4."""

from pathlib import Path

import numpy as np
from matplotlib.animation import AbstractMovieWriter, FFMpegWriter, PillowWriter
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, MultipleLocator
from numpy.typing import ArrayLike, NDArray

from vgps.codegen.files import write_atomically
from vgps.codegen.model import Model
from vgps.report.errors import MissingEncoder
from vgps.report.ground import draw_ground
from vgps.report.motion import drawable
from vgps.report.profile import ground_line
from vgps.report.scene import RobotDrawing, draw_rails, draw_targets
from vgps.report.skeleton import Skeleton, skeleton, target_places
from vgps.report.style import HAIR, INK, LEARNED, MUTED, PAPER

Array = NDArray[np.float64]
_DOTS_PER_INCH = 100
WIDEST, TALLEST, _SMALLEST = 640, 480, 240  # pixels
LABELS = 22  # pixels below the scene
SAMPLES = 300  # points of the ground's line across half a frame
_WIDE = 4.0 / 3.0  # the least ratio of width to height of a frame with ground


def animate(model: Model, X: ArrayLike, path: str | Path, frames_per_second: int = 25) -> None:
    """Write the motion X (T+1, nx), in real time, to ``path``, whose suffix is .gif or .mp4.

    With a floating base the camera follows the robot; with a fixed base it stands still.  A
    trajectory that diverges is shown up to the step where it does.

    Raises:
        MissingEncoder: for an MP4 where ffmpeg is not installed.
        ValueError: for another suffix, and for a trajectory without a finite state.
    """
    path = Path(path)
    writer = _writer(path, frames_per_second)
    X = drawable(X)
    times, poses = _frames(model, X, frames_per_second)
    targets = target_places(model.robot, X[0])  # (n, 2)
    centres, half = _camera(model, poses, targets, frames_per_second)
    figure, axes, half = stage(half)
    draw_rails(axes, model.robot)
    draw_targets(axes, targets)
    low, high = centres.min(axis=0) - half, centres.max(axis=0) + half
    seen = np.arange(low[0], high[0] + half[0] / SAMPLES, half[0] / SAMPLES)
    draw_ground(axes, ground_line(model.robot, seen), low[1])
    (trail,) = axes.plot([], [], color=LEARNED, linewidth=1.4, alpha=0.6, zorder=3)
    robot = RobotDrawing(axes, model.robot, INK, width=5.0, zorder=4)
    clock = axes.text(
        0.985, 0.96, "", transform=axes.transAxes, ha="right", va="top", fontsize=9, color=INK
    )
    walked = np.array([pose.com for pose in poses])  # (frames, 2)

    def write(temporary: Path) -> None:
        with writer.saving(figure, str(temporary), _DOTS_PER_INCH):
            for i, (pose, centre) in enumerate(zip(poses, centres, strict=True)):
                robot.pose(pose)
                trail.set_data(*walked[: i + 1].T)
                clock.set_text(f"{times[i]:.1f} s")
                axes.set_xlim(centre[0] - half[0], centre[0] + half[0])
                axes.set_ylim(centre[1] - half[1], centre[1] + half[1])
                writer.grab_frame()

    write_atomically(path, write)


def _writer(path: Path, frames_per_second: int) -> AbstractMovieWriter:
    if path.suffix == ".gif":
        return PillowWriter(frames_per_second)
    if path.suffix != ".mp4":
        raise ValueError(f"an animation is a .gif or an .mp4, found {path.name!r}")
    if not FFMpegWriter.isAvailable():
        raise MissingEncoder("an MP4 needs the program ffmpeg, which was not found: ask for a GIF")
    return FFMpegWriter(frames_per_second)


def _frames(model: Model, X: Array, frames_per_second: int) -> tuple[Array, list[Skeleton]]:
    """Times (frames,) in s, and the robot in the state nearest to each of them."""
    count = 1 + int((len(X) - 1) * model.dt * frames_per_second + 1e-9)
    times = np.arange(count) / frames_per_second
    steps = np.minimum((times / model.dt).round().astype(int), len(X) - 1)
    return times, [skeleton(model, X[step, : model.nq]) for step in steps]


def _camera(
    model: Model, poses: list[Skeleton], targets: Array, frames_per_second: int
) -> tuple[Array, Array]:
    """Centres of the view (frames, 2) and half its size (2,), in m.

    The robot and its targets (n, 2) always fit.

    Where there is ground, the ground below the robot fits as well, and the view then rises and
    falls with the ground alone.
    """
    shown = [np.concatenate([pose.corners(), targets]) for pose in poses]
    corners = np.array(shown)  # (frames, n, 2)
    below = ground_line(model.robot, np.array([pose.com[0] for pose in poses]))  # (frames, 2)
    if len(below):
        corners = np.concatenate([corners, below[:, None]], axis=1)
    if model.robot.base == "floating":
        path = below if len(below) else np.array([pose.com for pose in poses])
        centres = _calm(path, frames_per_second // 2)
        aside = corners - centres[:, None]
        if len(below):
            centres[:, 1] += 0.5 * (aside[..., 1].min() + aside[..., 1].max())
    else:
        middle = 0.5 * (corners.min(axis=(0, 1)) + corners.max(axis=(0, 1)))
        centres = np.tile(middle, (len(poses), 1))
    half = np.abs(corners - centres[:, None]).max(axis=(0, 1))  # (2,)
    half += 0.25 * half.max() or 1.0
    if len(below):
        half[0] = max(half[0], _WIDE * half[1])
    return centres, half


def _calm(path: Array, reach: int) -> Array:
    """The path (frames, 2), each place averaged with ``reach`` frames before and after it."""
    # An average over about a second keeps the view calm while the robot sways and bobs.
    padded = np.pad(path, ((reach, reach), (0, 0)), mode="edge")
    window = np.full(2 * reach + 1, 1.0 / (2 * reach + 1))
    return np.stack([np.convolve(padded[:, i], window, mode="valid") for i in (0, 1)], axis=1)


def stage(half: Array) -> tuple[Figure, Axes, Array]:
    """Figure and axes, as large as the limits allow, and half the size (2,), in m, of the view."""
    scale = min(WIDEST / half[0], (TALLEST - LABELS) / half[1])  # pixels per half metre
    # Video encoders want even numbers.
    width, height = (2 * round(max(scale * h, _SMALLEST) / 2) for h in half)
    half = np.maximum(half, np.array([width, height]) / scale)
    total = height + LABELS
    figure = Figure(
        (width / _DOTS_PER_INCH, total / _DOTS_PER_INCH), _DOTS_PER_INCH, facecolor=PAPER
    )
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.0, LABELS / total, 1.0, height / total))
    grid = MaxNLocator(10, steps=[1, 2, 5, 10]).tick_values(0.0, 2.0 * half.max())
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MultipleLocator(grid[1] - grid[0]))
    axes.xaxis.set_major_formatter("{x:g} m")
    axes.tick_params(length=0, labelsize=7.5, labelcolor=MUTED, labelleft=False)
    axes.grid(True, color=HAIR, linewidth=0.8)
    axes.set_axisbelow(True)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return figure, axes, half
