"""Seconds from a robot's file to its loaded library, with everything derived and compiled anew.

The imports of SymPy and CasADi, about a second once in a process, are not counted.
"""

import time

from vgps.bench.robots import bare_robot, compiled
from vgps.bench.rounds import Benchmark, Row, Side
from vgps.codegen.description.robot import load
from vgps.codegen.folders import MODELS

BUILDS = 3  # rounds at most: each takes seconds, and varies less than work of microseconds


def build_benchmark(name: str) -> Benchmark:
    """A forced build of a robot in models/."""
    path = MODELS / f"{name}.yaml"
    return Benchmark(
        f"{name}: forced build",
        "s",
        Side(lambda repeats: [compiled(load(path), force=True) for _ in range(repeats)]),
    )


def chain_build_row(name: str) -> Row:
    """A forced build of a chain, measured once only: the longest takes most of a minute."""
    robot = bare_robot(name)
    started = time.perf_counter()
    compiled(robot, force=True)
    seconds = time.perf_counter() - started
    return Row(f"{name}: forced build", seconds, None, None, "s", None, None, None)
