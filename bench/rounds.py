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
    """One sentence: the two sides do not compute the same numbers."""


class Side(NamedTuple):
    """One way to do the work."""

    work: Work
    units: float = 1.0  # of work in one repetition, such as states or steps
    # What the same number of repetitions costs beside the work, such as calls from Python into a
    # library; its time is subtracted.
    overhead: Work | None = None


class Timed(NamedTuple):
    """Of interleaved rounds."""

    seconds: list[list[float]]  # for a unit of work, (rounds that count,) for each side
    dropped: int  # rounds in which a side took no longer than its overhead: other work interfered


class Peer(NamedTuple):
    """Where the other side comes from."""

    name: str  # as the table shows it
    packages: tuple[str, ...]  # import names, any of which may be missing
    prepare: Callable[[], Side]  # the side, after it was checked; raises Disagreement


class Benchmark(NamedTuple):
    """A row to be measured; only our side is measured where there is no peer."""

    name: str
    unit: str
    ours: Side
    peer: Peer | None = None


class Row(NamedTuple):
    """A measured row, in SI units.  ``ratio`` is peer / ours; None where there is no peer."""

    name: str
    ours: float
    peer: float | None
    peer_name: str | None  # with the reason where the peer was not measured
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
    if peer is None:
        return _alone(benchmark, None, rounds, clock)
    try:
        side = peer.prepare()
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in peer.packages:
            raise
        return _alone(benchmark, f"{peer.name}: not installed", rounds, clock)
    except Disagreement as error:
        return _alone(benchmark, f"{peer.name}: disagrees, {error}", rounds, clock)
    timed = interleaved((ours, side), rounds, clock)
    if timed.dropped == rounds:
        return _alone(benchmark, f"{peer.name}: takes no longer than its overhead", rounds, clock)
    dropped = f", {timed.dropped} of {rounds} rounds dropped" if timed.dropped else ""
    return row(name, unit, f"{peer.name}{dropped}", *timed.seconds)


def _alone(benchmark: Benchmark, peer_name: str | None, rounds: int, clock: Clock) -> Row:
    """The row of our side without a peer's."""
    (seconds,), _ = interleaved((benchmark.ours,), rounds, clock)
    return Row(benchmark.name, median(seconds), None, peer_name, benchmark.unit, None, None, None)


def row(name: str, unit: str, peer_name: str, ours: list[float], peer: list[float]) -> Row:
    """The row of the measurements of both sides, (rounds,) each, paired by round."""
    ratios = [theirs / own for own, theirs in zip(ours, peer, strict=True)]
    middle, other = median(ours), median(peer)
    return Row(name, middle, other, peer_name, unit, other / middle, min(ratios), max(ratios))


def interleaved(sides: tuple[Side, ...], rounds: int, clock: Clock = time.perf_counter) -> Timed:
    """Seconds for each unit of work of all sides, which take turns.

    On a busy machine a call's overhead may be measured longer than the call.  Such a round says
    nothing of either side, since they are compared by round.
    """
    repeats = [_enough_repeats(side.work, clock) for side in sides]
    kept = []
    for _ in range(rounds):
        seconds = []
        for side, n in zip(sides, repeats, strict=True):
            spent = _timed(side.work, n, clock)
            if side.overhead is not None:
                spent -= _timed(side.overhead, n, clock)
            seconds.append(spent / (n * side.units))
        if min(seconds) > 0.0:
            kept.append(seconds)
    columns = [[seconds[i] for seconds in kept] for i in range(len(sides))]
    return Timed(columns, rounds - len(kept))


def _enough_repeats(work: Work, clock: Clock) -> int:
    """How often ``work`` must be repeated to fill a round."""
    work(1)  # compiles, loads and fills caches
    repeats = 1
    while (spent := _timed(work, repeats, clock)) < ROUND_SECONDS:
        # Short times are uncertain: grow at most tenfold at once, and leave a margin.
        wanted = 1.2 * ROUND_SECONDS / max(spent, 1e-9)
        repeats = int(repeats * min(max(wanted, 1.5), 10.0)) + 1
    return repeats


def _timed(work: Work, n: int, clock: Clock) -> float:
    started = clock()
    work(n)
    return clock() - started
