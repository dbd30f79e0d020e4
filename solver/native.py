"""Calling compiled C from Numba kernels through a plain address.

A kernel takes the address of a robot's function as an integer, so one compiled kernel serves every
robot and is cached on disk; a ctypes object in a closure would be compiled again for each process.
The call itself costs a few nanoseconds.
"""

import numba as nb
from llvmlite import ir
from numba.core import cgutils
from numba.extending import intrinsic

# Kernels are compiled once for all robots; IEEE division (inf, nan) instead of Python's exception
# lets them detect a diverging trajectory where it arises.
kernel = nb.njit(cache=True, error_model="numpy")


@intrinsic
def call(typing_context, function, pointers):
    """call(address, (pointer, ...)): run the C function ``void f(double *, ...)`` at ``address``."""
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
