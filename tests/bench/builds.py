"""Seconds from a robot's file to its loaded library, everything derived and compiled anew.

The imports of SymPy and CasADi, a second once a process, are not counted.
"""

from codegen import build, load
from tests.bench.robots import MODELS
from tests.bench.rounds import Benchmark, Side

BUILDS = 3  # rounds: seconds each, and steadier than what takes microseconds


def build_benchmark(name: str) -> Benchmark:
    path = MODELS / f"{name}.yaml"
    return Benchmark(
        f"{name}: forced build",
        "s",
        Side(lambda repeats: [build(load(path), force=True) for _ in range(repeats)]),
    )
