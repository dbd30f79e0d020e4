"""What a trajectory is judged by: the annealed task cost and, optionally, one averaged extra term.

    c_bar_t(x, u) = alpha c(x, u) + 1/S sum_i e(x + dX[t, i], u + dU[t, i])

With e = -log pi_theta this is the modified cost of Levine & Koltun (2013), Algorithm 1, line 6; the
sum over S displacements drawn from the marginals is the averaging of section 4 ("we compute the
derivatives of the policy not only along the current trajectory, but also at samples").  The same
displacements serve the expansion and every trial of a line search, so the search descends exactly
the function whose derivatives it was given.

Both terms are addresses of compiled functions with the signatures

    value(x, u, data, c)
    expansion(x, u, data, c, c_x, c_u, c_xx, c_ux, c_uu)
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from codegen.model import Model
from solver.native import call, kernel, row

Array = NDArray[np.float64]


class CostTerm(NamedTuple):
    """A function of (x, u) by address, with the numbers it works on."""

    value: int
    expansion: int
    data: Array


class Objective(NamedTuple):
    """The sum above, as kernels take it."""

    alpha: float  # weight of the task cost
    task: CostTerm
    extra: CostTerm
    dX: Array  # (T, S, nx) displacements of the extra term; S = 0 switches it off
    dU: Array  # (T, S, nu)


class Expansion(NamedTuple):
    """Second-order expansion along a trajectory of T steps."""

    f_x: Array  # (T, nx, nx)
    f_u: Array  # (T, nx, nu)
    c: Array  # (T,)
    c_x: Array  # (T, nx)
    c_u: Array  # (T, nu)
    c_xx: Array  # (T, nx, nx)
    c_ux: Array  # (T, nu, nx)
    c_uu: Array  # (T, nu, nu)

    @classmethod
    def empty(cls, T: int, nx: int, nu: int) -> "Expansion":
        """NaN everywhere, so that a gap shows."""
        shapes = ((nx, nx), (nx, nu), (), (nx,), (nu,), (nx, nx), (nu, nx), (nu, nu))
        return cls(*(np.full((T, *shape), np.nan) for shape in shapes))


def task_objective(model: Model, T: int, alpha: float = 1.0) -> Objective:
    """The robot's own cost times ``alpha``."""
    task = CostTerm(model.address("cost"), model.address("cost_expansion"), np.empty(0))
    nothing = np.empty((T, 0, model.nx)), np.empty((T, 0, model.nu))
    return Objective(float(alpha), task, task, *nothing)


def with_extra(objective: Objective, extra: CostTerm, dX: Array, dU: Array) -> Objective:
    """``objective`` plus ``extra`` averaged over the displacements dX (T, S, nx), dU (T, S, nu)."""
    return objective._replace(extra=extra, dX=np.ascontiguousarray(dX), dU=np.ascontiguousarray(dU))


@kernel
def value(objective, t, x, u, x_moved, u_moved, out):
    """c_bar_t(x, u).  ``x_moved``, ``u_moved`` and ``out`` are scratch of length nx, nu and 1."""
    task, extra = objective.task, objective.extra
    call(task.value, (x.ctypes.data, u.ctypes.data, task.data.ctypes.data, out.ctypes.data))
    total = objective.alpha * out[0]
    samples = objective.dX.shape[1]
    for i in range(samples):
        _displace(x, objective.dX[t, i], x_moved)
        _displace(u, objective.dU[t, i], u_moved)
        call(
            extra.value,
            (x_moved.ctypes.data, u_moved.ctypes.data, extra.data.ctypes.data, out.ctypes.data),
        )
        total += out[0] / samples
    return total


@kernel
def _displace(base, by, out):
    for j in range(len(base)):
        out[j] = base[j] + by[j]


@kernel
def expand(step_derivatives, objective, X, U, into):
    """Fill ``into`` with the expansion along X (T+1, nx), U (T, nu)."""
    T, nu = U.shape
    nx = X.shape[1]
    task, extra = objective.task, objective.extra
    samples = objective.dX.shape[1]
    x_next, x_moved, u_moved = np.empty(nx), np.empty(nx), np.empty(nu)
    c = np.empty(1)
    c_x, c_u = np.empty(nx), np.empty(nu)
    c_xx, c_ux, c_uu = np.empty((nx, nx)), np.empty((nu, nx)), np.empty((nu, nu))
    addresses = (
        c.ctypes.data,
        c_x.ctypes.data,
        c_u.ctypes.data,
        c_xx.ctypes.data,
        c_ux.ctypes.data,
        c_uu.ctypes.data,
    )
    for t in range(T):
        call(
            step_derivatives,
            (row(X, t), row(U, t), x_next.ctypes.data, row(into.f_x, t), row(into.f_u, t)),
        )
        call(task.expansion, (row(X, t), row(U, t), task.data.ctypes.data) + addresses)
        into.c[t] = 0.0
        into.c_x[t], into.c_u[t] = 0.0, 0.0
        into.c_xx[t], into.c_ux[t], into.c_uu[t] = 0.0, 0.0, 0.0
        _add(objective.alpha, t, c, c_x, c_u, c_xx, c_ux, c_uu, into)
        for i in range(samples):
            _displace(X[t], objective.dX[t, i], x_moved)
            _displace(U[t], objective.dU[t, i], u_moved)
            call(
                extra.expansion,
                (x_moved.ctypes.data, u_moved.ctypes.data, extra.data.ctypes.data) + addresses,
            )
            _add(1.0 / samples, t, c, c_x, c_u, c_xx, c_ux, c_uu, into)


@kernel
def _add(weight, t, c, c_x, c_u, c_xx, c_ux, c_uu, into):
    """Add weight times one expansion to that of step t."""
    nx, nu = len(c_x), len(c_u)
    into.c[t] += weight * c[0]
    for i in range(nx):
        into.c_x[t, i] += weight * c_x[i]
        for j in range(nx):
            into.c_xx[t, i, j] += weight * c_xx[i, j]
    for i in range(nu):
        into.c_u[t, i] += weight * c_u[i]
        for j in range(nx):
            into.c_ux[t, i, j] += weight * c_ux[i, j]
        for j in range(nu):
            into.c_uu[t, i, j] += weight * c_uu[i, j]
