"""How every picture looks: colours, typography, and figures without pyplot's global state."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.typing import ColorType

from vgps.codegen.files import write_atomically

PAPER = "#ffffff"
INK = "#1f2933"
MUTED = "#6b7785"
HAIR = "#e3e7eb"  # grids, rails
EARTH, SURFACE = "#f1f0ec", "#a8a89f"  # the ground and its upper edge
LEARNED = "#1667d9"
INITIAL = "#000000"
TARGET = "#d9731a"
SERIES = ("#1667d9", "#d9731a", "#2b8a5c", "#a3438f", "#8a6d1b", "#5b6b7b")
DOTS_PER_INCH = 150


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of width x height inches, with room for the labels of its axes."""
    figure = Figure((width, height), DOTS_PER_INCH, facecolor=PAPER)
    FigureCanvasAgg(figure)
    figure.subplots_adjust(
        left=0.85 / width,
        right=1.0 - 0.2 / width,
        bottom=0.55 / height,
        top=1.0 - 0.6 / height,
    )
    return figure


def dress(axes: Axes, title: str, x_label: str, y_label: str) -> None:
    """Set title, labels, ticks and grid, with room for `key` between title and axes."""
    axes.set_title(title, loc="left", fontsize=10.5, fontweight="bold", color=INK, pad=24)
    axes.set_xlabel(x_label, fontsize=9, color=MUTED)
    axes.set_ylabel(y_label, fontsize=9, color=MUTED)
    axes.tick_params(which="both", labelsize=8, labelcolor=MUTED, color=HAIR, length=3)
    axes.tick_params(which="minor", length=0)
    axes.grid(True, color=HAIR, linewidth=0.7)
    axes.set_axisbelow(True)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color("#c3cad1")


def key(axes: Axes, columns: int) -> None:
    """Add the legend above the axes, where it hides no data, in so many columns."""
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=columns,
        frameon=False,
        fontsize=8,
        labelcolor=INK,
        borderaxespad=0.2,
        borderpad=0.2,
        handlelength=1.9,
        columnspacing=1.1,
    )


def paler(colour: ColorType, share: float) -> tuple[float, float, float]:
    """The colour mixed with a ``share`` of paper, 0 to 1.

    A mixed colour is opaque: where lines cross, a transparent one would show what lies beneath.
    """
    r, g, b = (1.0 - share) * np.array(to_rgb(colour)) + share * np.array(to_rgb(PAPER))
    return r, g, b


def save(figure: Figure, path: str | Path) -> None:
    """Write the figure to ``path``, in the format that its suffix names."""
    write_atomically(Path(path), figure.savefig)
