"""Differential dynamic programming: minimise a trajectory's cost under dynamics and limits.

    min_U  sum_t c_t(x_t, u_t) + c_T(x_T)   subject to   x_{t+1} = f(x_t, u_t),  low <= u_t <= high

Each iteration expands dynamics and cost along the trajectory, solves the quadratic problem
backwards (``backward``) and runs its feedback through the true dynamics, with the largest step size
that lowers the cost enough (``line_search``).  The expansion is that of iLQR, dynamics to first
order and cost by Gauss-Newton, or, where it can be had, exact to second order (``second_order``).
Regularisation grows when Q_uu is not positive definite, when no step size is accepted and when only
a short one is, and shrinks after long steps, both at a growing rate (the rate: Tassa, Erez &
Todorov, IROS 2012; the step sizes: Mastalli et al., Crocoddyl, ICRA 2020).

A short step shows that the quadratic model is wrong at the distance of the full step.  If
regularisation shrank after short steps as well, they would follow each other down a narrow valley,
each with hardly any decrease, until one of them looks like convergence; where in the valley depends
on rounding.

The iteration ends for one of the reasons in ``Reason``.  With second derivatives an optimum is only
what a step without regularisation hardly lowers although they were tried.
"""

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.model import Model
from vgps.solver.backward import Gains, backward
from vgps.solver.finite import require_finite, require_finite_expansion
from vgps.solver.line_search import LineSearch
from vgps.solver.objective import Expansion, Objective, expand
from vgps.solver.rollout import rollout
from vgps.solver.second_order import SecondOrder

Array = NDArray[np.float64]

_SHORT = 1 / 16  # after a step of at most this size regularisation grows
_LONG = 1 / 4  # after one of at least this size it shrinks, and the iteration may have converged
_STALLED = 10.0  # times the tolerance that the quadratic model still expects to gain


class Reason(StrEnum):
    """Why the iteration ended."""

    CONVERGED = "converged"  # a long step lowered the cost by less than `cost_tolerance`
    STALLED = "stalled"  # one did, though the gradient says that there is more to gain
    STATIONARY = "stationary"  # the expected decrease is less than `cost_tolerance`
    REGULARIZATION = "regularization"  # it passed `regularization_max`: no descent can be found
    ITERATIONS = "iterations"  # the limit was reached


def worst(reasons: Iterable[Reason]) -> Reason | None:
    """The one that tells of the least optimal trajectory; None where there are no reasons."""
    order = (
        Reason.STATIONARY,
        Reason.CONVERGED,
        Reason.STALLED,
        Reason.ITERATIONS,
        Reason.REGULARIZATION,
    )
    return max(reasons, key=order.index, default=None)


class Settings(NamedTuple):
    """Of `ilqr`."""

    max_iterations: int = 500
    cost_tolerance: float = 1e-6  # absolute, in units of the objective
    accept: float = 1e-4  # share of the expected decrease that a step must achieve
    regularization_start: float = 1.0
    regularization_min: float = 1e-6  # below this, it is switched off
    regularization_max: float = 1e10
    regularization_factor: float = 2.0  # of its rate of growth and decay
    second_order: bool = True  # DDP; else iLQR, which only Gauss-Newton steps make


DEFAULT = Settings()


class Iteration(NamedTuple):
    """What a callback receives after each iteration."""

    iteration: int
    cost: float
    decrease: float  # achieved; 0 where no step was accepted
    step_size: float  # 0 where no step was accepted
    regularization: float


class Solution(NamedTuple):
    """A locally optimal trajectory, and what the backward pass finds about it."""

    X: Array  # (T+1, nx)
    U: Array  # (T, nu)
    gains: Gains  # of the final trajectory
    expansion: Expansion  # about the final trajectory
    cost: float
    regularization: float  # that the final gains needed; 0 where Q_uu is positive definite
    iterations: int
    reason: Reason
    start: str = "given"  # what the actions were made by that it began with (`starts`)

    @property
    def gradient(self) -> float:
        """Largest derivative of the cost by an action that no limit holds, per N·m or N.

        Under the feedback of the gains: without it small changes of an early action would grow with
        every instability on the way.
        """
        free = self.gains.k != 0.0  # (T, nu)
        return float(np.abs(self.gains.Q_u[free]).max(initial=0.0))

    @property
    def largest_k(self) -> float:
        """Largest change of an action that the gains still propose, N·m or N."""
        return float(np.abs(self.gains.k).max(initial=0.0))


