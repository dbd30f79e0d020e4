"""L-BFGS (Nocedal & Wright, Numerical Optimization, 2nd ed., section 7.2).

The direction is -H g, where H is the inverse Hessian that BFGS would have built from the last m
pairs of steps s and gradient changes y. It is never formed: two loops over the pairs apply it.
How far to go along it is decided by the line search (`policy.optimizers.wolfe`).

Of an ill-conditioned Hessian m pairs tell little.  Who knows about what it is gives a basis B in
which it is about the identity: BFGS then begins with the inverse Hessian H_0 = B B^T.
"""

import math
from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vgps.policy.optimizers import ValueAndGradient
from vgps.policy.optimizers.wolfe import Trial, strong_wolfe
from vgps.solver.native import kernel

Array = NDArray[np.float64]
Reason = Literal["gradient", "value", "iterations", "stalled"]

_EPSILON = float(np.finfo(float).eps)


class Result(NamedTuple):
    """Where `minimize` ended, and why."""

    x: Array  # (n,)
    value: float
    gradient: Array  # (n,)
    iterations: int  # accepted steps
    evaluations: int  # of the objective, with the one at the start
    reason: Reason  # see `minimize`


# Trial steps may overflow the objective; the line search sees that in the value.
@np.errstate(over="ignore", invalid="ignore")
def minimize(
    objective: ValueAndGradient,
    x0: ArrayLike,
    max_iterations: int = 200,
    gradient_tolerance: float = 1e-6,
    value_tolerance: float = 1e-10,
    history_size: int = 10,
    basis: Array | None = None,
) -> Result:
    """Minimise a smooth function, without bounds.

    It stops, and says so in `Result.reason`, at the first of these:

    - "gradient": no entry of the gradient exceeds `gradient_tolerance` in magnitude.
    - "value": the last step lowered the value by at most `value_tolerance`, in its own units.
      (A tolerance relative to the value would depend on constants that a log-density carries.)
    - "iterations": `max_iterations` steps were taken.
    - "stalled": no step lowers the value any more, not even along the gradient, because what is
      left to gain is below the rounding error of the value.

    A step after which value or gradient is not finite is too long, and a shorter one is tried.

    Args:
        objective: what is minimised; its gradient must be a new array at each call, as earlier ones
            are kept.
        x0: (n,) where to start.
        max_iterations: limit on accepted steps.
        gradient_tolerance: see above.
        value_tolerance: see above.
        history_size: number of pairs m.
        basis: (n, n) B, in whose units the problem is well conditioned.  The first step tried is
            -B B^T g; without a basis it is along -g and of length 1.

    Raises:
        FloatingPointError: when x0, or the value or gradient there, is not finite.
        ValueError: when x0 is not a vector, or the gradient is not shaped like it.
    """
    x = np.array(x0, dtype=float)
    if x.ndim != 1:
        raise ValueError(f"x0 must be a vector, not of shape {x.shape}")
    value, gradient = objective(x)
    if gradient.shape != x.shape:
        raise ValueError(f"the gradient has shape {gradient.shape}, x0 {x.shape}")
    for name, array in (("x0", x), ("the value at x0", value), ("the gradient at x0", gradient)):
        if not np.isfinite(array).all():
            raise FloatingPointError(f"{name} is not finite, where L-BFGS starts")

    reason: Reason
    value = float(value)
    pairs = Pairs(history_size, x.size, basis)
    iterations, evaluations = 0, 1
    lowered = math.inf
    while True:
        if abs(gradient).max() <= gradient_tolerance:
            reason = "gradient"
            break
        if lowered <= value_tolerance:
            reason = "value"
            break
        if iterations == max_iterations:
            reason = "iterations"
            break

        direction = pairs.direction(gradient)  # (n,)
        slope = float(gradient.dot(direction))
        if abs(slope) <= _EPSILON * abs(value):
            reason = "stalled"
            break
        accepted = None
        if slope < 0.0:  # always, except for rounding errors of ill-conditioned pairs
            phi = _along(objective, x, direction)
            accepted, used = strong_wolfe(phi, Trial(0.0, value, slope), first_step=1.0)
            evaluations += used
        if accepted is None:
            if pairs.count == 0:
                reason = "stalled"
                break
            pairs.clear()
            continue

        new_x, new_gradient = accepted.payload
        pairs.store(new_x - x, new_gradient - gradient)
        lowered = value - accepted.value
        x, value, gradient = new_x, accepted.value, new_gradient
        iterations += 1
    return Result(x, value, gradient, iterations, evaluations, reason)


