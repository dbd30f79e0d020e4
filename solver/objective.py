"""What a trajectory is judged by: the annealed task cost and, optionally, one extra term.

    c_bar_t(x, u) = alpha c(x, u) + e_t(x, u)

and, after the last step, alpha times the final cost of x_T, where the task has one.

With e = -log pi_theta, averaged over displacements drawn from the marginals (``policy.cost_term``),
this is the modified cost of Levine & Koltun (2013), Algorithm 1, line 6.  The same displacements
serve the expansion and every trial of a line search, so the search descends exactly the function
whose derivatives it was given.

Both terms are addresses of compiled functions with the signatures

    task     values(T, X, U, c)                   expansion(T, X, U, c, c_x, c_u, c_xx, c_ux, c_uu)
    final    value(x, c)                         expansion(x, c, c_x, c_xx)
    extra    value(x, u, data, step_data, c)     expansion(x, u, data, step_data, c, c_x, ..., c_uu)

The task's are those of a whole trajectory, which the robot's compiled code computes in SIMD lanes,
like the derivatives of the dynamics.  Where an expression of the task names the time, they and the
final ones are handed that as well, before their results.

The Hessians of an expansion are Gauss-Newton: exact in what a cost names, which is taken linearly
in (x, u).  What this leaves out of the task's own is  curvature(T, X, U, H)  and, of the final
cost,  curvature(x, H).
"""

from typing import NamedTuple

import numpy as np
from numba import carray
from numpy.typing import NDArray

from vgps.codegen.model import Model
from vgps.solver.cores import share
from vgps.solver.native import Pointer, call, kernel, row

Array = NDArray[np.float64]

_GRAIN = 64  # steps that are expanded in one go; fewer take less time than handing them over


class TaskCost(NamedTuple):
    """The robot's own cost, as addresses of its compiled functions."""

    values: int
    expansion: int
    curvature: int
    final_value: int  # 0 where there is no final cost
    final_expansion: int
    final_curvature: int
    times: Array  # (T+1,) s, of each state; (0,) where no expression names the time


class CostTerm(NamedTuple):
    """A function of (x, u), as addresses of its value and expansion, with the numbers they read."""

    value: int
    expansion: int
    data: Array  # (m,), the same at every step
    step_data: Array  # (T, n), those of each step; (T, 0) where there are none


class Objective(NamedTuple):
    """The sum above, as kernels take it."""

    alpha: float  # weight of the task cost
    task: TaskCost
    extra: CostTerm
    has_extra: bool

    @property
    def T(self) -> int:
        """Number of steps."""
        return len(self.extra.step_data)

    def part(self, first: int, end: int) -> "Objective":
        """That of the steps from ``first`` to before ``end``."""
        times = self.task.times[first : end + 1]  # none where the task has no clock
        step_data = self.extra.step_data[first:end]
        task, extra = self.task._replace(times=times), self.extra._replace(step_data=step_data)
        return self._replace(task=task, extra=extra)


class Expansion(NamedTuple):
    """Dynamics to first and cost to second order, along a trajectory of T steps.

    The final cost is part of the last c, as of that of ``Model.cost``; its derivatives stand apart.
    """

    f_x: Array  # (T, nx, nx)
    f_u: Array  # (T, nx, nu)
    c: Array  # (T,)
    c_x: Array  # (T, nx)
    c_u: Array  # (T, nu)
    c_xx: Array  # (T, nx, nx)
    c_ux: Array  # (T, nu, nx)
    c_uu: Array  # (T, nu, nu)
    final_x: Array  # (nx,) of the final cost
    final_xx: Array  # (nx, nx)

    @classmethod
    def empty(cls, T: int, nx: int, nu: int) -> "Expansion":
        """NaN everywhere, so that a gap shows."""
        of_a_step = ((nx, nx), (nx, nu), (), (nx,), (nu,), (nx, nx), (nu, nx), (nu, nu))
        shapes = [*((T, *shape) for shape in of_a_step), (nx,), (nx, nx)]
        return cls(*(np.full(shape, np.nan) for shape in shapes))

    def part(self, first: int, end: int) -> "Expansion":
        """Views of the steps from ``first`` to before ``end``.

        Where the last is not among them, what stands for the final cost is no view.
        """
        *of_steps, final_x, final_xx = self
        if end < len(self.c):
            final_x, final_xx = np.empty_like(final_x), np.empty_like(final_xx)
        parts = (array[first:end] for array in of_steps)
        return Expansion._make([*parts, final_x, final_xx])


