"""Many independent tasks, side by side on this machine or on a Dask cluster.

Outcomes come one by one, as they finish.  A task that raises has failed, and the others go on.  A
task whose process was killed is done again; one whose process dies even when it runs alone has
failed.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from joblib import Parallel, cpu_count, delayed, parallel_config
from joblib.externals.loky.process_executor import TerminatedWorkerError

from vgps.experiments.cluster import Certificates, connected
from vgps.experiments.dependent import end_with, leaving_interrupts_here
from vgps.experiments.errors import ClusterLost

if TYPE_CHECKING:
    from distributed import Client

_DIED = "its process died each time, out of memory?"


class Outcome(NamedTuple):
    """How a task ended."""

    task: Any
    result: Any  # None where the task failed
    error: str | None  # why it failed, one line


Execute = Callable[[Callable[[Any], Any], Sequence[Any]], Iterator[Outcome]]


@contextmanager
def workers(
    jobs: int | None = None, cluster: str | None = None, certificates: Certificates | None = None
) -> Iterator[Execute]:
    """Processes for as long as the context lasts.  Work, tasks and results travel between them.

    Args:
        jobs: processes on this machine; as many as it has cores when absent.
        cluster: address of a Dask scheduler whose workers are used instead.
        certificates: for an address that begins with tls://.

    Yields:
        execute(work, tasks): the outcome of work(task) for each task, as it finishes.

    Raises:
        ClusterError: when no cluster answers.
        ClusterLost: when the connection to it is lost while it works.
    """
    if cluster is None:
        yield partial(_execute, partial(_here, jobs or cpu_count()))
        return
    with connected(cluster, certificates) as client:
        yield partial(_execute, partial(_on_cluster, client))


def _execute(once: Execute, work: Callable[[Any], Any], tasks: Sequence[Any]) -> Iterator[Outcome]:
    """The outcomes of ``once``; it may blame a task for a death that another one caused."""
    suspects = []
    for outcome in once(work, tasks):
        if outcome.error == _DIED:
            suspects.append(outcome.task)
        else:
            yield outcome
    for task in suspects:
        yield from once(work, [task])


def attempt(work: Callable[[Any], Any], task: Any) -> Outcome:
    """Do the work here and now; whatever it raises is said in one line."""
    try:
        return Outcome(task, work(task), None)
    except Exception as error:
        return Outcome(task, None, _sentence(error))


def _sentence(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())


def _here(jobs: int, work: Callable[[Any], Any], tasks: Sequence[Any]) -> Iterator[Outcome]:
    waiting = dict(enumerate(tasks))
    while waiting:
        calls = [delayed(_numbered)(work, number, task) for number, task in waiting.items()]
        try:
            # One call a batch: a process that dies takes no finished outcome with it.
            with (
                parallel_config(
                    "loky",
                    n_jobs=jobs,
                    inner_max_num_threads=1,
                    initializer=end_with,
                    initargs=(os.getpid(),),
                ),
                leaving_interrupts_here(),
            ):
                done = Parallel(batch_size=1, return_as="generator_unordered")(calls)
            for number, outcome in done:
                del waiting[number]
                yield outcome
        except TerminatedWorkerError:
            # Calls start in their order, so that it was one of the first that still wait.
            for number in list(waiting)[:jobs]:
                yield Outcome(waiting.pop(number), None, _DIED)


def _numbered(work: Callable[[Any], Any], number: int, task: Any) -> tuple[int, Outcome]:
    return number, attempt(work, task)


def _on_cluster(
    client: "Client", work: Callable[[Any], Any], tasks: Sequence[Any]
) -> Iterator[Outcome]:
    # Joblib's own Dask backend waits for ever once a task has used up its workers.
    from distributed import KilledWorker, as_completed

    futures = client.map(partial(attempt, work), tasks, pure=False)
    task_of = {future.key: task for future, task in zip(futures, tasks, strict=True)}
    arriving = as_completed(futures, with_results=True, raise_errors=False)
    del futures
    for future, result in arriving:
        if future.status in ("cancelled", "lost"):
            raise ClusterLost(f"the Dask scheduler at '{client.scheduler.address}' was lost")
        task = task_of[future.key]
        finished = future.status == "finished"
        # What is here needs no copy on a worker, whose death would have it computed again.
        future.release()
        if finished:
            yield result
        else:
            _, error, _ = result
            died = isinstance(error, KilledWorker)
            yield Outcome(task, None, _DIED if died else _sentence(error))
