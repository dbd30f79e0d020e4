"""What the finished runs of a comparison measured, as rows, and the CSV files that hold them."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic import TypeAdapter, ValidationError

from vgps.codegen.files import is_leftover_of, write_atomically
from vgps.codegen.lock import LOCK
from vgps.experiments.errors import RunFolderError
from vgps.experiments.metrics import read_rows
from vgps.experiments.plan import RUNS, Member, folder_of, read_evaluation
from vgps.experiments.schema import first_refusal

FAILED = "failed.csv"  # the first file of a comparison


class Row(NamedTuple):
    """One iteration of one run.  Costs are averages over rollouts, summed over the horizon."""

    robot: str
    hidden: int
    method: str
    seed: int
    iteration: int
    stochastic_cost: float
    deterministic_cost: float
    ddp_cost: float  # of the run's initial trajectory
    seconds: float  # of the method's iterations so far
    success: float  # share of the stochastic rollouts


class Final(NamedTuple):
    """The policy that one run ended with, by the rollouts of `evaluate`."""

    robot: str
    hidden: int
    method: str
    seed: int
    stochastic_cost: float
    deterministic_cost: float
    stochastic_success: float  # share of rollouts
    deterministic_success: float
    ddp_cost: float
    longer_ddp_cost: float | None  # over the same steps (`reference`); None where there is none
    seconds: float  # of all iterations
    rollouts: int  # that the method learned from


class Failure(NamedTuple):
    """A run that raised, or whose process died."""

    robot: str
    hidden: int
    method: str
    seed: int
    error: str  # one line


_FAILURE = TypeAdapter(Failure)


def read_results(out: Path, members: Iterable[Member]) -> tuple[list[Row], list[Final]]:
    """The iterations and the ends of the finished ``members``, in their order."""
    rows, finals = [], []
    for member in members:
        folder = folder_of(out, member)
        metrics, evaluation = folder.read_metrics(), read_evaluation(folder)
        identity: dict[str, Any] = {
            "robot": member.robot,
            "hidden": member.hidden,
            "method": member.method,
            "seed": member.seed,
            "ddp_cost": evaluation.ddp_cost,
        }
        seconds = np.cumsum(metrics["seconds"])
        rows += [
            Row(
                iteration=int(metrics["iteration"][k]),
                stochastic_cost=float(metrics["stochastic_cost"][k]),
                deterministic_cost=float(metrics["deterministic_cost"][k]),
                seconds=float(seconds[k]),
                success=float(metrics["stochastic_success"][k]),
                **identity,
            )
            for k in range(len(seconds))
        ]
        stochastic, deterministic = evaluation.stochastic, evaluation.deterministic
        finals.append(
            Final(
                stochastic_cost=stochastic.mean_cost,
                deterministic_cost=deterministic.mean_cost,
                stochastic_success=stochastic.success_rate,
                deterministic_success=deterministic.success_rate,
                longer_ddp_cost=evaluation.longer_ddp_cost,
                seconds=float(seconds[-1]),
                rollouts=int(metrics["rollouts"][-1]),
                **identity,
            )
        )
    return rows, finals


def holds_comparison(out: Path) -> bool:
    """Whether a folder is one of a comparison."""
    return (out / FAILED).exists()


def is_untouched(out: Path) -> bool:
    """Whether a folder is empty but for what a comparison leaves that was killed at once."""
    return all(path.name in (LOCK, RUNS) or is_leftover_of(path, FAILED) for path in out.iterdir())


def write_failures(out: Path, failures: Sequence[Failure]) -> None:
    """Write failed.csv."""
    write_rows(out / FAILED, Failure, failures)


def read_failures(out: Path) -> list[Failure]:
    """What failed.csv lists.

    Raises:
        RunFolderError: when it is missing or damaged.
    """
    path = out / FAILED
    _, *rows = read_rows(path) or [[]]
    try:
        return [_FAILURE.validate_python(tuple(row)) for row in rows]
    except ValidationError as error:
        raise RunFolderError(f"{path}: {first_refusal(error)[1]}") from None


def write_rows(path: Path, kind: type[NamedTuple], rows: Sequence[NamedTuple]) -> None:
    """A CSV file with the fields of ``kind`` as its header."""

    def write(temporary: Path) -> None:
        with temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(kind._fields)
            writer.writerows(rows)

    write_atomically(path, write)