def task_objective(model: Model, T: int, alpha: float = 1.0, first: int = 0) -> Objective:
    """The robot's own cost times ``alpha``, over T steps from number ``first`` on."""
    described = model.robot.task
    has_final = described.final_cost is not None
    task = TaskCost(
        values=model.address("cost_batch"),
        expansion=model.address("cost_expansion_batch"),
        curvature=model.address("cost_curvature_batch"),
        final_value=model.address("final_cost") if has_final else 0,
        final_expansion=model.address("final_cost_expansion") if has_final else 0,
        final_curvature=model.address("final_cost_curvature") if has_final else 0,
        times=model.dt * (first + np.arange(T + 1.0)) if described.is_timed else np.empty(0),
    )
    nothing = CostTerm(0, 0, np.empty(0), np.empty((T, 0)))
    return Objective(float(alpha), task, nothing, False)


def with_extra(objective: Objective, extra: CostTerm) -> Objective:
    """``objective`` plus ``extra``."""
    step_data = np.ascontiguousarray(extra.step_data)
    return objective._replace(extra=extra._replace(step_data=step_data), has_extra=True)


@kernel
def cleared(
    nx: int, nu: int, c_x_: Pointer, c_u_: Pointer, c_xx_: Pointer, c_ux_: Pointer, c_uu_: Pointer
) -> tuple[Array, Array, Array, Array, Array]:
    """The derivatives that the expansion of a term fills: c_x (nx,), c_u (nu,), c_xx, c_ux, c_uu.

    They are zeros for the time being.
    """
    c_x, c_u = carray(c_x_, nx), carray(c_u_, nu)
    c_xx, c_ux, c_uu = carray(c_xx_, (nx, nx)), carray(c_ux_, (nu, nx)), carray(c_uu_, (nu, nu))
    c_x[:], c_u[:] = 0.0, 0.0
    c_xx[:], c_ux[:], c_uu[:] = 0.0, 0.0, 0.0
    return c_x, c_u, c_xx, c_ux, c_uu


@kernel
def costs(objective: Objective, X: Array, U: Array, c: Array) -> None:
    """Fill ``c`` (T,) with c_bar_t along X (T+1, nx), U (T, nu).

    The last one includes the final cost; of X (T, nx), which does not say where that step leads, it
    does not.
    """
    T, task, out = len(U), objective.task, np.empty(1)
    if len(task.times):
        call(task.values, (T, row(X, 0), row(U, 0), row(task.times, 0), row(c, 0)))
    else:
        call(task.values, (T, row(X, 0), row(U, 0), row(c, 0)))
    if task.final_value and len(X) > T:
        if len(task.times):
            call(task.final_value, (row(X, T), row(task.times, T), out.ctypes.data))
        else:
            call(task.final_value, (row(X, T), out.ctypes.data))
        c[T - 1] += out[0]
    _multiply(c, objective.alpha)
    if not objective.has_extra:
        return
    extra = objective.extra
    for t in range(T):
        inputs = row(X, t), row(U, t), extra.data.ctypes.data, row(extra.step_data, t)
        call(extra.value, inputs + (out.ctypes.data,))
        c[t] += out[0]