def ilqr(
    model: Model,
    objective: Objective,
    x0: Array,
    U: Array,
    settings: Settings = DEFAULT,
    callback: Callable[[Iteration], None] | None = None,
) -> Solution:
    """Locally optimal trajectory.

    Args:
        model: the robot.
        objective: what is minimised, over its T steps.
        x0: (nx,) initial state.
        U: (T, nu) actions to start from, N·m or N.
        settings: see `Settings`.
        callback: called after each iteration.

    Raises:
        ValueError: when x0 or U has another shape.
        FloatingPointError: when the initial rollout diverges, a derivative is not finite, or no
            regularisation makes the problem convex.
    """
    T, nu, nx = objective.T, model.nu, model.nx
    for name, array, shape in (("x0", x0, (nx,)), ("U", U, (T, nu))):
        if np.shape(array) != shape:
            raise ValueError(f"{name} must have shape {shape}, found {np.shape(array)}")
    linearize = model.address("linearize")
    limits = model.limits
    expansion, gains = Expansion.empty(T, nx, nu), Gains.zeros(T, nx, nu)
    search = LineSearch(model, objective)
    X, U, cost = rollout(model, objective, x0, U)
    if not np.isfinite(cost):
        require_finite(model, objective, X, U)
    expand(linearize, objective, X, U, expansion)

    regularization = _Regularization(model, settings)
    second_order = SecondOrder(model, objective, settings.second_order)
    at_most = 0.0 if settings.second_order else settings.regularization_start  # at an optimum
    reason = Reason.ITERATIONS
    iteration = 0
    for iteration in range(1, settings.max_iterations + 1):
        regularization.raise_until_convex(expansion, U, limits, gains)
        if regularization.exhausted:
            reason = Reason.REGULARIZATION
            break
        weight, tolerance = regularization.value, settings.cost_tolerance
        taken = second_order.step(X, U, expansion, gains, weight, tolerance)
        nothing_expected = taken.expected_decrease < tolerance
        if nothing_expected and weight <= at_most:
            reason = Reason.STATIONARY
            break
        step = search.descend(X, U, taken, cost, settings.accept)
        cost = step.cost
        if callback is not None:
            callback(Iteration(iteration, cost, step.decrease, step.size, weight))
        second_order.heed(step.size, is_long=step.size >= _LONG)
        if not step.size:
            if nothing_expected and settings.second_order:
                reason = Reason.STATIONARY
                break
            regularization.grow()
            continue
        expand(linearize, objective, X, U, expansion)
        if step.size <= _SHORT:
            regularization.grow()
        elif step.size >= _LONG:
            regularization.shrink()
            if step.decrease < tolerance:
                if second_order.was_conclusive:
                    reason = Reason.CONVERGED
                    break
                second_order.insist()

    regularization = _Regularization(model, settings._replace(regularization_start=0.0))
    regularization.raise_until_convex(expansion, U, limits, gains)
    if regularization.exhausted:
        raise FloatingPointError(
            f"Q_uu is not positive definite at step {regularization.concave} under any "
            "regularisation: the cost must curve upwards in the actions, as 1e-3*sum(u**2) does"
        )
    if reason is Reason.CONVERGED and gains.expected_decrease > _STALLED * settings.cost_tolerance:
        reason = Reason.STALLED
    return Solution(X, U, gains, expansion, cost, regularization.value, iteration, reason)


class _Regularization:
    """The weight that is added to V_xx, with Tassa's quadratic growth and decay."""

    def __init__(self, model: Model, settings: Settings):
        self.model, self.settings = model, settings
        self.steps_back = model.address("backward")
        self.value, self.rate = settings.regularization_start, 1.0
        self.concave = -1  # step at which Q_uu was last not positive definite, or -1

    @property
    def exhausted(self) -> bool:
        return self.value > self.settings.regularization_max

    def grow(self) -> None:
        factor = self.settings.regularization_factor
        self.rate = max(factor, self.rate * factor)
        self.value = max(self.settings.regularization_min, self.value * self.rate)

    def shrink(self) -> None:
        factor = self.settings.regularization_factor
        self.rate = min(1.0 / factor, self.rate / factor)
        smaller = self.value * self.rate
        self.value = smaller if smaller > self.settings.regularization_min else 0.0

    def raise_until_convex(
        self, expansion: Expansion, U: Array, limits: Array, gains: Gains
    ) -> None:
        """Fill ``gains``; the value grows until Q_uu is positive definite at every step."""
        while not self.exhausted:
            self.concave = backward(self.steps_back, expansion, U, limits, self.value, gains)
            if self.concave < 0:
                break
            self.grow()
        if self.exhausted or not np.isfinite(gains.expected).all():
            require_finite_expansion(self.model, expansion)
