"""Calling compiled C from Numba kernels through a plain address.

A kernel takes the address of a robot's function as an integer, so one compiled kernel serves every
robot and is cached on disk; a ctypes object in a closure would be compiled again for each process.
The call itself costs a few nanoseconds.
"""

import hashlib
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

import numba as nb
import numpy as np
from llvmlite import ir
from numba.core import cgutils
from numba.core.ccallback import CFunc
from numba.extending import intrinsic
from numpy.typing import NDArray

from vgps.codegen.emission import arguments, backward_pass
from vgps.codegen.errors import SurroundingsError
from vgps.codegen.folders import PACKAGE, generated, is_writable
from vgps.solver import kernel_cache
from vgps.solver.kernel_cache import cached_in

F = TypeVar("F", bound=Callable)
Pointer = Any  # to doubles, an argument of a callback

_LONG_AGO = 600.0  # s; writing a kernel takes milliseconds

_config: Any = nb.config  # which Numba fills at run time

if _config.DISABLE_JIT:
    raise SurroundingsError(
        "NUMBA_DISABLE_JIT is set, but Python alone cannot call compiled robots: unset it"
    )


class Callback(NamedTuple):
    """A compiled function that C can call."""

    address: int
    function: CFunc  # keeps what is at the address


@cache
def _cache_folder() -> Path:
    """Where compiled kernels are kept: one folder for each state of all sources with kernels.

    Numba notices a change in a kernel's own file but not in the kernels that it calls, and would
    go on using machine code into which the old ones were inlined.

    Raises:
        SurroundingsError: when NUMBA_CACHE_DIR, if it is set, or else ``generated()`` is no folder
            for it.
    """
    digest = hashlib.sha256()
    for file in sorted(PACKAGE.glob("solver/*.py")) + sorted(PACKAGE.glob("policy/**/*.py")):
        source = file.read_bytes()
        if b"@kernel" in source or b"@callback" in source:
            digest.update(source)
    # Kernels hold the order of its fields, too; and what the files of the cache look like.
    for module in (arguments, backward_pass, kernel_cache):
        digest.update(Path(str(module.__file__)).read_bytes())
    chosen = _config.CACHE_DIR
    home = Path(chosen).absolute() if chosen else generated()
    if not is_writable(home):
        raise SurroundingsError(f"NUMBA_CACHE_DIR={chosen} is no folder where a file can be made")
    folder = home / f"kernels-{digest.hexdigest()[:16]}"
    _remove_leftovers(folder)
    return folder


def _remove_leftovers(folder: Path) -> None:
    """Remove what processes that were killed long ago were writing."""
    for path in folder.glob("*/*.tmp.*"):  # as Numba calls it
        with suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > _LONG_AGO:
                path.unlink()


def kernel(function: F) -> F:
    """Compile a function once for all robots.

    Division by zero gives inf or nan instead of Python's exception, so that kernels detect a
    diverging trajectory where it arises.  Products may be fused with sums, as in the compiled C.
    Several threads may be in kernels at the same time.
    """
    with cached_in(_cache_folder()):
        compiled = nb.njit(cache=True, error_model="numpy", fastmath={"contract"}, nogil=True)(
            function
        )
    return cast(F, compiled)  # called with the same arguments


def callback(arguments: int, fastmath: set[str]) -> Callable[[Callable], Callback]:
    """Compile a function of so many pointers to doubles as one that C can call."""
    signature = nb.types.void(*[nb.types.CPointer(nb.float64)] * arguments)

    def compile_it(function: Callable) -> Callback:
        with cached_in(_cache_folder()):
            compiled: Any = nb.cfunc(signature, cache=True, fastmath=fastmath)(function)
        return Callback(compiled.address, compiled)

    return compile_it


@intrinsic
def _call(typing_context: Any, function: Any, pointers: Any) -> Any:
    """The Numba types of a `call` and what generates its machine code."""
    if not isinstance(function, nb.types.Integer) or not isinstance(pointers, nb.types.BaseTuple):
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address, values = arguments
        pointer = ir.DoubleType().as_pointer()
        converted = [
            builder.inttoptr(value, pointer) for value in cgutils.unpack_tuple(builder, values)
        ]
        function_type = ir.FunctionType(ir.VoidType(), [pointer] * len(converted))
        builder.call(builder.inttoptr(address, function_type.as_pointer()), converted)
        return context.get_dummy_value()

    return nb.types.void(function, pointers), generate


# call(address, (pointer, ...)) in a kernel runs the C function ``void f(double *, ...)`` there.  A
# C long may stand in place of a pointer: as arguments the two travel alike.
call: Callable[[int, tuple[int, ...]], None] = cast(Any, _call)


@kernel
def row(array: NDArray[np.float64], t: int) -> int:
    """Address of ``array[t]`` of a C-contiguous array, without making a view."""
    return array.ctypes.data + t * array.strides[0]
