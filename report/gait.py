"""The gait: the robot at evenly spaced times, and the path of its centre of mass."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from vgps.codegen.model import Model
from vgps.report.ground import draw_ground
from vgps.report.motion import com_path, drawable
from vgps.report.profile import ground_line
from vgps.report.scene import RobotDrawing, draw_rails, draw_targets
from vgps.report.skeleton import Skeleton, skeleton, target_places
from vgps.report.style import INITIAL, INK, LEARNED, dress, key, paler

Array = NDArray[np.float64]
_FEWEST_POSES, _MOST_POSES = 5, 9
_SAMPLES = 1000  # points of the ground's line across the picture
_FADE = 0.65  # share of paper in the colour of the oldest pose, nearly


def gait_picture(
    axes: Axes,
    model: Model,
    X: ArrayLike,
    reference: ArrayLike | None = None,
    title: str = "Gait",
) -> None:
    """Draw the robot along X (T+1, nx), earlier poses paler, its centre of mass and its targets.

    A trajectory that diverges is drawn up to the step where it does.

    Args:
        axes: Axes to draw on.
        model: The robot.
        X: States, (T+1, nx).
        reference: States of the trajectory that learning started from, (any length, nx).  The path
            of its centre of mass is drawn in black under the blue one of X.
        title: Title of the axes.

    Raises:
        ValueError: where not even the first state is finite.
    """
    X = drawable(X)
    path = com_path(model, X)  # (T+1, 2)
    dress(axes, title, "x, m", "y, m")
    draw_rails(axes, model.robot)
    paths = [path]
    if reference is not None:
        paths.append(com_path(model, drawable(reference)))
        axes.plot(*paths[1].T, color=INITIAL, linewidth=1.1, zorder=3, label="initial DDP")
    label = "centre of mass" if reference is None else "learned policy"
    axes.plot(*path.T, color=LEARNED, linewidth=1.6, zorder=3.1, label=label)

    times, poses = _poses(model, X, path)
    for i, pose in enumerate(poses):
        age = 1.0 - (i + 1) / len(poses)  # 0 for the last pose
        colour, zorder = paler(INK, _FADE * age), 2 + i / len(poses)
        RobotDrawing(axes, model.robot, colour, width=3.2, zorder=zorder).pose(pose)
    if len(times) > 1:
        every = (times[-1] - times[0]) / (len(times) - 1)
        axes.plot([], [], color=INK, linewidth=3.2, label=f"robot every {every:.2g} s")
    targets = target_places(model.robot, X[0])  # (n, 2)
    draw_targets(axes, targets)
    points = np.concatenate([*paths, targets, *(pose.corners() for pose in poses)])
    x = points[:, 0]
    below = ground_line(model.robot, np.linspace(x.min(), x.max(), _SAMPLES))
    _frame(axes, np.concatenate([points, below[np.isfinite(below).all(axis=1)]]))
    surface = ground_line(model.robot, np.linspace(*axes.get_xlim(), _SAMPLES))
    draw_ground(axes, surface, axes.get_ylim()[0])
    key(axes, columns=4)


def _poses(model: Model, X: Array, path: Array) -> tuple[Array, list[Skeleton]]:
    """Evenly spaced times (n,) in s and the robot at each, as many as fit side by side."""
    robots = [skeleton(model, x[: model.nq]) for x in X]
    way = path[-1] - path[0]  # (2,)
    distance = np.linalg.norm(way) or 1.0
    width = max(np.ptp(robot.corners() @ way) for robot in robots) / distance
    count = int(np.clip(1 + distance / (0.7 * width or 1.0), _FEWEST_POSES, _MOST_POSES))
    steps = np.unique(np.linspace(0, len(X) - 1, count).round().astype(int))
    return steps * model.dt, [robots[step] for step in steps]


def _frame(axes: Axes, points: Array) -> None:
    """Set limits around the points (n, 2), in m, with the same scale on both axes."""
    low, high = points.min(axis=0), points.max(axis=0)
    middle, span = 0.5 * (low + high), high - low
    half = 0.5 * span + (0.04 * span.max() or 1.0)  # (2,)
    # Filling the axes' place in the picture keeps a straight path from becoming a sliver.
    box = axes.get_window_extent().size  # (2,) pixels
    half = box * (half / box).max()
    axes.set_xlim(middle[0] - half[0], middle[0] + half[0])
    axes.set_ylim(middle[1] - half[1], middle[1] + half[1])
    axes.set_aspect("equal")
    axes.xaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
