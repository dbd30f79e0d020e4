"""Acceleration with all derivatives as a share of what the core can do at most.

Operations are those that the manifest counts, one each, a sine or a division too; the peak counts a
fused multiply-add as two.  Both rates are measured in turns and the row is the median of their
ratios.

A batch reads and writes ordinary arrays, in the second-level cache at this size: for the walker that
takes two fifths of its time.  "In lanes" leaves that away: states come and results stay as the
generated code has them, a vector for each number, which is how the integrators call it.
"""

import ctypes
import tempfile
from functools import cache
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np

from vgps.bench.accelerations import States, derivatives_side, derivatives_ways
from vgps.bench.kernels import call_peak, same_acceleration
from vgps.bench.robots import bare
from vgps.bench.rounds import Row, Side, interleaved
from vgps.codegen.model import Model
from vgps.codegen.toolchain import Toolchain, find_toolchain

_SOURCE = Path(__file__).with_name("peak.c")
_IN_LANES = "lanes_acceleration_derivatives"
_VECTOR = 64  # bytes, the widest there is
_LENGTH = 1000  # turns of the peak loop in one call


def share_rows(name: str, rounds: int) -> list[Row]:
    """One state at a time, and in batch and in lanes where the library has it."""
    model, rows = bare(name), []
    operations = model.manifest["operations"]["acceleration_derivatives"]
    states = States(model)
    sides = {
        how: derivatives_side(model, function, loop, states)
        for function, loop, how in derivatives_ways(model)
    }
    if hasattr(model.library, _IN_LANES):
        sides["in lanes"] = in_lanes(model, states)[0]
    for how, ours in sides.items():
        seconds, peak_seconds = interleaved((ours, _peak_side()), rounds)
        shares = [operations * p / s for s, p in zip(seconds, peak_seconds, strict=True)]
        title = f"{name}: acceleration derivatives, {how}, of the peak"
        rows.append(Row(title, median(shares), None, None, "share", None, None, None))
    return rows


def in_lanes(model: Model, states: States) -> tuple[Side, np.ndarray, np.ndarray]:
    """The generated function at the first states, one in each lane, and where its a and a_z are."""
    lanes = lanes_of(find_toolchain())
    q, v, u = (_aligned(part[:lanes].T) for part in (states.q, states.v, states.u))
    a, a_z = _aligned(np.empty((model.nv, lanes))), _aligned(np.empty((states.a_z[0].size, lanes)))
    address = ctypes.cast(getattr(model.library, _IN_LANES), ctypes.c_void_p).value
    return Side(lambda n: same_acceleration(address, n, q, v, u, a, a_z), units=lanes), a, a_z


def lanes_of(toolchain: Toolchain) -> int:
    """As lanes.c has it."""
    wide = {"__AVX512F__": 8, "__AVX2__": 4}
    return next((n for macro, n in wide.items() if macro in toolchain.fingerprint), 2)


def _aligned(array: np.ndarray) -> np.ndarray:
    """A copy that begins where a vector may."""
    memory = np.empty(array.size * 8 + _VECTOR, np.uint8)
    start = -memory.ctypes.data % _VECTOR
    copy = memory[start : start + array.size * 8].view(float).reshape(array.shape)
    copy[:] = array
    return copy


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
