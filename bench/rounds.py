"""Two ways to do one piece of work, timed in interleaved rounds: ours, peer, ours, peer, ...

A machine that slows down for a while slows down neighbouring rounds of both sides, so the ratio of
a pair is steadier than the seconds of either.  A row therefore reports the ratio of the medians and
the range of the ratios of the pairs.
"""

import time
from collections.abc import Callable
from statistics import median
from typing import NamedTuple

ROUND_SECONDS = 0.02  # a round repeats its work for at least this long

Work = Callable[[int], object]  # do the work this many times


class Disagreement(Exception):
    """The two sides do not compute the same numbers, in one sentence."""


class Side(NamedTuple):
    """One way to do the work.

    units     of work in one repetition, such as states or steps
    overhead  work of the same number of repetitions that is not the side's fault, such as crossing
              from Python into a library; its time is taken off
    """

    work: Work
    units: float = 1.0
    overhead: Work | None = None


class Peer(NamedTuple):
    """Where the other side comes from.

    name      as the table shows it
    packages  import names, any of which may be missing
    prepare   the checked side; raises Disagreement
    """

    name: str
    packages: tuple[str, ...]
    prepare: Callable[[], Side]


class Benchmark(NamedTuple):
    """A row to be measured; without a peer only our side is."""

    name: str
    unit: str
    ours: Side
    peer: Peer | None = None


class Row(NamedTuple):
    """A measured row, in SI units.  ``ratio`` is peer / ours; None where there is no peer."""

    name: str
    ours: float
    peer: float | None
    peer_name: str | None
    unit: str
    ratio: float | None
    ratio_low: float | None
    ratio_high: float | None


Clock = Callable[[], float]


def measure(benchmark: Benchmark, rounds: int, clock: Clock = time.perf_counter) -> Row:
    """The row of a benchmark after ``rounds`` rounds of each side.

    A peer that is missing, or that computes something else, is named as such and has no ratio.
    """
    name, unit, ours, peer = benchmark
    side, said = None, None if peer is None else peer.name
    if peer is not None:
        try:
            side = peer.prepare()
        except ModuleNotFoundError as error:
            if (error.name or "").split(".")[0] not in peer.packages:
                raise
            said = f"{peer.name}: not installed"
        except Disagreement as error:
            said = f"{peer.name}: disagrees, {error}"
    if side is None:
        (seconds,) = interleaved((ours,), rounds, clock)
        return Row(name, median(seconds), None, said, unit, None, None, None)
    return row(name, unit, said, *interleaved((ours, side), rounds, clock))


def row(name: str, unit: str, peer_name: str, ours: list[float], peer: list[float]) -> Row:
    """The row of paired measurements."""
    ratios = [theirs / own for own, theirs in zip(ours, peer, strict=True)]
    middle, other = median(ours), median(peer)
    return Row(name, middle, other, peer_name, unit, other / middle, min(ratios), max(ratios))


def interleaved(
    sides: tuple[Side, ...], rounds: int, clock: Clock = time.perf_counter
) -> list[list[float]]:
    """Seconds a unit of each side in each round, the sides taking turns."""
    repeats = [_enough_repeats(side.work, clock) for side in sides]
    seconds: list[list[float]] = [[] for _ in sides]
    for _ in range(rounds):
        for side, n, record in zip(sides, repeats, seconds, strict=True):
            spent = _timed(side.work, n, clock)
            if side.overhead is not None:
                spent -= _timed(side.overhead, n, clock)
            record.append(spent / (n * side.units))
    return seconds


def _enough_repeats(work: Work, clock: Clock) -> int:
    """How often ``work`` must be repeated to fill a round; the first call also warms it up."""
    work(1)
    repeats = 1
    while (spent := _timed(work, repeats, clock)) < ROUND_SECONDS:
        # Short times are uncertain: approach by at most tenfold and leave a margin.
        wanted = 1.2 * ROUND_SECONDS / max(spent, 1e-9)
        repeats = int(repeats * min(max(wanted, 1.5), 10.0)) + 1
    return repeats


def _timed(work: Work, n: int, clock: Clock) -> float:
    started = clock()
    work(n)
    return clock() - started
