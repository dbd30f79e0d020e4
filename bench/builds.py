"""Seconds from a robot's file to its loaded library, and the memory that this takes.

Everything is derived and compiled anew.  The imports of SymPy and CasADi, about a second once in a
process, are not counted.

The memory is the peak of the largest process of a build, which is the one that derives the robot or
a compiler: `python -m vgps.bench.builds NAME` builds a robot and prints both.  It is begun by a
shell, because a system counts the memory of the process that begins another as the other's, too.
"""

import json
import resource
import subprocess
import sys
import time

from vgps.bench.robots import bare_robot, compiled
from vgps.bench.rounds import Benchmark, Row, Side
from vgps.codegen.description.robot import load
from vgps.codegen.folders import MODELS

BUILDS = 3  # rounds at most: each takes seconds, and varies less than work of microseconds
_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes, of ru_maxrss


def build_benchmark(name: str) -> Benchmark:
    """A forced build of a robot in models/."""
    path = MODELS / f"{name}.yaml"
    return Benchmark(
        f"{name}: forced build",
        "s",
        Side(lambda repeats: [compiled(load(path), force=True) for _ in range(repeats)]),
    )


def large_build_rows(name: str) -> list[Row]:
    """A forced build of a chain or tree and its memory, measured once: it takes up to minutes."""
    shell = ["sh", "-c", '"$0" "$@"; exit $?', sys.executable, "-m", "vgps.bench.builds", name]
    printed = subprocess.run(shell, check=True, capture_output=True, text=True).stdout
    seconds, memory = json.loads(printed)
    title = f"{name}: forced build"
    return [
        Row(title, seconds, None, None, "s", None, None, None),
        Row(f"{title}, memory", memory, None, None, "B", None, None, None),
    ]


def _built(name: str) -> tuple[float, int]:
    """Seconds that the build takes, and bytes of the largest process up to now."""
    import vgps.codegen.emission.c_file
    import vgps.codegen.mechanics.functions  # noqa: F401  not counted

    robot = bare_robot(name)
    started = time.perf_counter()
    compiled(robot, force=True)
    seconds = time.perf_counter() - started
    peaks = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return seconds, _UNIT * max(peak.ru_maxrss for peak in peaks)


if __name__ == "__main__":
    print(json.dumps(_built(sys.argv[1])))
