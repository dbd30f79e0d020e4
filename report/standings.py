"""The table of a comparison: how often and how well each method ends, panel by panel."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from report.results import Failure, Final

# A seed succeeds when this share of its final policy's rollouts does.
ENOUGH = 0.8


class Spread(NamedTuple):
    """Over seeds."""

    median: float
    low: float
    high: float


class Standing(NamedTuple):
    """One method in one panel, over its seeds."""

    robot: str
    hidden: int
    method: str
    runs: int  # finished and failed
    failed: int
    stochastic_succeeded: int  # of all runs; one that failed did not succeed
    deterministic_succeeded: int
    stochastic_cost: Spread | None  # None where no run finished
    deterministic_cost: Spread | None
    ddp_cost: Spread | None
    seconds: Spread | None
    rollouts: int | None  # that a run learned from, median


def standings(finals: Iterable[Final], failures: Iterable[Failure]) -> list[Standing]:
    """A standing for each panel and method, panels and methods in the order of their first run."""
    finals, failures = list(finals), list(failures)
    everything = [*finals, *failures]
    panels = dict.fromkeys((run.robot, run.hidden) for run in everything)
    methods = dict.fromkeys(run.method for run in everything)
    table = []
    for panel in panels:
        for method in methods:
            key = (*panel, method)
            ended = [run for run in finals if run[:3] == key]
            failed = sum(run[:3] == key for run in failures)
            if ended or failed:
                table.append(_standing(key, ended, failed))
    return table


def _standing(key: tuple[str, int, str], ended: Sequence[Final], failed: int) -> Standing:
    return Standing(
        *key,
        runs=len(ended) + failed,
        failed=failed,
        stochastic_succeeded=sum(run.stochastic_success >= ENOUGH for run in ended),
        deterministic_succeeded=sum(run.deterministic_success >= ENOUGH for run in ended),
        stochastic_cost=_spread(run.stochastic_cost for run in ended),
        deterministic_cost=_spread(run.deterministic_cost for run in ended),
        ddp_cost=_spread(run.ddp_cost for run in ended),
        seconds=_spread(run.seconds for run in ended),
        rollouts=round(np.median([run.rollouts for run in ended])) if ended else None,
    )


def _spread(values: Iterable[float]) -> Spread | None:
    values = np.array(list(values))
    if not len(values):
        return None
    return Spread(float(np.median(values)), float(values.min()), float(values.max()))


def markdown(table: Sequence[Standing], failures: Sequence[Failure]) -> str:
    """The page table.md: a table for each panel, then what the words mean and what failed."""
    lines = ["# Comparison", ""]
    for robot, hidden in dict.fromkeys((s.robot, s.hidden) for s in table):
        panel = [s for s in table if (s.robot, s.hidden) == (robot, hidden)]
        lines += [f"## {robot}, {hidden} hidden units", "", *_panel(panel), ""]
    lines += [
        f"A seed succeeds when at least {ENOUGH:.0%} of the rollouts of its final policy do; a run "
        "that failed did not succeed. Costs are means over these rollouts: median over seeds "
        "(least to greatest). Seconds are those of the method's iterations on one core, without "
        "the initial DDP, which all methods share; the first run of a process also loads the "
        "compiled kernels. Rollouts are those that a run learned from.",
        "",
    ]
    if failures:
        lines += ["Failed runs, which the next start tries again:", ""]
        lines += [
            f"- {f.robot}, {f.hidden} hidden units, {f.method}, seed {f.seed}: {f.error}"
            for f in failures
        ]
        lines.append("")
    return "\n".join(lines)


def _panel(panel: Sequence[Standing]) -> Iterator[str]:
    header = (
        "method",
        "success, stochastic",
        "success, deterministic",
        "cost, stochastic",
        "cost, deterministic",
        "initial DDP",
        "seconds",
        "rollouts",
    )
    yield f"| {' | '.join(header)} |"
    yield f"| --- |{' ---: |' * (len(header) - 1)}"
    for s in panel:
        cells = (
            s.method,
            f"{s.stochastic_succeeded} of {s.runs}",
            f"{s.deterministic_succeeded} of {s.runs}",
            *map(_cell, (s.stochastic_cost, s.deterministic_cost, s.ddp_cost, s.seconds)),
            "" if s.rollouts is None else f"{s.rollouts:,}",
        )
        yield f"| {' | '.join(cells)} |"


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
