"""Columns of numbers in a .csv file, whose first line names them."""

import csv
import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.archive import LARGEST, ArrayFileError, opened
from vgps.codegen.errors import found

Array = NDArray[np.float64]


def read_table(path: Path) -> dict[str, Array]:
    """The columns (N,) by their names.

    Raises:
        ArrayFileError: when the file is missing, or no such table.
    """
    with opened(path, piped=False) as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ArrayFileError(f"{path}: is larger than {LARGEST / 2**20:.0f} MiB")
    try:
        text = content.decode("utf-8-sig")
        reader = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True)
        lines = [(reader.line_num, cells) for cells in reader if cells]
    except (UnicodeDecodeError, csv.Error):
        raise ArrayFileError(f"{path}: is not a .csv file, or is damaged") from None
    if not lines:
        raise ArrayFileError(f"{path}: is empty")
    (_, names), *rows = lines
    for name in names:
        if names.count(name) > 1:
            raise ArrayFileError(f"{path}:1: the column {found(name)} is there twice")
    values = np.array([_numbers(path, line, names, cells) for line, cells in rows])
    return dict(zip(names, values.reshape(-1, len(names)).T, strict=True))


def _numbers(path: Path, line: int, names: list[str], cells: list[str]) -> list[float]:
    if len(cells) != len(names):
        text = f"must have {len(names)} columns as the first line has, found {len(cells)}"
        raise ArrayFileError(f"{path}:{line}: {text}")
    numbers = []
    for name, cell in zip(names, cells, strict=True):
        try:
            numbers.append(float(cell))
        except ValueError:
            text = f"{found(name)} must be a number, found {found(cell)}"
            raise ArrayFileError(f"{path}:{line}: {text}") from None
    return numbers
