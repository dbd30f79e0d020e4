"""Iterative LQR: minimise a trajectory's cost under nonlinear dynamics and limits on the actions.

    min_U  sum_t c_t(x_t, u_t) + c_T(x_T)   subject to   x_{t+1} = f(x_t, u_t),  low <= u_t <= high

Each iteration expands dynamics and cost along the trajectory, solves the linear-quadratic problem
backwards (``backward``) and runs its feedback through the true dynamics, with the largest step size
that lowers the cost enough (``line_search``).  Regularisation grows when Q_uu is not positive
definite, when no step size is accepted and when only a short one is, and shrinks after long steps,
both at a growing rate (the rate: Tassa, Erez & Todorov, IROS 2012; the step sizes: Mastalli et al.,
Crocoddyl, ICRA 2020).

A short step shows that the quadratic model is wrong at the distance of the full step.  If
regularisation shrank after short steps as well, they would follow each other down a narrow valley,
each with hardly any decrease, until one of them looks like convergence; where in the valley depends
on rounding.

The iteration ends for one of the reasons in ``Reason``.
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
from vgps.solver.second_order import SecondOrder, Trials

Array = NDArray[np.float64]

_SHORT = 1 / 16  # after a step of at most this size regularisation grows
_LONG = 1 / 4  # after one of at least this size it shrinks, and the iteration may have converged


class Reason(StrEnum):
    """Why the iteration ended."""

    CONVERGED = "converged"  # a long step lowered the cost by less than `cost_tolerance`
    STATIONARY = "stationary"  # the expected decrease is less than `cost_tolerance`
    REGULARIZATION = "regularization"  # it passed `regularization_max`: no descent can be found
    ITERATIONS = "iterations"  # the limit was reached


def worst(reasons: Iterable[Reason]) -> Reason | None:
    """The one that tells of the least optimal trajectory; None where there are no reasons."""
    order = (Reason.STATIONARY, Reason.CONVERGED, Reason.ITERATIONS, Reason.REGULARIZATION)
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
    second_order: bool = True  # DDP; else iLQR, Gauss-Newton throughout


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
    exact = SecondOrder(model, objective) if settings.second_order else None
    trials = Trials()
    reason = Reason.ITERATIONS
    iteration = 0
    for iteration in range(1, settings.max_iterations + 1):
        regularization.raise_until_convex(expansion, U, limits, gains)
        if regularization.exhausted:
            reason = Reason.REGULARIZATION
            break
        taken, is_exact = gains, False
        settled = gains.expected_decrease < settings.cost_tolerance
        if tried := exact is not None and (trials.is_due() or settled):
            is_exact = exact.try_step(X, U, expansion, gains.V_x, regularization.value)
            taken = exact.gains if is_exact else gains
        settled = taken.expected_decrease < settings.cost_tolerance
        enough = 0.0 if exact is not None else settings.regularization_start
        if settled and regularization.value <= enough:
            reason = Reason.STATIONARY
            break
        step = search.descend(X, U, taken, cost, settings.accept)
        cost = step.cost
        if callback is not None:
            callback(Iteration(iteration, cost, step.decrease, step.size, regularization.value))
        if tried:
            trials.succeeded() if is_exact and step.size >= _LONG else trials.failed()
        if not step.size:
            if settled:
                reason = Reason.STATIONARY
                break
            regularization.grow()
            continue
        expand(linearize, objective, X, U, expansion)
        if step.size <= _SHORT:
            regularization.grow()
        elif step.size >= _LONG:
            final = regularization.value == 0.0 and tried and (step.size == 1.0 or not is_exact)
            regularization.shrink()
            if step.decrease < settings.cost_tolerance:
                if final or exact is None:
                    reason = Reason.CONVERGED
                    break
                trials.succeeded()

    regularization = _Regularization(model, settings._replace(regularization_start=0.0))
    regularization.raise_until_convex(expansion, U, limits, gains)
    if regularization.exhausted:
        raise FloatingPointError(
            f"Q_uu is not positive definite at step {regularization.concave} under any "
            "regularisation: the cost must curve upwards in the actions, as 1e-3*sum(u**2) does"
        )
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
