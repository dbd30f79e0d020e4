"""Iterative LQR: minimise a trajectory's cost under nonlinear dynamics and box limits on the actions.

    min_U  sum_t c_t(x_t, u_t)   subject to   x_{t+1} = f(x_t, u_t),  |u_t| <= limits

Each iteration expands dynamics and cost along the trajectory, solves the linear-quadratic problem
backwards (``backward``) and follows its feedback through the true dynamics as far as that pays
(``line_search``).  Regularisation grows when Q_uu is not positive definite, when no step size is
accepted and when only a short one is, and shrinks after long steps, both at a growing rate (the rate:
Tassa, Erez & Todorov, IROS 2012; the step sizes: Mastalli et al., Crocoddyl, ICRA 2020).

A short step is one that the quadratic model did not foresee.  If such steps let mu shrink, they follow
each other down a narrow valley, each gaining next to nothing, until the iteration takes that for its
end; where in the valley depends on rounding.

The iteration ends for one of the reasons in ``Reason``.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.model import Model
from vgps.solver.backward import Gains, backward
from vgps.solver.line_search import LineSearch
from vgps.solver.objective import Expansion, Objective, expand
from vgps.solver.rollout import roll_out

Array = NDArray[np.float64]

_SHORT = 1 / 16  # up to this size of a step mu grows
_LONG = 1 / 4  # from this size on it shrinks, and the step may be the last


class Reason(StrEnum):
    CONVERGED = "converged"  # a long step lowered the cost by less than `cost_tolerance`
    STATIONARY = "stationary"  # the model expects no decrease larger than `cost_tolerance`
    REGULARIZATION = "regularization"  # mu passed `mu_max`: no descent can be found
    ITERATIONS = "iterations"  # the limit was reached


class Settings(NamedTuple):
    max_iterations: int = 500
    cost_tolerance: float = 1e-6  # absolute, in units of the objective
    accept: float = 1e-4  # share of the expected decrease that a step must achieve
    mu_start: float = 1.0
    mu_min: float = 1e-6  # below this, regularisation is switched off
    mu_max: float = 1e10
    mu_factor: float = 2.0


class Iteration(NamedTuple):
    """What a callback receives after each iteration."""

    iteration: int
    cost: float
    decrease: float  # achieved; 0 where no step was accepted
    step_size: float  # 0 where no step was accepted
    mu: float


class Solution(NamedTuple):
    X: Array  # (T+1, nx)
    U: Array  # (T, nu)
    gains: Gains  # of the final trajectory
    expansion: Expansion  # about the final trajectory
    cost: float
    mu: float  # regularisation that the final gains needed; 0 where Q_uu is positive definite
    iterations: int
    reason: Reason


def ilqr(
    model: Model,
    objective: Objective,
    x0: Array,
    U: Array,
    settings: Settings = Settings(),
    callback: Callable[[Iteration], None] | None = None,
) -> Solution:
    """Locally optimal trajectory from ``x0`` (nx,), starting at the actions ``U`` (T, nu).

    Raises FloatingPointError where the initial rollout diverges, derivatives are not finite, or no
    regularisation makes the problem convex.
    """
    T, nu, nx = objective.T, model.nu, model.nx
    for name, array, shape in (("x0", x0, (nx,)), ("U", U, (T, nu))):
        if np.shape(array) != shape:
            raise ValueError(f"{name} must have shape {shape}, found {np.shape(array)}")
    linearize, steps_back = model.address("linearize"), model.address("backward")
    limits = model.limits
    expansion, gains = Expansion.empty(T, nx, nu), Gains.zeros(T, nx, nu)
    search = LineSearch(model, objective)
    X, U, cost = roll_out(model, objective, x0, U)
    if not np.isfinite(cost):
        raise FloatingPointError(
            "the initial actions drive the robot to a state that is not finite"
        )
    expand(linearize, objective, X, U, expansion)

    schedule = _Schedule(steps_back, settings)
    reason = Reason.ITERATIONS
    iteration = 0
    for iteration in range(1, settings.max_iterations + 1):
        schedule.raise_until_convex(expansion, U, limits, gains)
        if schedule.exhausted:
            reason = Reason.REGULARIZATION
            break
        linear, quadratic = gains.expected
        if -(linear + quadratic) < settings.cost_tolerance and schedule.mu <= settings.mu_start:
            reason = Reason.STATIONARY
            break
        step = search.descend(X, U, gains, cost, settings.accept)
        cost = step.cost
        if callback is not None:
            callback(Iteration(iteration, cost, step.decrease, step.size, schedule.mu))
        if not step.size:
            schedule.grow()
            continue
        expand(linearize, objective, X, U, expansion)
        if step.size <= _SHORT:
            schedule.grow()
        elif step.size >= _LONG:
            schedule.shrink()
            if step.decrease < settings.cost_tolerance:
                reason = Reason.CONVERGED
                break

    schedule = _Schedule(steps_back, settings._replace(mu_start=0.0))
    schedule.raise_until_convex(expansion, U, limits, gains)
    if schedule.exhausted:
        raise FloatingPointError("Q_uu is not positive definite under any regularisation")
    return Solution(X, U, gains, expansion, cost, schedule.mu, iteration, reason)


class _Schedule:
    """Regularisation mu with Tassa's quadratic growth and decay."""

    def __init__(self, steps_back: int, settings: Settings):
        self.steps_back, self.settings = steps_back, settings
        self.mu, self.rate = settings.mu_start, 1.0

    @property
    def exhausted(self) -> bool:
        return self.mu > self.settings.mu_max

    def grow(self) -> None:
        s = self.settings
        self.rate = max(s.mu_factor, self.rate * s.mu_factor)
        self.mu = max(s.mu_min, self.mu * self.rate)

    def shrink(self) -> None:
        s = self.settings
        self.rate = min(1.0 / s.mu_factor, self.rate / s.mu_factor)
        self.mu = self.mu * self.rate if self.mu * self.rate > s.mu_min else 0.0

    def raise_until_convex(
        self, expansion: Expansion, U: Array, limits: Array, gains: Gains
    ) -> None:
        """Fill ``gains`` under the smallest mu of the schedule that lets the backward pass through."""
        while not self.exhausted:
            if backward(self.steps_back, expansion, U, limits, self.mu, gains) < 0:
                break
            self.grow()
        if self.exhausted or not np.isfinite(gains.expected).all():
            _require_finite(expansion)


def _require_finite(expansion: Expansion) -> None:
    finite = [np.isfinite(part).reshape(len(part), -1).all(axis=1) for part in expansion]
    steps = np.flatnonzero(~np.all(finite, axis=0))
    if steps.size:
        raise FloatingPointError(
            f"the derivatives of the dynamics or of the cost are not finite at step {steps[0]}"
        )
