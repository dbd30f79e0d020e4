"""Calling compiled C from Numba kernels through a plain address.

A kernel takes the address of a robot's function as an integer, so one compiled kernel serves every
robot and is cached on disk; a ctypes object in a closure would be compiled again for each process.
The call itself costs a few nanoseconds.
"""

import hashlib
from pathlib import Path

import numba as nb
from llvmlite import ir
from numba.core import cgutils
from numba.extending import intrinsic

_ROOT = Path(__file__).parents[1]


def _cache_folder() -> Path:
    """Where compiled kernels are kept: one folder for each state of all sources with kernels.

    Numba notices a change in a kernel's own file but not in the kernels that it calls, and would
    go on using machine code into which the old ones were inlined.
    """
    digest = hashlib.sha256()
    for file in sorted(_ROOT.glob("solver/*.py")) + sorted(_ROOT.glob("policy/*.py")):
        source = file.read_bytes()
        if b"@kernel" in source or b"@cfunc" in source:
            digest.update(source)
    return _ROOT / "generated" / f"kernels-{digest.hexdigest()[:16]}"


nb.config.CACHE_DIR = str(_cache_folder())

# Kernels are compiled once for all robots; IEEE division (inf, nan) instead of Python's exception
# lets them detect a diverging trajectory where it arises.  Products may be fused with sums, as in the
# compiled C.
kernel = nb.njit(cache=True, error_model="numpy", fastmath={"contract"})


@intrinsic
def call(typing_context, function, pointers):
    """call(address, (pointer, ...)): run the C function ``void f(double *, ...)`` at ``address``.

    A C long may stand in place of a pointer: as arguments the two travel alike.
    """
    if not isinstance(function, nb.types.Integer) or not isinstance(pointers, nb.types.BaseTuple):
        return None

    def generate(context, builder, signature, arguments):
        address, values = arguments
        pointer = ir.DoubleType().as_pointer()
        converted = [
            builder.inttoptr(value, pointer) for value in cgutils.unpack_tuple(builder, values)
        ]
        function_type = ir.FunctionType(ir.VoidType(), [pointer] * len(converted))
        builder.call(builder.inttoptr(address, function_type.as_pointer()), converted)
        return context.get_dummy_value()

    return nb.types.void(function, pointers), generate


@kernel
def row(array, t):
    """Address of ``array[t]`` of a C-contiguous array, without making a view."""
    return array.ctypes.data + t * array.strides[0]
