"""A robot in motion, in real time, as a GIF or an MP4."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.animation import AbstractMovieWriter, PillowWriter
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, MultipleLocator
from numpy.typing import ArrayLike, NDArray

from vgps.codegen.files import write_atomically
from vgps.codegen.model import Model
from vgps.report.camera import camera
from vgps.report.ground import draw_ground
from vgps.report.motion import drawable
from vgps.report.profile import ground_line
from vgps.report.scene import RobotDrawing, draw_rails, draw_targets
from vgps.report.skeleton import Skeleton, skeleton, target_places
from vgps.report.style import HAIR, INK, LEARNED, MUTED, PAPER, TARGET
from vgps.report.video import Mp4Writer, require_encoder

Array = NDArray[np.float64]
Arrows = dict[int, Array]  # by frame
_DOTS_PER_INCH = 100
WIDEST, TALLEST, _SMALLEST = 640, 480, 240  # pixels
LABELS = 22  # pixels below the scene
SAMPLES = 300  # points of the ground's line across half a frame
_FAINT = 0.22  # opacity of the other motions
_LEAST_PUSH = 0.3  # s for which a push is shown at least
_ARROW = {"arrowstyle": "-|>", "color": TARGET, "linewidth": 2.5, "mutation_scale": 16}


class ShownPush(NamedTuple):
    """An arrow that is shown while the robot is pushed."""

    point: str  # a name in ``model.points(q)``
    backward: bool  # against x
    instant: float  # s at which it begins
    duration: float  # s


def animate(
    model: Model,
    X: ArrayLike,
    path: str | Path,
    frames_per_second: int = 25,
    others: Sequence[ArrayLike] = (),
    push: ShownPush | None = None,
) -> None:
    """Write the motion X (T+1, nx), in real time, to ``path``, whose suffix is .gif or .mp4.

    With a floating base the camera follows the robot; with a fixed base it stands still.  A
    trajectory that diverges is shown up to the step where it does.

    Args:
        model: The robot.
        X: States, (T+1, nx).
        path: The file.
        frames_per_second: Of the animation.
        others: Further motions (T+1, nx), which are drawn faintly behind it.
        push: What is pushed, and when.

    Raises:
        MissingEncoder: for an MP4 where PyAV is not installed.
        ValueError: for another suffix, and for a trajectory without a finite state.
    """
    path = Path(path)
    writer = _writer(path, frames_per_second)
    X = drawable(X)
    poses = _poses(model, X, frames_per_second)
    beside = [_poses(model, drawable(other), frames_per_second) for other in others]
    arrows = _arrows(model, X, push, frames_per_second)
    targets = target_places(model.robot, X[0])  # (n, 2)
    centres, half = camera(model, poses, beside, targets, frames_per_second)
    figure, axes, half = stage(half)
    draw_rails(axes, model.robot)
    draw_targets(axes, targets)
    low, high = centres.min(axis=0) - half, centres.max(axis=0) + half
    seen = np.arange(low[0], high[0] + half[0] / SAMPLES, half[0] / SAMPLES)
    draw_ground(axes, ground_line(model.robot, seen), low[1])
    (trail,) = axes.plot([], [], color=LEARNED, linewidth=1.4, alpha=0.6, zorder=3)
    faint = [RobotDrawing(axes, model.robot, INK, 5.0, zorder=2, alpha=_FAINT) for _ in beside]
    robot = RobotDrawing(axes, model.robot, INK, width=5.0, zorder=4)
    arrow = axes.annotate("", (0.0, 0.0), (0.0, 0.0), arrowprops=_ARROW, zorder=6)
    reach = half[1] if push is not None and push.backward else -half[1]  # m, from tip to tail
    clock = axes.text(
        0.985, 0.96, "", transform=axes.transAxes, ha="right", va="top", fontsize=9, color=INK
    )
    walked = np.array([pose.com for pose in poses])  # (frames, 2)

    def write(temporary: Path) -> None:
        with writer.saving(figure, str(temporary), _DOTS_PER_INCH):
            for i, (pose, centre) in enumerate(zip(poses, centres, strict=True)):
                robot.pose(pose)
                for drawing, other in zip(faint, beside, strict=True):
                    drawing.pose(other[min(i, len(other) - 1)])
                arrow.set_visible(i in arrows)
                if i in arrows:
                    x, y = arrows[i]
                    arrow.xy = (x, y)
                    arrow.set_position((x + reach, y))
                trail.set_data(*walked[: i + 1].T)
                clock.set_text(f"{i / frames_per_second:.1f} s")
                axes.set_xlim(centre[0] - half[0], centre[0] + half[0])
                axes.set_ylim(centre[1] - half[1], centre[1] + half[1])
                writer.grab_frame()

    write_atomically(path, write)


def _writer(path: Path, frames_per_second: int) -> AbstractMovieWriter:
    if path.suffix == ".gif":
        return PillowWriter(frames_per_second)
    if path.suffix != ".mp4":
        raise ValueError(f"an animation is a .gif or an .mp4, found {path.name!r}")
    require_encoder()
    return Mp4Writer(frames_per_second)


def _steps(model: Model, X: Array, frames_per_second: int) -> tuple[Array, NDArray[np.int64]]:
    """Times (frames,) in s, and the steps of X (T+1, nx) that are nearest to them."""
    count = 1 + int((len(X) - 1) * model.dt * frames_per_second + 1e-9)
    times = np.arange(count) / frames_per_second
    return times, np.minimum((times / model.dt).round().astype(int), len(X) - 1)


def _poses(model: Model, X: Array, frames_per_second: int) -> list[Skeleton]:
    """The robot in each frame."""
    steps = _steps(model, X, frames_per_second)[1]
    return [skeleton(model, X[step, : model.nq]) for step in steps]


def _arrows(model: Model, X: Array, push: ShownPush | None, frames_per_second: int) -> Arrows:
    """Where the point is that is pushed, (2,) m, in the frames in which it is."""
    if push is None:
        return {}
    times, steps = _steps(model, X, frames_per_second)
    end = push.instant + max(push.duration, _LEAST_PUSH)
    frames = np.flatnonzero((times >= push.instant - 1e-9) & (times < end)).tolist()
    return {i: model.points(X[steps[i], : model.nq])[push.point] for i in frames}


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
