"""What a comparison says of each method, as cells of a table, and table.md."""

from collections.abc import Iterator, Sequence

import numpy as np

from vgps.experiments.aggregate import ENOUGH, Aggregate, Spread
from vgps.experiments.reference import LONGER
from vgps.experiments.results import Failure

HEADER = (
    "method",
    "success, stochastic",
    "success, deterministic",
    "cost, stochastic",
    "cost, deterministic",
    "initial DDP",
    "longer DDP",
    "seconds",
    "rollouts",
)
LEGEND = (
    f"A seed succeeds when at least {ENOUGH:.0%} of the rollouts of its final policy do; a run "
    "that failed did not succeed. Costs are means over these rollouts: median over seeds "
    f"(least to greatest). The longer DDP is optimised over {LONGER:g} horizons, and its cost is "
    "that of the first: unlike the initial one it has to survive what is measured. Seconds are "
    "processor time of the method's iterations, without the initial DDP, which all methods share; "
    "the first run of a process also loads the compiled kernels. Rollouts are those that a run "
    "learned from."
)


def markdown(table: Sequence[Aggregate], failures: Sequence[Failure]) -> str:
    """The page's text: a table for each robot and network size, a legend, then what failed."""
    lines = ["# Comparison", ""]
    for robot, hidden in dict.fromkeys((s.robot, s.hidden) for s in table):
        panel = [s for s in table if (s.robot, s.hidden) == (robot, hidden)]
        lines += [f"## {robot}, {hidden} hidden units", "", *_panel(panel), ""]
    lines += [LEGEND, ""]
    if failures:
        lines += ["Failed runs, which the next start tries again:", ""]
        lines += [
            f"- {f.robot}, {f.hidden} hidden units, {f.method}, seed {f.seed}: {f.error}"
            for f in failures
        ]
        lines.append("")
    return "\n".join(lines)


def _panel(panel: Sequence[Aggregate]) -> Iterator[str]:
    yield f"| {' | '.join(HEADER)} |"
    yield f"| --- |{' ---: |' * (len(HEADER) - 1)}"
    for s in panel:
        yield f"| {' | '.join(cells(s))} |"


def cells(s: Aggregate) -> tuple[str, ...]:
    """The row of one method in one panel, under ``HEADER``."""
    return (
        s.method,
        f"{s.stochastic_succeeded} of {s.runs}",
        f"{s.deterministic_succeeded} of {s.runs}",
        *map(_cell, (s.stochastic_cost, s.deterministic_cost, s.ddp_cost)),
        "" if s.longer_ddp_cost is None else _cell(s.longer_ddp_cost),
        _cell(s.seconds),
        "" if s.rollouts is None else f"{s.rollouts:,}",
    )


def _cell(spread: Spread | None) -> str:
    if spread is None:
        return "failed"
    median, low, high = map(_number, spread)
    return median if low == high else f"{median} ({low} to {high})"


def _number(value: float) -> str:
    """Three significant digits without an exponent."""
    if np.isinf(value):
        return "∞"
    digits = max(0, 2 - int(np.floor(np.log10(abs(value))))) if value else 0
    return f"{value:,.{digits}f}"
