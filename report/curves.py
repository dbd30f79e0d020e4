"""The learning curve: cost of a rollout against iteration."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator
from numpy.typing import ArrayLike, NDArray

from vgps.report.style import INITIAL, LEARNED, MUTED, dress, key

Array = NDArray[np.float64]
# A linear axis that spans more than this factor shows nothing of its lower end.
_LINEAR_RANGE = 10.0


def learning_curve(
    axes: Axes,
    iterations: ArrayLike,
    stochastic: ArrayLike,
    deterministic: ArrayLike,
    ddp_cost: float,
) -> None:
    """Average cost of the stochastic policy (solid) and the deterministic one (dashed).

    All three arrays are (K,); costs are summed over the horizon and have no unit.  ``ddp_cost`` of
    the first trajectory is a horizontal line.  An infinite or missing cost breaks the line and
    leaves a triangle below the upper edge.
    """
    iterations = np.asarray(iterations, dtype=float)
    dress(axes, "Learning curve", "iteration", "average cost of a rollout")
    shown, lost = [np.array([ddp_cost])], np.zeros(len(iterations), dtype=bool)
    for values, label, dashes in (
        (stochastic, "stochastic", "-"),
        (deterministic, "deterministic", (0, (4, 1.6))),
    ):
        values = np.asarray(values, dtype=float)
        finite = np.isfinite(values)
        shown.append(values[finite])
        lost |= ~finite
        _draw(axes, iterations, values, label, dashes)
    axes.axhline(ddp_cost, color=INITIAL, linewidth=1.0, label="initial DDP", zorder=2)
    if lost.any():
        edge = {"transform": axes.get_xaxis_transform(), "color": MUTED, "markersize": 4}
        axes.plot(iterations[lost], np.full(lost.sum(), 0.975), "^", label="diverged", **edge)
    _scale(axes, np.concatenate(shown))
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.margins(x=0.03)
    key(axes, columns=4)


def _draw(axes: Axes, iterations: Array, values: Array, label: str, dashes) -> None:
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
    """Limits and scale of the cost axis for the finite costs (n,) that it has to show."""
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
