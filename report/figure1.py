"""Figure 1 of the paper: average cost against iteration for every method, and the learned gaits.

A row for each robot: a panel for each number of hidden units, then the gait.  Lines are medians
over seeds and bands their quartiles, because a single fall costs hundreds of times a walk and would
be all that a mean shows.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import cycle
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray

from vgps.codegen.model import Model
from vgps.experiments.results import Row
from vgps.report.gait import gait_picture
from vgps.report.style import INITIAL, INK, MUTED, dress, new_figure

Array = NDArray[np.float64]
Look = tuple[str, str]  # colour and marker
Looks = dict[str, Look]  # by method

# Wong's palette for colour-blind readers, its yellow darkened for white paper; markers tell the
# methods apart in black and white.
_LOOKS: Looks = {
    "vgps": ("#0072b2", "o"),
    "vgps-finish": ("#000000", "*"),
    "gps": ("#d55e00", "s"),
    "adapted-gps": ("#e69f00", "D"),
    "dagger": ("#009e73", "^"),
    "weighted-dagger": ("#7a7a00", "v"),
    "weighted-dagger-noisy": ("#b8b800", "1"),
    "adapted-dagger": ("#56b4e9", "<"),
    "adapted-dagger-mean": ("#2a6f97", "2"),
    "cost-weighted": ("#cc79a7", "P"),
    "cost-weighted-1000": ("#6b4c9a", "X"),
}
# Of methods that other packages bring, in turn.
_OTHER_LOOKS = (("#a6341b", "p"), ("#117733", "h"), ("#882255", "8"), ("#4d4d4d", "d"))
_DASHES = (0, (4, 1.6))
_CEILING = 300.0  # times the initial DDP cost: a higher one is drawn at the upper edge
_PANEL, _GAIT, _HEIGHT = 3.5, 5.0, 3.3  # inches
_ENTRY = 2.0  # inches, width of an entry of the legend


class Gait(NamedTuple):
    """The motion of one robot under one learned policy."""

    model: Model
    title: str  # which policy this is
    X: Array  # (T+1, nx), its rollout from the mean start
    reference: Array  # (T+1, nx), the initial DDP trajectory


def figure1(rows: Sequence[Row], gaits: Mapping[str, Gait]) -> Figure:
    """The figure of all ``rows``, with the gait of each robot that ``gaits`` holds by name."""
    robots = list(dict.fromkeys(row.robot for row in rows))
    hidden = list(dict.fromkeys(row.hidden for row in rows))
    looks = _looks(dict.fromkeys(row.method for row in rows))
    handles = _handles(looks)
    width = _PANEL * len(hidden) + _GAIT
    columns = int(width / _ENTRY)
    above = 0.75 + 0.2 * math.ceil(len(handles) / columns)  # inches, for the legend and the titles
    height = _HEIGHT * len(robots) + 0.2 + above
    figure = new_figure(width, height)
    figure.subplots_adjust(top=1.0 - above / height, bottom=1.0 / height)
    grid = figure.subplots(
        len(robots),
        len(hidden) + 1,
        squeeze=False,
        width_ratios=[_PANEL] * len(hidden) + [_GAIT],
        gridspec_kw={"wspace": 0.26, "hspace": 0.5},
    )
    for robot, line in zip(robots, grid, strict=True):
        for n_hidden, axes in zip(hidden, line[:-1], strict=True):
            chosen = [row for row in rows if (row.robot, row.hidden) == (robot, n_hidden)]
            _panel(axes, f"{robot}, {n_hidden} hidden units", chosen, looks)
        if robot in gaits:
            gait = gaits[robot]
            gait_picture(line[-1], gait.model, gait.X, gait.reference, gait.title)
        else:
            line[-1].set_axis_off()
    figure.legend(
        handles=handles,
        loc="upper center",
        ncols=columns,
        frameon=False,
        fontsize=9,
        labelcolor=INK,
        handlelength=3.0,
        columnspacing=1.6,
    )
    figure.text(
        0.5, 0.12 / height, caption(rows), ha="center", va="bottom", fontsize=8, color=MUTED
    )
    return figure


def caption(rows: Sequence[Row]) -> str:
    """Two lines of text: what the lines and bands are, and which costs are cut off."""
    runs = {(row.robot, row.hidden, row.method, row.seed) for row in rows}
    counts = sorted(set(Counter(run[:3] for run in runs).values()))
    seeds = " or ".join(map(str, counts))
    return (
        f"Average cost of a rollout: median over {seeds} seed{'s' * (seeds != '1')}, "
        "bands from the first to the third quartile; a run that has ended stays where it was.\n"
        f"Costs above {_CEILING:g} times that of the initial DDP trajectory, or infinite, are "
        "drawn at the upper edge."
    )


def _looks(methods: Iterable[str]) -> Looks:
    others = cycle(_OTHER_LOOKS)
    return {method: _LOOKS.get(method) or next(others) for method in methods}


def _panel(axes: Axes, title: str, rows: Sequence[Row], looks: Looks) -> None:
    dress(axes, title, "iteration", "average cost of a rollout")
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    if not rows:
        return
    ddp_cost = float(np.median([row.ddp_cost for row in rows]))
    ceiling = ddp_cost + (_CEILING - 1.0) * abs(ddp_cost)
    axes.axhline(ddp_cost, color=INITIAL, linewidth=1.2, zorder=2.5)
    shown = [ddp_cost]
    for i, method in enumerate(dict.fromkeys(row.method for row in rows)):
        chosen = [row for row in rows if row.method == method]
        for kind in ("stochastic", "deterministic"):
            iterations, quartiles = _quartiles(chosen, f"{kind}_cost", ceiling)
            label = f"{method}, {kind}"
            _draw(axes, label, looks[method], kind, iterations, quartiles, offset=i)
            shown += [*quartiles.ravel()]
    _scale(axes, np.array(shown), ceiling)


def _quartiles(rows: Sequence[Row], column: str, ceiling: float) -> tuple[Array, Array]:
    """Iterations (K,) and quartiles over seeds (3, K) of a cost, cut off at ``ceiling``.

    A run that has ended stays at its last cost: some have a longer finish than others.
    """
    iterations = sorted({row.iteration for row in rows})
    quartiles = np.empty((3, len(iterations)))
    reached: dict[int, float] = {}  # by seed
    for k, iteration in enumerate(iterations):
        reached |= {row.seed: getattr(row, column) for row in rows if row.iteration == iteration}
        costs = np.array(list(reached.values()))
        costs = np.where(np.isnan(costs), ceiling, costs).clip(max=ceiling)
        quartiles[:, k] = np.quantile(costs, (0.25, 0.5, 0.75))
    return np.array(iterations), quartiles


def _draw(
    axes: Axes,
    label: str,
    look: Look,
    kind: str,
    iterations: Array,
    quartiles: Array,
    offset: int,
) -> None:
    colour, marker = look
    first = label.startswith("vgps")  # drawn above the methods that it is compared with
    low, middle, high = quartiles
    axes.fill_between(iterations, low, high, color=colour, alpha=0.12, linewidth=0, zorder=2)
    every = max(1, len(iterations) // 5)
    axes.plot(
        iterations,
        middle,
        color=colour,
        linewidth=2.0 if first else 1.3,
        linestyle="-" if kind == "stochastic" else _DASHES,
        marker=marker,
        markersize=4.0,
        markevery=(offset % every, every),
        label=label,
        zorder=4 if first else 3,
    )


def _scale(axes: Axes, costs: Array, ceiling: float) -> None:
    """A logarithmic axis from the least of ``costs`` (n,) to the ceiling; linear below zero."""
    low, high = costs.min(), costs.max()
    if low > 0.0:
        axes.set_yscale("log")
        axes.set_ylim(low / 1.15, min(1.15 * high, ceiling))
        digits = (1.0, 2.0, 5.0) if high > 10.0 * low else (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0)
        axes.yaxis.set_major_locator(LogLocator(subs=digits, numticks=12))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(FuncFormatter(lambda cost, _: f"{cost:,g}"))
    else:
        margin = 0.06 * (high - low) or 1.0
        axes.set_ylim(low - margin, high + margin)


def _handles(looks: Looks) -> list[Line2D]:
    """What the legend shows: a colour and marker for each method, then the kinds of line."""
    handles = []
    for method, (colour, marker) in looks.items():
        handles.append(
            Line2D([], [], color=colour, marker=marker, markersize=4.5, linewidth=1.8, label=method)
        )
    return [
        *handles,
        Line2D([], [], color=MUTED, linewidth=1.6, label="stochastic policy"),
        Line2D([], [], color=MUTED, linewidth=1.6, linestyle=_DASHES, label="deterministic policy"),
        Line2D([], [], label="initial DDP", color=INITIAL, linewidth=1.2),
    ]
