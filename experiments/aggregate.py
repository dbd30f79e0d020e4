"""What a comparison found: how often and how well each method ends, panel by panel."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from vgps.experiments.plan import Member, missing
from vgps.experiments.results import Failure, Final, Row, read_failures, read_results, write_rows

# A seed succeeds when this share of its final policy's rollouts does.
ENOUGH = 0.8


class Spread(NamedTuple):
    """Over seeds."""

    median: float
    low: float
    high: float


class Aggregate(NamedTuple):
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
    longer_ddp_cost: Spread | None  # over the same steps; None where no run has one
    seconds: Spread | None
    rollouts: int | None  # that a run learned from, median


def aggregate(finals: Iterable[Final], failures: Iterable[Failure]) -> list[Aggregate]:
    """One row for each panel and method, panels and methods in the order of their first run."""
    finals, failures = list(finals), list(failures)
    everything: list[Final | Failure] = [*finals, *failures]
    panels = dict.fromkeys((run.robot, run.hidden) for run in everything)
    methods = dict.fromkeys(run.method for run in everything)
    table = []
    for panel in panels:
        for method in methods:
            key = (*panel, method)
            ended = [run for run in finals if run[:3] == key]
            failed = sum(run[:3] == key for run in failures)
            if ended or failed:
                table.append(_aggregate_of(key, ended, failed))
    return table


def _aggregate_of(key: tuple[str, int, str], ended: Sequence[Final], failed: int) -> Aggregate:
    return Aggregate(
        *key,
        runs=len(ended) + failed,
        failed=failed,
        stochastic_succeeded=sum(run.stochastic_success >= ENOUGH for run in ended),
        deterministic_succeeded=sum(run.deterministic_success >= ENOUGH for run in ended),
        stochastic_cost=_spread(run.stochastic_cost for run in ended),
        deterministic_cost=_spread(run.deterministic_cost for run in ended),
        ddp_cost=_spread(run.ddp_cost for run in ended),
        longer_ddp_cost=_spread(
            run.longer_ddp_cost for run in ended if run.longer_ddp_cost is not None
        ),
        seconds=_spread(run.seconds for run in ended),
        rollouts=round(np.median([run.rollouts for run in ended])) if ended else None,
    )


def _spread(values: Iterable[float]) -> Spread | None:
    values = np.array(list(values))
    if not len(values):
        return None
    return Spread(float(np.median(values)), float(values.min()), float(values.max()))


class Comparison(NamedTuple):
    """All that a comparison has found so far."""

    finished: list[Member]
    rows: list[Row]
    finals: list[Final]
    failures: list[Failure]
    table: list[Aggregate]


def collect(out: Path, members: Sequence[Member]) -> Comparison:
    """The outcome of those members that ``out`` holds finished, written to results and final.csv.

    Args:
        out: folder of the comparison.
        members: the whole plan.
    """
    left = {member.name for member in missing(out, members)}
    finished = [member for member in members if member.name not in left]
    rows, finals = read_results(out, finished)
    failures = read_failures(out)
    write_rows(out / "results.csv", Row, rows)
    write_rows(out / "final.csv", Final, finals)
    return Comparison(finished, rows, finals, failures, aggregate(finals, failures))