def _along(objective: ValueAndGradient, x: Array, direction: Array) -> Callable[[float], Trial]:
    """The objective as a function of the step alone, for the line search."""

    def phi(step: float) -> Trial:
        trial_x = x + step * direction
        value, gradient = objective(trial_x)
        return Trial(step, float(value), float(gradient.dot(direction)), (trial_x, gradient))

    return phi


class Pairs:
    """The last m pairs s = x' - x, y = g' - g in ring buffers, and the product -H g with them."""

    def __init__(self, m: int, n: int, basis: Array | None = None):
        self._S = np.empty((m, n))  # (m, n)
        self._Y = np.empty((m, n))  # (m, n)
        self._rho = np.empty(m)  # (m,), 1 / s.y
        self._basis = basis  # (n, n) B; the identity if absent
        self._scale = 0.0  # gamma of the initial H, gamma B B^T, eq. 7.20
        self._newest = -1
        self.count = 0

    def clear(self) -> None:
        """Forget all pairs: the next direction is that of steepest descent, in the basis."""
        self.count = 0

    def store(self, s: Array, y: Array) -> None:
        """Store a pair, in place of the oldest when there are m already.

        A pair without curvature, s.y <= 0 up to rounding, would make H indefinite and is left out.
        """
        sy = float(s.dot(y))
        if not sy > _EPSILON * math.sqrt(float(s.dot(s)) * float(y.dot(y))):
            return
        m = len(self._rho)
        self._newest = (self._newest + 1) % m
        self._S[self._newest] = s
        self._Y[self._newest] = y
        self._rho[self._newest] = 1.0 / sy
        self._scale = sy / float(y.dot(self._initial(y)))
        self.count = min(self.count + 1, m)

    def direction(self, gradient: Array) -> Array:
        """-H g (n,) by the two-loop recursion (alg. 7.4).

        Without a pair it is -B B^T g, or -g / |g| when there is no basis.
        """
        if self.count:
            q, alpha = -gradient, np.empty(len(self._rho))
            _to_oldest(self._S, self._Y, self._rho, self._newest, self.count, alpha, q)
            q = self._scale * self._initial(q)
            _to_newest(self._S, self._Y, self._rho, self._newest, self.count, alpha, q)
            return q
        if self._basis is not None:
            return -self._initial(gradient)
        return gradient / -math.sqrt(float(gradient.dot(gradient)))

    def _initial(self, vector: Array) -> Array:
        """B B^T times a vector (n,)."""
        return vector if self._basis is None else self._basis @ (vector @ self._basis)


# In NumPy the calls of the two loops would cost ten times as much as their arithmetic.
@kernel
def _to_oldest(
    S: Array, Y: Array, rho: Array, newest: int, count: int, alpha: Array, q: Array
) -> None:
    """The first loop: alpha (m,) and q (n,), which it changes."""
    for age in range(count):
        i = (newest - age) % len(rho)
        alpha[i] = rho[i] * _dot(S[i], q)
        _add_multiple(q, -alpha[i], Y[i])


@kernel
def _to_newest(
    S: Array, Y: Array, rho: Array, newest: int, count: int, alpha: Array, q: Array
) -> None:
    """The second loop, on q (n,)."""
    for age in range(count - 1, -1, -1):
        i = (newest - age) % len(rho)
        _add_multiple(q, alpha[i] - rho[i] * _dot(Y[i], q), S[i])


@kernel
def _dot(a: Array, b: Array) -> float:
    total = 0.0
    for i in range(len(a)):
        total += a[i] * b[i]
    return total


@kernel
def _add_multiple(a: Array, factor: float, b: Array) -> None:
    for i in range(len(a)):
        a[i] += factor * b[i]
