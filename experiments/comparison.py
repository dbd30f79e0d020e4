"""A comparison carried out: what ends is stored, a failure is noted, and the rest goes on.

Runs that have their search in common are done one after the other and stored together.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from vgps.codegen.build import build
from vgps.codegen.description.robot import Robot
from vgps.codegen.files import remove_leftovers, scratch
from vgps.codegen.lock import locked
from vgps.experiments.cluster import Certificates
from vgps.experiments.member import run_members
from vgps.experiments.memory import require_memory
from vgps.experiments.plan import RUNS, Member, by_search, missing, store
from vgps.experiments.progress import Watch, unwatched
from vgps.experiments.results import Failure, holds_comparison, is_untouched, write_failures
from vgps.experiments.workers import Execute, Outcome, workers

_PROCESS = 150e6  # bytes of a worker that has imported what it needs

Work = Callable[[Sequence[Member]], list[Outcome]]


def compare(
    out: Path,
    robots: Sequence[Robot],
    members: Sequence[Member],
    jobs: int | None = None,
    cluster: str | None = None,
    certificates: Certificates | None = None,
    watch: Watch = unwatched,
) -> None:
    """Do those of ``members`` that ``out`` lacks, side by side.

    Args:
        out: folder of the comparison; failed.csv in it lists what failed.
        robots: all that the members name.
        members: the whole plan.
        jobs: processes on this machine; one for each core when absent.
        cluster: address of a Dask scheduler whose workers are used instead.
        certificates: for an address of a cluster that begins with tls://.
        watch: shows how many are done with, and a line about them.

    Raises:
        RunFolderError: when ``out`` holds a run with other settings, before anything is written.
        FolderError: when another process is writing into it.
        BuildError: when a robot cannot be compiled.
        ClusterError: when no cluster answers.
        ClusterLost: when the connection to it is lost while it works.
    """
    if jobs is not None:
        jobs = min(jobs, len(members))
        require_memory(f"{jobs} processes", jobs * _PROCESS)
    with workers(jobs, cluster, certificates) as execute:
        for robot in robots:
            build(robot)  # once, and not by every worker
        with locked(out):
            runs = out / RUNS
            runs.mkdir(exist_ok=True)
            remove_leftovers(runs)
            # Workers here are killed in an interruption, and what they were at is in this folder.
            with scratch(runs) as place:
                work = run_members if cluster else partial(run_members, scratch=place)
                carry_out(out, members, execute, work, watch)


def carry_out(
    out: Path,
    members: Sequence[Member],
    execute: Execute,
    work: Work,
    watch: Watch = unwatched,
) -> None:
    """Let ``execute`` do ``work`` for the members that ``out`` lacks, and store what comes."""
    waiting = missing(out, members)
    failures: list[Failure] = []
    ours = holds_comparison(out) or is_untouched(out)
    write_failures(out, failures)
    if ours:
        remove_leftovers(out)
    started = time.perf_counter()
    earlier = len(members) - len(waiting)
    with watch("run", len(members)) as update:
        outcomes = _each(execute(work, by_search(waiting)))
        for count, outcome in enumerate(outcomes, start=1):
            member = outcome.task
            if outcome.error is None:
                store(out, member, outcome.result)
            else:
                key = member.robot, member.hidden, member.method, member.seed
                failures.append(Failure(*key, outcome.error))
                write_failures(out, failures)
            left = (time.perf_counter() - started) / count * (len(waiting) - count)
            update(earlier + count, f"{len(failures)} failed, {_duration(left)} left")


def _each(outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    """How each member ended, of those that had their search together."""
    for outcome in outcomes:
        if outcome.error is None:
            yield from outcome.result
        else:
            yield from (Outcome(member, None, outcome.error) for member in outcome.task)


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes} min {seconds:02d} s" if minutes else f"{seconds} s"