def expand(linearize: int, objective: Objective, X: Array, U: Array, into: Expansion) -> None:
    """Fill ``into`` with the expansion along X (T+1, nx), U (T, nu).

    ``linearize`` is the address of the robot's compiled function of this name.
    """
    T = len(U)

    def expand_part(first: int, end: int) -> None:
        states = X[first : end + (end == T)]  # where a step leads matters to the last one alone
        expand_steps(
            linearize, objective.part(first, end), states, U[first:end], into.part(first, end)
        )

    share(expand_part, T, _GRAIN)


@kernel
def expand_steps(linearize: int, objective: Objective, X: Array, U: Array, into: Expansion) -> None:
    """`expand` on one core.

    Of X (T, nx), which does not say where the last step leads, without the final cost.
    """
    T, nu = U.shape
    nx, task = X.shape[1], objective.task
    call(linearize, (T, row(X, 0), row(U, 0), row(into.f_x, 0), row(into.f_u, 0)))
    results = (
        row(into.c, 0),
        row(into.c_x, 0),
        row(into.c_u, 0),
        row(into.c_xx, 0),
        row(into.c_ux, 0),
        row(into.c_uu, 0),
    )
    if len(task.times):
        call(task.expansion, (T, row(X, 0), row(U, 0), row(task.times, 0)) + results)
    else:
        call(task.expansion, (T, row(X, 0), row(U, 0)) + results)
    _expand_final(task, X, into)
    _scale(objective.alpha, into)
    if not objective.has_extra:
        return
    extra, c = objective.extra, np.empty(1)
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
            extra.expansion,
            (row(X, t), row(U, t), extra.data.ctypes.data, row(extra.step_data, t)) + addresses,
        )
        _add(t, c, c_x, c_u, c_xx, c_ux, c_uu, into)


@kernel
def _expand_final(task: TaskCost, X: Array, into: Expansion) -> None:
    """Fill in the final cost of X[T], where the task has one and X this row."""
    T, c = len(into.c), np.empty(1)
    if not task.final_value or len(X) == T:
        into.final_x[:] = 0.0
        into.final_xx[:] = 0.0
        return
    results = c.ctypes.data, row(into.final_x, 0), row(into.final_xx, 0)
    if len(task.times):
        call(task.final_expansion, (row(X, T), row(task.times, T)) + results)
    else:
        call(task.final_expansion, (row(X, T),) + results)
    into.c[T - 1] += c[0]


@kernel
def _scale(alpha: float, into: Expansion) -> None:
    """Multiply the expansion of the cost by ``alpha``."""
    _multiply(into.c, alpha)
    _multiply(into.c_x, alpha)
    _multiply(into.c_u, alpha)
    _multiply(into.c_xx, alpha)
    _multiply(into.c_ux, alpha)
    _multiply(into.c_uu, alpha)
    _multiply(into.final_x, alpha)
    _multiply(into.final_xx, alpha)


@kernel
def _multiply(numbers: Array, factor: float) -> None:
    """``numbers`` in place.  Numba's own operators on slices cost more than the arithmetic."""
    if factor == 1.0:
        return
    flat = numbers.reshape(-1)
    for i in range(len(flat)):
        flat[i] *= factor


@kernel
def _add(
    t: int,
    c: Array,
    c_x: Array,
    c_u: Array,
    c_xx: Array,
    c_ux: Array,
    c_uu: Array,
    into: Expansion,
) -> None:
    """Add the expansion of a cost to that of step t."""
    into.c[t] += c[0]
    _increase(into.c_x, t, c_x)
    _increase(into.c_u, t, c_u)
    _increase(into.c_xx, t, c_xx)
    _increase(into.c_ux, t, c_ux)
    _increase(into.c_uu, t, c_uu)


@kernel
def _increase(sums: Array, t: int, terms: Array) -> None:
    """sums[t] += terms."""
    totals, added = sums.reshape(-1), terms.reshape(-1)
    start = t * len(added)
    for i in range(len(added)):
        totals[start + i] += added[i]
