"""Second derivatives of the dynamics in the backward pass: what makes DDP of iLQR.

    Q_zz += V_x' . f_zz + alpha (c_zz - its Gauss-Newton part),     z = (x, u)

(Jacobson & Mayne 1970).  V_x' comes from a Gauss-Newton pass about the same trajectory, so that all
steps are evaluated side by side in SIMD lanes; at an optimum the V_x' of both passes are the same,
and there the iteration converges quadratically.

Far from an optimum the exact Hessian is often not convex, or right only very near the trajectory.
So its step is tried, and taken where Q_uu is positive definite at every step under the present
regularisation; else the Gauss-Newton step is.  A trial costs more than the rest of an iteration:
after one that is refused, or that leads to a short step only, there is a pause of 1, 2, 4, at last
8 iterations.  But nothing is called optimal without a trial.
"""

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.model import Model
from vgps.solver.backward import Gains, backward
from vgps.solver.native import call, kernel, row
from vgps.solver.objective import Expansion, Objective

Array = NDArray[np.float64]

_LONGEST_PAUSE = 8  # iterations


class SecondOrder:
    """Steps with the exact Hessian, for one objective, and when they are tried.

    was_conclusive   whether the last step, where it gained little, says that there is no more to
                     gain: without regularisation one with the exact Hessian was tried, and was
                     refused or taken in full; always, where none is ever tried
    """

    def __init__(self, model: Model, objective: Objective, enabled: bool) -> None:
        """``enabled``: whether they are ever tried."""
        self.objective, self.enabled = objective, enabled
        self.hessians = model.address("step_hessians")
        self.steps_back = model.address("backward")
        self.limits = model.limits
        T, nx, nu = objective.T, model.nx, model.nu
        self.gains = Gains.zeros(T, nx, nu)
        self.P = np.empty((T, nx))
        self.H = np.empty((T, nx + nu, nx + nu))
        self.tried = self.taken = self.was_conclusive = False  # in this iteration
        self.regularization = 0.0  # of it
        self.pause = 0  # iterations after the last trial; 0 where it succeeded
        self.left = 0  # of this pause

    def step(
        self,
        X: Array,
        U: Array,
        expansion: Expansion,
        gains: Gains,
        regularization: float,
        tolerance: float,
    ) -> Gains:
        """The gains of this iteration's step: exact ones where they are tried and convex.

        Args:
            X: (T+1, nx) states.
            U: (T, nu) actions.
            expansion: about them, Gauss-Newton.
            gains: of the backward pass of that expansion.
            regularization: under which they were computed.
            tolerance: a smaller decrease than this is none.
        """
        self.regularization = regularization
        due = self.left == 0 or gains.expected_decrease < tolerance
        self.tried = self.enabled and due
        self.left = max(self.left - 1, 0)
        self.taken = self.tried and self._fill(X, U, expansion, gains.V_x, regularization)
        return self.gains if self.taken else gains

    def heed(self, size: float, is_long: bool) -> None:
        """Learn how far this iteration's step went."""
        whole = self.tried and self.regularization == 0.0 and (size == 1.0 or not self.taken)
        self.was_conclusive = whole or not self.enabled
        if self.tried:
            longer = min(max(1, 2 * self.pause), _LONGEST_PAUSE)
            self.left = self.pause = 0 if self.taken and is_long else longer

    def insist(self) -> None:
        """Try in the next iteration."""
        self.left = 0

    def _fill(
        self, X: Array, U: Array, expansion: Expansion, V_x: Array, regularization: float
    ) -> bool:
        """Fill ``gains``; whether they are those of a convex problem."""
        nx = V_x.shape[1]
        self.P[:-1], self.P[-1] = V_x[1:], expansion.final_x
        final = np.zeros((nx, nx))
        left_out(self.hessians, self.objective, X, U, self.P, self.H, final)
        exact = expansion._replace(
            c_xx=expansion.c_xx + self.H[:, :nx, :nx],
            c_ux=expansion.c_ux + self.H[:, nx:, :nx],
            c_uu=expansion.c_uu + self.H[:, nx:, nx:],
            final_xx=expansion.final_xx + final,
        )
        concave = backward(self.steps_back, exact, U, self.limits, regularization, self.gains)
        return concave < 0 and self.gains.expected_decrease > 0.0


@kernel
def left_out(
    hessians: int, objective: Objective, X: Array, U: Array, P: Array, H: Array, final: Array
) -> None:
    """Fill in what Gauss-Newton leaves out of the Hessians along X (T+1, nx), U (T, nu).

    Args:
        hessians: address of the robot's compiled ``step_hessians``.
        objective: whose task's cost counts, its extra term not.
        X: (T+1, nx) states.
        U: (T, nu) actions.
        P: (T, nx) multipliers of the state after each step, V_x'.
        H: (T, nz, nz) by z = (x, u), filled.
        final: (nx, nx) of the final cost, filled.
    """
    T, task = len(U), objective.task
    of_cost = np.empty(H.shape)
    if len(task.times):
        call(task.curvature, (T, row(X, 0), row(U, 0), row(task.times, 0), row(of_cost, 0)))
    else:
        call(task.curvature, (T, row(X, 0), row(U, 0), row(of_cost, 0)))
    call(hessians, (T, row(X, 0), row(U, 0), row(P, 0), row(H, 0)))
    _add(objective.alpha, of_cost, H)
    final[:] = 0.0
    if task.final_value:
        of_final = np.empty(final.shape)
        if len(task.times):
            call(task.final_curvature, (row(X, T), row(task.times, T), row(of_final, 0)))
        else:
            call(task.final_curvature, (row(X, T), row(of_final, 0)))
        _add(objective.alpha, of_final, final)


@kernel
def _add(factor: float, terms: Array, sums: Array) -> None:
    """sums += factor terms."""
    added, totals = terms.reshape(-1), sums.reshape(-1)
    for i in range(len(added)):
        totals[i] += factor * added[i]
