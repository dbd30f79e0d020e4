"""Columns of numbers in few characters: whole multiples of a unit, each less the one before.

A column is drawn on a few hundred pixels, so that a thousandth of its range is fine enough.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
_FINE = 500.0  # units in the range of a column, at least
_LARGEST = 1e100  # what is beyond would not even have a range


def packed(values: ArrayLike) -> list[int]:
    """Numbers (n,) as whole ones: the first, then the differences, most of them short."""
    return np.diff(np.rint(values), prepend=0.0).astype(int).tolist()


def column(values: Array) -> dict[str, Any]:
    """Numbers (n,): ``changes`` as `packed`, in multiples of ``unit``."""
    values = np.clip(np.nan_to_num(values), -_LARGEST, _LARGEST)
    span = float(np.ptp(values)) or float(np.abs(values).max()) or 1.0
    unit = 10.0 ** math.floor(math.log10(span / _FINE))
    return {"unit": unit, "changes": packed(values / unit)}
