"""Seconds from a robot's file to its loaded library, everything derived and compiled anew.

The imports of SymPy and CasADi, a second once a process, are not counted.
"""

import time

from vgps.bench.robots import bare_robot, compiled
from vgps.bench.rounds import Benchmark, Row, Side
from vgps.codegen.description.robot import load
from vgps.codegen.folders import MODELS

BUILDS = 3  # rounds: seconds each, and steadier than what takes microseconds


def build_benchmark(name: str) -> Benchmark:
    path = MODELS / f"{name}.yaml"
    return Benchmark(
        f"{name}: forced build",
        "s",
        Side(lambda repeats: [compiled(load(path), force=True) for _ in range(repeats)]),
    )


def chain_build_row(name: str) -> Row:
    """One build only: the longest takes most of a minute."""
    robot = bare_robot(name)
    started = time.perf_counter()
    compiled(robot, force=True)
    seconds = time.perf_counter() - started
    return Row(f"{name}: forced build", seconds, None, None, "s", None, None, None)
