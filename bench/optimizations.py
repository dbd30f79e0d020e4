"""Whole optimisations from the same actions, against fatrop and IPOPT on multiple shooting.

Both sides minimise the same cost under the same discrete dynamics and action limits; what differs
is the method.  The robots are those of models/: the swimmer begins with the noise that its file
names, the swing-up, whose file says nothing, with white noise of a tenth of the force limit.
(`optimize` itself tries many starts there, and ends elsewhere.)

The landscapes have many valleys, so that two methods may end in different ones, and they stop by
different tests.  Three rows for each solver therefore say how long each takes to the end, what it
costs there, and how long each takes to the same cost, the one within 0.1 % of the higher of the two
ends.  A solver has reached that when an iterate costs no more and leaves gaps of at most 1e-4
between the steps of its trajectory.
"""

import time
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vgps.bench.robots import whole
from vgps.bench.rounds import (
    Benchmark,
    Clock,
    Disagreement,
    Peer,
    Row,
    Side,
    interleaved,
    measure,
    row,
)
from vgps.codegen.model import Model
from vgps.solver.ilqr import Iteration
from vgps.solver.optimize import INITIAL, optimize

if TYPE_CHECKING:
    from vgps.bench.shooting import Shooting

Array = NDArray[np.float64]

SOLVERS = ("fatrop", "ipopt")
FEW = 3  # rounds at most: an optimisation may take many seconds
NOISE = 0.1  # deviation of the actions where a robot's file says nothing, as a share of the limit
SAME = 1e-3  # of the cost
GAP = 1e-4  # m, rad, m/s or rad/s


def optimization_rows(name: str, rounds: int, clock: Clock = time.perf_counter) -> list[Row]:
    """The rows of a robot, three for each solver, or one where that cannot be compared."""
    model, few = whole(name), min(rounds, FEW)
    return [row for solver in SOLVERS for row in _compared(model, solver, few, clock)]


def first_actions(model: Model) -> Array:
    """The actions (T, nu) that both sides begin with."""
    T, start = model.robot.task.horizon, model.robot.task.start
    noise = NOISE * model.limits[1]
    if start is not None and start.noise is not None:
        noise = np.full(model.nu, start.noise)
    return noise * np.random.default_rng(0).standard_normal((T, model.nu))


def _compared(model: Model, solver: str, rounds: int, clock: Clock) -> list[Row]:
    name, U = model.robot.name, first_actions(model)

    def to_the_end() -> Side:
        solve = _program(name).solver(solver)
        found = solve()
        if not found.gap <= GAP:
            gaps = f"gaps of {found.gap:.1e} are left in its trajectory"
            raise Disagreement(f"after {found.iterations} iterations {gaps}")
        return _side(solve)

    ours = _side(lambda: optimize(model, U))
    title, peer = f"{name}: optimisation to its end", Peer(solver, (solver,), to_the_end)
    seconds = measure(Benchmark(title, "s", ours, peer), rounds, clock)
    if seconds.peer is None:
        return [seconds]

    costs: list[float] = []  # ours after each iteration

    def note(iteration: Iteration) -> None:
        costs.append(iteration.cost)

    end, found = optimize(model, U, callback=note).cost, _program(name).solver(solver)()
    target = (1.0 + SAME) * max(end, found.cost)
    enough = 1 + next(i for i, cost in enumerate(costs) if cost <= target)
    settings = INITIAL._replace(max_iterations=enough)
    needed = iterations_to(_program(name), solver, target, found.iterations)
    sides = (
        _side(lambda: optimize(model, U, settings=settings)),
        _side(_program(name).solver(solver, needed)),
    )
    title = f"{name}: optimisation to a cost of {target:.4g}"
    return [
        seconds,
        Row(f"{name}: cost at the end", end, found.cost, solver, "", None, None, None),
        row(title, "s", solver, *interleaved(sides, rounds, clock).seconds),
    ]


@cache
def _program(name: str) -> "Shooting":
    from vgps.bench.shooting import Shooting

    model = whole(name)
    return Shooting(model, first_actions(model))


def iterations_to(program: "Shooting", solver: str, target: float, most: int) -> int:
    """After how many iterations, at most ``most``, the cost is down to ``target``.

    By bisection, as if costs only fell: fatrop tells of its last iterate alone.
    """
    few = 0
    while most - few > 1:
        middle = (few + most) // 2
        found = program.solver(solver, middle)()
        if found.cost <= target and found.gap <= GAP:
            most = middle
        else:
            few = middle
    return most


def _side(once: Callable[[], object]) -> Side:
    def work(repeats: int) -> None:
        for _ in range(repeats):
            once()

    return Side(work)
