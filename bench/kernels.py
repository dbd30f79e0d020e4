"""Loops over the robots' C functions, which are called as the solver's kernels call them.

Each takes the address of the C function, and repeats the whole loop ``repeats`` times.
"""

import numpy as np
from numpy.typing import NDArray

from vgps.solver.native import call, kernel, row

Array = NDArray[np.float64]


@kernel
def each_acceleration(
    function: int, repeats: int, q: Array, v: Array, u: Array, a: Array, a_z: Array
) -> None:
    """``robot_acceleration_derivatives`` at q, v (N, nq), u (N, nu), one state after another.

    Fills a (N, nv) and a_z (N, nv, nx + nu).
    """
    for _ in range(repeats):
        for n in range(len(q)):
            call(function, (row(q, n), row(v, n), row(u, n), row(a, n), row(a_z, n)))


@kernel
def all_accelerations(
    function: int, repeats: int, q: Array, v: Array, u: Array, a: Array, a_z: Array
) -> None:
    """``robot_acceleration_derivatives_batch`` of the same arrays in one call."""
    addresses = (q.ctypes.data, v.ctypes.data, u.ctypes.data, a.ctypes.data, a_z.ctypes.data)
    for _ in range(repeats):
        # C receives a long as it does a pointer, in an integer register.
        call(function, (len(q),) + addresses)


@kernel
def same_acceleration(
    function: int, repeats: int, q: Array, v: Array, u: Array, a: Array, a_z: Array
) -> None:
    """``lanes_acceleration_derivatives`` at the states in the columns of q, v and u.

    Fills the columns of a (nv, lanes) and of a_z (nv (nx + nu), lanes).
    """
    addresses = (q.ctypes.data, v.ctypes.data, u.ctypes.data, a.ctypes.data, a_z.ctypes.data)
    for _ in range(repeats):
        call(function, addresses)


@kernel
def each_linearization(
    function: int, repeats: int, X: Array, U: Array, f_x: Array, f_u: Array
) -> None:
    """``robot_linearize`` along X (T, nx), U (T, nu) into f_x (T, nx, nx), f_u (T, nx, nu)."""
    for _ in range(repeats):
        call(
            function,
            (len(U), X.ctypes.data, U.ctypes.data, f_x.ctypes.data, f_u.ctypes.data),
        )


@kernel
def each_rollout(function: int, repeats: int, x0: Array, U: Array, X: Array) -> None:
    """``robot_rollout`` from each x0 (R, nx) under U (R, T, nu) into X (R, T+1, nx)."""
    for _ in range(repeats):
        for r in range(len(x0)):
            call(function, (U.shape[1], row(x0, r), row(U, r), row(X, r)))


@kernel
def all_rollouts(function: int, repeats: int, x0: Array, U: Array, X: Array) -> None:
    """``robot_rollouts`` of the same arrays in one call."""
    for _ in range(repeats):
        call(function, (U.shape[0], U.shape[1], x0.ctypes.data, U.ctypes.data, X.ctypes.data))


@kernel
def call_peak(function: int, repeats: int, length: int, numbers: Array) -> None:
    """``peak`` of peak.c, ``length`` turns of its loop in a call, each from ``numbers`` (2,)."""
    factor = numbers[0]
    for _ in range(repeats):
        numbers[0] = factor
        call(function, (length, numbers.ctypes.data))
