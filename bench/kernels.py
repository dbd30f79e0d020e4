"""Loops over the robots' C functions: what a kernel of the solver pays for a call, and no more."""

from vgps.solver.native import call, kernel, row


@kernel
def each_acceleration(function, repeats, q, v, u, a, a_z):
    """``robot_acceleration_derivatives`` at q, v (N, nq), u (N, nu), one state after another."""
    for _ in range(repeats):
        for n in range(len(q)):
            call(function, (row(q, n), row(v, n), row(u, n), row(a, n), row(a_z, n)))


@kernel
def all_accelerations(function, repeats, q, v, u, a, a_z):
    """``robot_acceleration_derivatives_batch`` at the same arrays in one call."""
    addresses = (q.ctypes.data, v.ctypes.data, u.ctypes.data, a.ctypes.data, a_z.ctypes.data)
    for _ in range(repeats):
        # A long travels like a pointer, in an integer register.
        call(function, (len(q),) + addresses)


@kernel
def same_acceleration(function, repeats, q, v, u, a, a_z):
    """``lanes_acceleration_derivatives`` at the same states, one a column of q, v, u."""
    addresses = (q.ctypes.data, v.ctypes.data, u.ctypes.data, a.ctypes.data, a_z.ctypes.data)
    for _ in range(repeats):
        call(function, addresses)


@kernel
def each_linearization(function, repeats, X, U, f_x, f_u):
    """``robot_linearize`` along X (T, nx), U (T, nu)."""
    for _ in range(repeats):
        call(
            function,
            (len(U), X.ctypes.data, U.ctypes.data, f_x.ctypes.data, f_u.ctypes.data),
        )


@kernel
def each_rollout(function, repeats, x0, U, X):
    """``robot_rollout`` from each x0 (R, nx) under U (R, T, nu) into X (R, T+1, nx)."""
    for _ in range(repeats):
        for r in range(len(x0)):
            call(function, (U.shape[1], row(x0, r), row(U, r), row(X, r)))


@kernel
def all_rollouts(function, repeats, x0, U, X):
    """``robot_rollouts`` of the same arrays in one call."""
    for _ in range(repeats):
        call(function, (U.shape[0], U.shape[1], x0.ctypes.data, U.ctypes.data, X.ctypes.data))


@kernel
def call_peak(function, repeats, length, numbers):
    """``peak`` of peak.c, ``length`` turns of its loop a time, from the same ``numbers`` (2,)."""
    factor = numbers[0]
    for _ in range(repeats):
        numbers[0] = factor
        call(function, (length, numbers.ctypes.data))
