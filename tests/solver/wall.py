"""Arrays behind which memory may not be touched, to find code that reads or writes past their end."""

import ctypes
import mmap
import multiprocessing

import numpy as np


def before_a_wall(array):
    """A copy that ends where a page begins that may be neither read nor written."""
    pages = -(-array.nbytes // mmap.PAGESIZE) + 1
    memory = mmap.mmap(-1, pages * mmap.PAGESIZE)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    wall = (pages - 1) * mmap.PAGESIZE
    assert ctypes.CDLL(None).mprotect(ctypes.c_void_p(start + wall), mmap.PAGESIZE, 0) == 0
    copy = np.frombuffer(memory, float, array.size, wall - array.nbytes).reshape(array.shape)
    copy[:] = array
    return copy


def survives(function, *arguments):
    """Run in a process of its own, which touching the wall would kill."""
    child = multiprocessing.get_context("fork").Process(target=function, args=arguments)
    child.start()
    child.join(60)
    assert child.exitcode == 0
