"""A comparison carried out: each run is stored as it ends, a failure noted, the rest goes on."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from vgps.experiments.plan import Run, missing, store
from vgps.experiments.progress import Update
from vgps.experiments.results import Failure, write_failures
from vgps.experiments.workers import Sweep

Work = Callable[[Run], dict[str, bytes]]


def carry_out(out: Path, runs: Sequence[Run], sweep: Sweep, work: Work, update: Update) -> None:
    """Do those of ``runs`` that ``out`` lacks; failed.csv lists what failed of them.

    ``update`` is called with the number of runs that are done with and a line about them.  Raises
    RunFolderError where ``out`` holds a run with other settings, before anything is written.
    """
    waiting = missing(out, runs)
    out.mkdir(parents=True, exist_ok=True)
    failures = []
    write_failures(out, failures)
    started = time.perf_counter()
    earlier = len(runs) - len(waiting)
    for count, outcome in enumerate(sweep(work, waiting), start=1):
        run = outcome.task
        if outcome.error is None:
            store(out, run, outcome.result)
        else:
            failures.append(Failure(*run[:4], outcome.error))
            write_failures(out, failures)
        left = (time.perf_counter() - started) / count * (len(waiting) - count)
        update(earlier + count, f"{len(failures)} failed, {_duration(left)} left")


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes} min {seconds:02d} s" if minutes else f"{seconds} s"
