"""Figure 1: its panels, whose line is solid, what a band spans, and what becomes of huge costs."""

import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex

from vgps.experiments.plan import ENTRIES
from vgps.experiments.results import Row
from vgps.report.figure1 import _LOOKS, Gait, caption, figure1

SEEDS = 5


def rows(robots=("swimmer", "cartpole"), hidden=(5, 10), methods=tuple(_LOOKS), ddp_cost=100.0):
    """Costs of seed s are 200 + 10 s (stochastic) and 100 less, at each of three iterations."""
    return [
        Row(robot, n, method, s, k, 200.0 + 10 * s, 100.0 + 10 * s, ddp_cost, 1.0 * k, 0.5)
        for robot in robots
        for n in hidden
        for method in methods
        for s in range(SEEDS)
        for k in (1, 2, 3)
    ]


def lines(axes):
    return {line.get_label(): line for line in axes.lines}


def bands(axes):
    return [c for c in axes.collections if isinstance(c, PolyCollection)]


def test_panels_lines_and_bands(swimmer, motion):
    X = motion(swimmer)
    figure = figure1(rows(), {"swimmer": Gait(swimmer, "swimmer, vgps", X, X[:, :] + 0.1)})
    panels = [axes for axes in figure.axes if axes.get_xlabel() == "iteration"]
    assert [axes.get_title(loc="left") for axes in panels] == [
        "swimmer, 5 hidden units",
        "swimmer, 10 hidden units",
        "cartpole, 5 hidden units",
        "cartpole, 10 hidden units",
    ]
    for axes in panels:
        drawn = lines(axes)
        assert len(bands(axes)) == 2 * len(_LOOKS)
        for method, (colour, _) in _LOOKS.items():
            solid, dashed = drawn[f"{method}, stochastic"], drawn[f"{method}, deterministic"]
            assert solid.get_linestyle() == "-" and dashed.is_dashed()
            assert to_hex(solid.get_color()) == to_hex(dashed.get_color()) == colour
            assert solid.get_xdata().tolist() == [1, 2, 3]
            assert set(solid.get_ydata()) == {220.0} and set(dashed.get_ydata()) == {120.0}
        spans = {
            (band.get_paths()[0].vertices[:, 1].min(), band.get_paths()[0].vertices[:, 1].max())
            for band in bands(axes)
        }
        assert spans == {(210.0, 230.0), (110.0, 130.0)}  # the quartiles of five seeds
        level = [line for line in axes.lines if set(line.get_ydata()) == {100.0}]
        assert to_hex(level[0].get_color()) == "#000000"
    gaits = [axes for axes in figure.axes if axes.get_xlabel() == "x, m"]
    assert [axes.get_title(loc="left") for axes in gaits] == ["swimmer, vgps"]
    assert to_hex(lines(gaits[0])["initial DDP"].get_color()) == "#000000"
    assert "learned policy" in lines(gaits[0])
    shown = [text.get_text() for text in figure.legends[0].get_texts()]
    assert shown == [*_LOOKS, "stochastic policy", "deterministic policy", "initial DDP"]
    assert [text.get_text() for text in figure.texts] == [caption(rows())]


def test_the_methods_are_told_apart():
    colours, markers = zip(*_LOOKS.values(), strict=True)
    assert len(set(colours)) == len(set(markers)) == len(_LOOKS)
    assert list(_LOOKS) == list(ENTRIES)


@pytest.mark.parametrize("huge", [1e12, np.inf, np.nan])
def test_huge_costs_end_at_the_upper_edge(huge):
    made = rows(("robot",), (5,), ("vgps", "dagger"))
    made = [row._replace(stochastic_cost=huge) if row.method == "dagger" else row for row in made]
    axes = figure1(made, {}).axes[0]
    assert set(lines(axes)["dagger, stochastic"].get_ydata()) == {300.0 * 100.0}
    assert axes.get_yscale() == "log"
    low, high = axes.get_ylim()
    assert 50.0 < low < 100.0 and high == 300.0 * 100.0
    assert "above 300 times" in caption(made)


def test_one_fall_in_five_does_not_move_the_median():
    made = rows(("robot",), (5,), ("vgps",))
    fallen = [row._replace(stochastic_cost=1e5) if row.seed == 4 else row for row in made]
    axes = figure1(fallen, {}).axes[0]
    assert set(lines(axes)["vgps, stochastic"].get_ydata()) == {220.0}


def test_a_run_that_has_ended_stays_where_it_was():
    """One alone that goes on, and falls, is one of five."""
    made = rows(("robot",), (5,), ("vgps",))
    longer = [row._replace(iteration=7, stochastic_cost=1e5) for row in made if row.seed == 4]
    line = lines(figure1([*made, *longer[-1:]], {}).axes[0])["vgps, stochastic"]
    assert line.get_xdata().tolist() == [1, 2, 3, 7] and set(line.get_ydata()) == {220.0}


def test_costs_below_zero_are_linear():
    made = [row._replace(deterministic_cost=-3.0) for row in rows(("robot",), (5,), ("gps",))]
    axes = figure1(made, {}).axes[0]
    assert axes.get_yscale() == "linear" and axes.get_ylim()[0] < -3.0


def test_a_panel_without_runs_is_empty():
    made = rows(("a",), (5, 10), ("gps",)) + rows(("b",), (5,), ("gps",))
    panels = [axes for axes in figure1(made, {}).axes if axes.get_xlabel() == "iteration"]
    assert len(panels) == 4 and not panels[3].lines
