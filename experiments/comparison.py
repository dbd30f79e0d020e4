"""A comparison carried out: each run is stored as it ends, a failure noted, the rest goes on."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from vgps.experiments.plan import Member, missing, store
from vgps.experiments.progress import Watch, unwatched
from vgps.experiments.results import Failure, write_failures
from vgps.experiments.workers import Execute

Work = Callable[[Member], dict[str, bytes]]


def compare(
    out: Path,
    members: Sequence[Member],
    execute: Execute,
    work: Work,
    watch: Watch = unwatched,
) -> None:
    """Do those of ``members`` that ``out`` lacks; failed.csv lists what failed of them.

    Args:
        out: folder of the comparison.
        members: the whole plan.
        execute: does them side by side (`experiments.workers`).
        work: does one of them, usually ``run_member``.
        watch: shows how many are done with, and a line about them.

    Raises:
        RunFolderError: when ``out`` holds a run with other settings, before anything is written.
        ClusterLost: when the connection to a cluster is lost.
    """
    waiting = missing(out, members)
    out.mkdir(parents=True, exist_ok=True)
    failures: list[Failure] = []
    write_failures(out, failures)
    started = time.perf_counter()
    earlier = len(members) - len(waiting)
    with watch("run", len(members)) as update:
        for count, outcome in enumerate(execute(work, waiting), start=1):
            member = outcome.task
            if outcome.error is None:
                store(out, member, outcome.result)
            else:
                failures.append(Failure(*member[:4], outcome.error))
                write_failures(out, failures)
            left = (time.perf_counter() - started) / count * (len(waiting) - count)
            update(earlier + count, f"{len(failures)} failed, {_duration(left)} left")


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes} min {seconds:02d} s" if minutes else f"{seconds} s"
