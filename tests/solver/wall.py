"""Arrays beside which memory may not be touched, to find code that reads or writes past their ends."""

import ctypes
import mmap
import multiprocessing

import numpy as np

PAGE = mmap.PAGESIZE


def before_a_wall(array):
    """A copy that ends where a page begins that may be neither read nor written."""
    size = -(-array.nbytes // PAGE) * PAGE
    return _copy(array, size, wall=size, start=size - array.nbytes)


def behind_a_wall(array):
    """A copy that begins where such a page ends."""
    return _copy(array, array.nbytes, wall=0, start=PAGE)


def _copy(array, size, wall, start):
    memory = mmap.mmap(-1, PAGE + size)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    assert ctypes.CDLL(None).mprotect(ctypes.c_void_p(address + wall), PAGE, 0) == 0
    copy = np.frombuffer(memory, float, array.size, start).reshape(array.shape)
    copy[:] = array
    return copy


def survives(function, *arguments):
    """Run in a process of its own, which touching the wall would kill."""
    child = multiprocessing.get_context("fork").Process(target=function, args=arguments)
    child.start()
    child.join(60)
    assert child.exitcode == 0
