"""Work shared among cores, for loops whose turns do not depend on one another.

What comes out has the same bits for any number of cores.  It is shared by threads, in compiled code
that lets the others run.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache


def cores() -> int:
    """How many cores this process may use: what OMP_NUM_THREADS says, or all that it has.

    Who starts several processes side by side, as joblib and Dask do, sets it for each of them.
    """
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isascii() and asked.isdigit() and int(asked):
        return int(asked)
    own = getattr(os, "sched_getaffinity", None)  # Linux alone has it
    return len(own(0)) if own is not None else os.cpu_count() or 1


def share(work: Callable[[int, int], None], n: int, grain: int) -> None:
    """``work(first, end)`` for parts of 0..n, side by side.

    Args:
        work: of one part; it may run in several threads at the same time, and waits for none.
        n: how many turns there are.
        grain: every part but the last holds a multiple of so many turns.
    """
    grains = -(-n // grain)
    parts = max(1, min(cores(), grains))
    bounds = [min(n, grain * (grains * i // parts)) for i in range(parts + 1)]
    others = [_pool(os.getpid()).submit(work, *bounds[i : i + 2]) for i in range(1, parts)]
    work(*bounds[:2])
    for other in others:
        other.result()


@cache
def _pool(process: int) -> ThreadPoolExecutor:
    """That of a process: a forked one has none of its parent's threads."""
    return ThreadPoolExecutor(cores(), f"share-{process}")
