"""The whole picture of an optimised trajectory."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from vgps.codegen.model import Model
from vgps.report.gait import gait_picture
from vgps.report.motion import drawable
from vgps.report.style import SERIES, dress, key, new_figure, save

Array = NDArray[np.float64]


def trajectory_picture(path: str | Path, model: Model, X: ArrayLike, U: ArrayLike) -> None:
    """Write a picture at ``path`` of gait, actions and speed along X (T+1, nx) and U (T, nu)."""
    X = drawable(X)
    U = np.asarray(U, dtype=float)[: len(X)]
    figure = new_figure(10.0, 6.4)
    axes = figure.subplot_mosaic(
        [["gait", "gait"], ["actions", "speed"]],
        height_ratios=(1.5, 1.0),
        gridspec_kw={"wspace": 0.18, "hspace": 0.55},
    )
    gait_picture(axes["gait"], model, X)
    times = model.dt * np.arange(len(U), dtype=np.float64)  # (T,) s
    _actions(axes["actions"], model, times, U)
    dress(axes["speed"], "Speed of the centre of mass", "time, s", "speed, m/s")
    axes["speed"].plot(times, model.speed(X[: len(U)], U), color=SERIES[0], linewidth=1.5)
    save(figure, path)


def _actions(axes: Axes, model: Model, times: Array, U: Array) -> None:
    units = sorted(set(model.robot.u_units))
    dress(axes, "Actions", "time, s", f"action, {' or '.join(units)}")
    for i, name in enumerate(model.u_names):
        axes.plot(times, U[:, i], color=SERIES[i % len(SERIES)], linewidth=1.3, label=name)
    key(axes, columns=6)
