"""Acceleration with all derivatives, beside its arithmetic alone at the core's peak rate.

The peer of these rows is no library, but the time that as many operations take in a loop that does
nothing else (peak.c): the ratio is the share of the peak that is reached.  The operations are those
that the manifest counts, where a sine or a division is one too; the peak counts a fused
multiply-add as two.

A batch reads and writes ordinary arrays, in the second-level cache at this size: for the walker
that takes two fifths of its time.  The row "in lanes" leaves this out: there, inputs and results
have the layout of the generated code, a vector with one entry for each state in place of each
number, as in the calls of the integrators.
"""

import ctypes
import tempfile
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.bench.accelerations import States, derivatives_side, derivatives_ways
from vgps.bench.kernels import call_peak, same_acceleration
from vgps.bench.robots import bare
from vgps.bench.rounds import Row, Side, interleaved, row
from vgps.codegen.model import Model
from vgps.codegen.toolchain import Toolchain, find_toolchain

Array = NDArray[np.float64]
_SOURCE = Path(__file__).with_name("peak.c")
PEER = "arithmetic at the peak"
_IN_LANES = "lanes_acceleration_derivatives"
_VECTOR = 64  # bytes of the widest vector
_LENGTH = 1000  # turns of the peak loop in one call


def share_rows(name: str, rounds: int) -> list[Row]:
    """A row one state at a time, and rows in batch and in lanes where the library has them."""
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
        title = f"{name}: acceleration derivatives, {how}, and its arithmetic"
        seconds, of_one = interleaved((ours, _peak_side()), rounds).seconds
        arithmetic = [operations * p for p in of_one]
        rows.append(row(title, "s/state", PEER, seconds, arithmetic))
    return rows


def in_lanes(model: Model, states: States) -> tuple[Side, Array, Array]:
    """The generated function at the first of ``states``, one in each lane of a vector.

    Returns:
        The side; and the arrays that its work fills, a (nv, lanes) and a_z (nv (nx + nu), lanes).
    """
    lanes = lanes_of(find_toolchain())
    q, v, u = (_aligned(part[:lanes].T) for part in (states.q, states.v, states.u))
    a, a_z = _aligned(np.empty((model.nv, lanes))), _aligned(np.empty((states.a_z[0].size, lanes)))
    address = _address(getattr(model.library, _IN_LANES))
    return Side(lambda n: same_acceleration(address, n, q, v, u, a, a_z), units=lanes), a, a_z


def lanes_of(toolchain: Toolchain) -> int:
    """Number of doubles in a vector, as codegen/c/lanes.c chooses it."""
    wide = {"__AVX512F__": 8, "__AVX2__": 4}
    return next((n for macro, n in wide.items() if macro in toolchain.fingerprint), 2)


def _aligned(array: Array) -> Array:
    """A copy that begins at an address where a vector may."""
    memory = np.empty(array.size * 8 + _VECTOR, np.uint8)
    start = -memory.ctypes.data % _VECTOR
    copy = memory[start : start + array.size * 8].view(float).reshape(array.shape)
    copy[:] = array
    return copy


class Peak(NamedTuple):
    """The compiled loop of ``peak.c``."""

    library: ctypes.CDLL
    address: int
    operations: int  # in one turn of the loop


@cache
def peak() -> Peak:
    """Compile and load ``peak.c``."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "peak.so"
        find_toolchain().compile(_SOURCE, path)
        library = ctypes.CDLL(str(path))
    operations = ctypes.c_long.in_dll(library, "peak_operations").value
    return Peak(library, _address(library.peak), operations)


def _address(function: Any) -> int:
    """Address of a function of a loaded library."""
    address = ctypes.cast(function, ctypes.c_void_p).value
    assert address is not None  # only a null pointer has no value
    return address


def _peak_side() -> Side:
    """Fused multiply-adds; the unit of work is one operation."""
    loop = peak()
    # With x -> x/2 + 1 all chains tend to 2, and there are neither overflows nor denormals.
    numbers = np.array([0.5, 1.0])
    return Side(
        lambda repeats: call_peak(loop.address, repeats, _LENGTH, numbers),
        units=_LENGTH * loop.operations,
    )
