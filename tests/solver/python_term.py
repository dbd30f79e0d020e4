"""A cost term in Python, behind the C signatures that kernels call."""

import ctypes

import numpy as np

from vgps.solver.objective import CostTerm


def python_term(value, expansion, nx, nu, T):
    """A CostTerm of T steps from value(x, u) -> c and expansion(x, u) -> (c, c_x, c_u, c_xx, c_ux, c_uu).

    Also returns what must stay referenced for as long as the term is used.
    """
    doubles = ctypes.POINTER(ctypes.c_double)

    def array(pointer, *shape):
        return np.ctypeslib.as_array(pointer, shape)

    @ctypes.CFUNCTYPE(None, *[doubles] * 5)
    def value_c(x, u, data, step, c):
        array(c, 1)[0] = value(array(x, nx).copy(), array(u, nu).copy())

    @ctypes.CFUNCTYPE(None, *[doubles] * 10)
    def expansion_c(x, u, data, step, *outputs):
        parts = expansion(array(x, nx).copy(), array(u, nu).copy())
        shapes = ((1,), (nx,), (nu,), (nx, nx), (nu, nx), (nu, nu))
        for pointer, shape, part in zip(outputs, shapes, parts, strict=True):
            array(pointer, *shape)[...] = part

    addresses = (ctypes.cast(f, ctypes.c_void_p).value for f in (value_c, expansion_c))
    return CostTerm(*addresses, np.empty(0), np.empty((T, 0))), (value_c, expansion_c)
