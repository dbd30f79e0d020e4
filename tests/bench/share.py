"""Acceleration with all derivatives as a share of what the core can do at most.

Operations are those that the manifest counts, one each, a sine or a division too; the peak counts a
fused multiply-add as two.  Both rates are measured in turns and the row is the median of their
ratios.
"""

import ctypes
import tempfile
from functools import cache
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np

from codegen.toolchain import find_toolchain
from tests.bench.accelerations import States, derivatives_side, derivatives_ways
from tests.bench.kernels import call_peak
from tests.bench.robots import bare
from tests.bench.rounds import Row, Side, interleaved

_SOURCE = Path(__file__).with_name("peak.c")
_LENGTH = 1000  # turns of the peak loop in one call


def share_rows(name: str, rounds: int) -> list[Row]:
    """One state at a time, and in batch where the library has it."""
    model, rows = bare(name), []
    operations = model.manifest["operations"]["acceleration_derivatives"]
    for function, loop, how in derivatives_ways(model):
        ours = derivatives_side(model, function, loop, States(model))
        seconds, peak_seconds = interleaved((ours, _peak_side()), rounds)
        shares = [operations * p / s for s, p in zip(seconds, peak_seconds, strict=True)]
        title = f"{name}: acceleration derivatives, {how}, of the peak"
        rows.append(Row(title, median(shares), None, None, "share", None, None, None))
    return rows


class Peak(NamedTuple):
    """The compiled loop of ``peak.c``."""

    library: ctypes.CDLL
    address: int
    operations: int  # in a turn


@cache
def peak() -> Peak:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "peak.so"
        find_toolchain().compile(_SOURCE, path)
        library = ctypes.CDLL(str(path))
    address = ctypes.cast(library.peak, ctypes.c_void_p).value
    return Peak(library, address, ctypes.c_long.in_dll(library, "peak_operations").value)


def _peak_side() -> Side:
    """Fused multiply-adds; the unit is one operation."""
    loop = peak()
    numbers = np.array([0.5, 1.0])  # the chains tend to 2: neither overflow nor denormals
    return Side(
        lambda repeats: call_peak(loop.address, repeats, _LENGTH, numbers),
        units=_LENGTH * loop.operations,
    )
