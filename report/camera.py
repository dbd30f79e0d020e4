"""Where an animation looks: at a robot and at all that is shown beside it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.model import Model
from vgps.report.profile import ground_line
from vgps.report.skeleton import Skeleton

Array = NDArray[np.float64]
_WIDE = 4.0 / 3.0  # the least ratio of width to height of a frame with ground


def camera(
    model: Model,
    poses: Sequence[Skeleton],
    others: Sequence[Sequence[Skeleton]],
    targets: Array,
    frames_per_second: int,
) -> tuple[Array, Array]:
    """Centres of the view (frames, 2) and half its size (2,), in m.

    The robot, its other motions and its targets (n, 2) always fit.  One that has ended before
    stays where it is.

    Where there is ground, the ground below the robot fits as well, and the view then rises and
    falls with the ground alone.
    """
    shown = [np.concatenate([pose.corners(), targets]) for pose in poses]
    for other in others:
        last = len(other) - 1
        shown = [
            np.concatenate([corners, other[min(i, last)].corners()])
            for i, corners in enumerate(shown)
        ]
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
