"""The learning curve: cost of a rollout against iteration."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator
from matplotlib.typing import LineStyleType
from numpy.typing import ArrayLike, NDArray

from vgps.report.style import INITIAL, LEARNED, MUTED, dress, key

Array = NDArray[np.float64]
# A linear axis that spans more than this factor squeezes its lower end into a line.
_LINEAR_RANGE = 10.0


def learning_curve(
    axes: Axes,
    iterations: ArrayLike,
    stochastic: ArrayLike,
    deterministic: ArrayLike,
    ddp_cost: float,
) -> None:
    """Draw the average cost of the stochastic policy (solid) and of the deterministic one (dashed).

    An infinite or missing cost breaks the line and leaves a triangle below the upper edge.

    Args:
        axes: Axes to draw on.
        iterations: Numbers of the iterations, (K,).
        stochastic: Cost summed over the horizon, averaged over rollouts, (K,); without a unit.
        deterministic: The same without the policy's noise, (K,).
        ddp_cost: Cost of the initial DDP trajectory, drawn as a horizontal line.
    """
    iterations = np.asarray(iterations, dtype=float)
    dress(axes, "Learning curve", "iteration", "average cost of a rollout")
    shown, lost = [np.array([ddp_cost])], np.zeros(len(iterations), dtype=bool)
    curves: tuple[tuple[ArrayLike, str, LineStyleType], ...] = (
        (stochastic, "stochastic", "-"),
        (deterministic, "deterministic", (0, (4, 1.6))),
    )
    for costs, label, dashes in curves:
        values = np.asarray(costs, dtype=float)
        finite = np.isfinite(values)
        shown.append(values[finite])
        lost |= ~finite
        _draw(axes, iterations, values, label, dashes)
    axes.axhline(ddp_cost, color=INITIAL, linewidth=1.0, label="initial DDP", zorder=2)
    if lost.any():
        axes.plot(
            iterations[lost],
            np.full(lost.sum(), 0.975),
            "^",
            color=MUTED,
            markersize=4,
            transform=axes.get_xaxis_transform(),
            label="diverged",
        )
    _scale(axes, np.concatenate(shown))
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.margins(x=0.03)
    key(axes, columns=4)


def _draw(axes: Axes, iterations: Array, values: Array, label: str, dashes: LineStyleType) -> None:
    shown = np.isfinite(values)
    beside = np.pad(shown, 1)
    alone = np.flatnonzero(shown & ~beside[:-2] & ~beside[2:])  # a line would not show these
    axes.plot(
        iterations,
        np.where(shown, values, np.nan),
        color=LEARNED,
        linewidth=1.7,
        linestyle=dashes,
        label=label,
        zorder=3,
    )
    axes.plot(iterations[alone], values[alone], "o", color=LEARNED, markersize=3.5, zorder=3)


def _scale(axes: Axes, costs: Array) -> None:
    """Choose limits and scale of the cost axis for the finite costs (n,) that it has to show."""
    low, high = costs.min(), costs.max()
    if low > 0.0 and high > _LINEAR_RANGE * low:
        axes.set_yscale("log")
        margin = (high / low) ** 0.06
        axes.set_ylim(low / margin, high * margin)
        digits = (1.0, 2.0, 5.0) if high < 1e3 * low else (1.0,)
        axes.yaxis.set_major_locator(LogLocator(subs=digits, numticks=12))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(FuncFormatter(lambda cost, _: f"{cost:,g}"))
    else:
        margin = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
        axes.set_ylim(low - margin, high + margin)
