"""Whole pictures: one of a training run, one of an optimised trajectory."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from vgps.codegen.model import Model
from vgps.report.curves import learning_curve
from vgps.report.gait import gait_picture
from vgps.report.motion import drawable
from vgps.report.style import MUTED, SERIES, dress, key, new_figure, save

Array = NDArray[np.float64]


def training_picture(
    path: str | Path,
    model: Model,
    metrics: Mapping[str, ArrayLike],
    ddp_cost: float,
    X: ArrayLike,
    reference: ArrayLike,
) -> None:
    """Write a picture of the learning curve and, beside it, the gait.

    Args:
        path: File of the picture; its suffix names the format.
        model: The robot.
        metrics: Columns iteration, stage, stochastic_cost and deterministic_cost, (K,) each.
        ddp_cost: Cost of ``reference``.
        X: A rollout of the learned policy, (T+1, nx).
        reference: The trajectory that learning started from, (T+1, nx).
    """
    figure = new_figure(12.0, 3.6)
    left, right = figure.subplots(1, 2, width_ratios=(1.0, 1.75), gridspec_kw={"wspace": 0.15})
    learning_curve(
        left,
        metrics["iteration"],
        metrics["stochastic_cost"],
        metrics["deterministic_cost"],
        ddp_cost,
    )
    _mark_finish(left, metrics)
    gait_picture(right, model, X, reference)
    save(figure, path)


def _mark_finish(axes: Axes, metrics: Mapping[str, ArrayLike]) -> None:
    """A line where the finish begins, whose rounds follow the iterations."""
    rows = np.flatnonzero(np.asarray(metrics["stage"]) == "finish")
    if rows.size:
        begins = np.asarray(metrics["iteration"], dtype=float)[rows[0]] - 0.5
        axes.axvline(begins, color=MUTED, linewidth=1.0, linestyle=":", zorder=1)
        top = axes.get_xaxis_transform()
        text = axes.text(begins, 0.98, " finish", transform=top, color=MUTED, fontsize="small")
        text.set_verticalalignment("top")


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
