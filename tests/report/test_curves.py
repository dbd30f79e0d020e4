"""The learning curve: who is solid, who is dashed, and what becomes of huge and infinite costs."""

import numpy as np
import pytest

from vgps.report.curves import learning_curve

K = np.arange(1, 21)
COST = 370.0 + 2000.0 * np.exp(-K / 5.0)


def lines(axes):
    return {line.get_label(): line for line in axes.lines}


def test_the_three_lines(axes):
    learning_curve(axes, K, 1.1 * COST, COST, 366.0)
    drawn = lines(axes)
    assert drawn["stochastic"].get_linestyle() == "-"
    assert drawn["deterministic"].is_dashed()
    assert np.array_equal(drawn["deterministic"].get_ydata(), COST)
    assert set(drawn["initial DDP"].get_ydata()) == {366.0}
    assert "diverged" not in drawn
    assert axes.get_xlabel() == "iteration"
    assert axes.get_yscale() == "linear"
    low, high = axes.get_ylim()
    assert low < 366.0 and high > 1.1 * COST[0]


def test_a_wide_range_is_logarithmic(axes):
    learning_curve(axes, K, np.where(K < 4, 1e6, COST), COST, 366.0)
    assert axes.get_yscale() == "log"
    low, high = axes.get_ylim()
    assert 100.0 < low < 366.0 and 1e6 < high < 1e7


def test_negative_costs_are_linear(axes):
    learning_curve(axes, K, COST - 5000.0, COST - 300.0, -100.0)
    assert axes.get_yscale() == "linear"


@pytest.mark.parametrize("lost", [np.inf, np.nan])
def test_infinite_costs_leave_a_gap_and_a_mark(axes, lost):
    stochastic = np.where((K < 4) | (K == 5), lost, COST)
    learning_curve(axes, K, stochastic, COST, 366.0)
    drawn = lines(axes)
    assert np.isnan(drawn["stochastic"].get_ydata()).sum() == 4
    assert drawn["diverged"].get_xdata().tolist() == [1, 2, 3, 5]
    assert np.isfinite(axes.get_ylim()).all()
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    assert dots[0].get_xdata().tolist() == [4]  # alone between two gaps
    axes.figure.canvas.draw()


def test_nothing_but_infinite_costs(axes):
    learning_curve(axes, K, np.full(20, np.inf), np.full(20, np.inf), 366.0)
    low, high = axes.get_ylim()
    assert low < 366.0 < high


@pytest.mark.parametrize("count", [0, 1])
def test_the_first_iterations(axes, count):
    learning_curve(axes, K[:count], COST[:count], COST[:count], 366.0)
    axes.figure.canvas.draw()
