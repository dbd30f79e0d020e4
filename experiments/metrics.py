"""metrics.csv of a run folder: a row an iteration."""

import csv
import io
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from vgps.experiments.errors import RunFolderError
from vgps.experiments.files import read_text
from vgps.experiments.schema import first_refusal

Metrics = dict[str, NDArray[Any]]  # columns by name; text in ``stage``, numbers in the others


class MetricsRow(BaseModel):
    """The columns that other code reads.  There are more, all of them numbers.

    Of a round of the finish, those that only the search has are NaN.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, float]

    stage: Literal["search", "finish"] = "search"
    iteration: int
    alpha: float
    fit_reason: str = ""
    ddp_reason: str = ""
    seconds: float
    stochastic_cost: float
    stochastic_success: float
    deterministic_cost: float
    deterministic_success: float


def read_rows(path: Path) -> list[list[str]]:
    """The header and the rows as text.  A row that a kill has cut off is none.

    Raises:
        RunFolderError: when the file cannot be read.
    """
    whole, _, _ = read_text(path).rpartition("\n")
    try:
        return [row for row in csv.reader(io.StringIO(whole, newline="")) if row]
    except csv.Error as error:
        raise RunFolderError(f"{path}: {error}") from None


def read_metrics(path: Path, count: int | None = None) -> Metrics:
    """The columns by name, of the first ``count`` rows; of all when absent.

    Raises:
        RunFolderError: when there are fewer rows, or one is not what it should be.
    """
    header, *rows = read_rows(path) or [[]]
    if count is not None and len(rows) < count:
        raise RunFolderError(f"{path}: ends after {len(rows)} of {count} iterations")
    if len(set(header)) < len(header):
        raise RunFolderError(f"{path}:1: names a column twice")
    table = []
    for k, cells in enumerate(rows[:count], start=1):
        place = f"{path}:{k + 1}"
        if len(cells) != len(header):
            raise RunFolderError(f"{place}: has {len(cells)} cells, the header {len(header)}")
        try:
            row = MetricsRow.model_validate(dict(zip(header, cells, strict=True))).model_dump()
        except ValidationError as error:
            raise RunFolderError(f"{place}: {first_refusal(error)[1]}") from None
        if row["iteration"] != k:
            raise RunFolderError(f"{place}: iteration must be {k}, found {row['iteration']}")
        table.append(row)
    return {name: np.array([row[name] for row in table]) for name in ("stage", *header)}
