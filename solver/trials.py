"""The best of several starts of a trajectory optimisation, found by trying (`starts`).

All are optimised a little, the better half a little more, and so on (successive halving; Karnin,
Koren & Somekh, ICML 2013). The best of those that are left is optimised to the end, and so are the
next few, unless it succeeds and they can hardly come to cost less; where none of them succeeds, the
others follow until one does. Best is what succeeds, then what costs less: a cheap trajectory may
well be one that lies on the ground. On the way success comes and goes, so that half of those that
stay are the cheapest, whether they succeed or not.

What is optimised a little is so on all cores; what comes out does not depend on their number.
"""

import math
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from threading import Event
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.model import Model
from vgps.solver.ilqr import Iteration, Reason, Settings, Solution, ilqr
from vgps.solver.objective import Objective
from vgps.solver.starts import Start

Array = NDArray[np.float64]

ROUNDS = (10, 20, 30)  # iterations
ALIKE = 1e-3  # difference of the costs of one optimum, as a share of them
LEADERS = 3  # that are optimised to the end, the best of them in any case
LOOKS = (30, 60, 120, 240)  # iterations at which another leader is given up that falls behind
_ENDED = (Reason.STATIONARY, Reason.CONVERGED, Reason.STALLED)


class Tried(NamedTuple):
    """What has come of a start."""

    name: str
    solution: Solution
    fails: bool  # by the task's own success

    @property
    def rank(self) -> tuple[bool, float]:
        """Least for the best."""
        return self.fails, self.solution.cost


def best_of(
    model: Model,
    objective: Objective,
    x0: Array,
    starts: Iterable[Start],
    settings: Settings,
    callback: Callable[[Iteration], None] | None = None,
) -> Solution:
    """What the best of the starts leads to.

    Args:
        model: the robot.
        objective: what is minimised.
        x0: (nx,) initial state.
        starts: at least one; those that diverge are left out.
        settings: of the optimisation to the end.
        callback: called after each iteration of the one that leads then.

    Raises:
        FloatingPointError: when all starts diverge, as the first does.
    """
    first, *later = (
        settings._replace(max_iterations=min(iterations, settings.max_iterations))
        for iterations in ROUNDS
    )

    def begin(start: Start, heed: Callable[[Iteration], None]) -> Tried | FloatingPointError:
        try:
            return _tried(model, objective, x0, start.name, start.actions(), first, heed)
        except FloatingPointError as fault:
            return fault

    dropped: list[Tried] = []
    with _threads() as (pool, heed):
        begun = list(pool.map(partial(begin, heed=heed), starts))
        reached = [tried for tried in begun if isinstance(tried, Tried)]
        if not reached:
            raise next(fault for fault in begun if isinstance(fault, FloatingPointError))
        go_on = partial(_continued, model, objective, x0, callback=heed)
        for longer in later:
            kept, worse = _halves(reached)
            dropped += worse
            reached = list(pool.map(partial(go_on, settings=longer), kept))
        order = _best_first(reached)
        leaders, others = order[:LEADERS], [*order[LEADERS:], *_best_first(dropped)]

        def show(iteration: Iteration) -> None:
            heed(iteration)
            if callback is not None:
                callback(iteration)

        to_the_end = partial(go_on, settings=settings)
        first_end = pool.submit(to_the_end, leaders[0], callback=show)

        def follow(tried: Tried) -> Tried:
            return to_the_end(tried, callback=_Chase(first_end, heed))

        ends = [*pool.map(follow, leaders[1:]), first_end.result()]
        for tried in others:
            if not all(end.fails for end in ends):
                break
            ends.append(to_the_end(tried))
    best = min(ends, key=lambda tried: tried.rank)
    return best.solution._replace(start=best.name)


class _Behind(Exception):
    """A leader is not going to cost less than the first one."""


class _Chase:
    """Gives a leader up, by raising, that will hardly come to cost less than the first of them.

    A cost that approaches its limit as one over the root of the number of iterations falls 2.4
    times as much from now on as it did since half of them.  It is compared with the end of the
    first one, for which it waits, so that the outcome does not depend on which thread is faster.
    """

    def __init__(self, first: Future[Tried], heed: Callable[[Iteration], None]) -> None:
        self.first, self.heed = first, heed
        self.costs: list[float] = []

    def __call__(self, iteration: Iteration) -> None:
        self.heed(iteration)
        self.costs.append(iteration.cost)
        done = len(self.costs)
        if done in LOOKS:
            end, cost = self.first.result(), iteration.cost
            still_to_fall = (self.costs[done // 2 - 1] - cost) / (math.sqrt(2.0) - 1.0)
            if not end.fails and cost - still_to_fall > end.solution.cost:
                raise _Behind


@contextmanager
def _threads() -> Iterator[tuple[ThreadPoolExecutor, Callable[[Iteration], None]]]:
    """One for each core, and the callback by which they heed an interruption of this one."""
    pool, interrupted = ThreadPoolExecutor(os.cpu_count()), Event()

    def heed(iteration: Iteration) -> None:
        if interrupted.is_set():
            raise CancelledError

    try:
        yield pool, heed
    finally:
        interrupted.set()
        pool.shutdown(cancel_futures=True)


def succeeds(model: Model, X: Array, U: Array) -> bool:
    """Whether a trajectory X (T+1, nx), U (T, nu) does the task in the steps that are judged."""
    T = model.robot.judged_steps
    return model.success(X[: T + 1], U[:T])


def _best_first(tried: Iterable[Tried]) -> list[Tried]:
    return sorted(tried, key=lambda one: one.rank)


def _halves(reached: list[Tried]) -> tuple[list[Tried], list[Tried]]:
    """The better and the worse one, by rank and by cost in turn, those without a like before.

    What costs the same has come to the same optimum, which another need not come to as well.
    """
    by_rank = _best_first(reached)
    by_cost = sorted(reached, key=lambda tried: tried.solution.cost)
    in_turn = [tried for pair in zip(by_rank, by_cost, strict=True) for tried in pair]
    ordered: list[Tried] = []
    again: list[Tried] = []
    for tried in {id(tried): tried for tried in in_turn}.values():
        (again if any(_alike(tried, other) for other in ordered) else ordered).append(tried)
    ordered += again
    half = -(-len(ordered) // 2)
    return ordered[:half], ordered[half:]


def _alike(one: Tried, other: Tried) -> bool:
    a, b = one.solution.cost, other.solution.cost
    return one.fails == other.fails and abs(a - b) <= ALIKE * abs(b)


def _continued(
    model: Model,
    objective: Objective,
    x0: Array,
    tried: Tried,
    settings: Settings,
    callback: Callable[[Iteration], None] | None = None,
) -> Tried:
    """The same after some more iterations; as it is where it has ended or makes no more of it."""
    if tried.solution.reason in _ENDED:
        return tried
    try:
        return _tried(model, objective, x0, tried.name, tried.solution.U, settings, callback)
    except (FloatingPointError, _Behind):
        return tried


def _tried(
    model: Model,
    objective: Objective,
    x0: Array,
    name: str,
    U: Array,
    settings: Settings,
    callback: Callable[[Iteration], None] | None = None,
) -> Tried:
    solution = ilqr(model, objective, x0, U, settings, callback)
    return Tried(name, solution, not succeeds(model, solution.X, solution.U))
