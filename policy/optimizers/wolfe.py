"""A line search for the strong Wolfe conditions (Nocedal & Wright, 2nd ed., alg. 3.5 and 3.6).

Along a descent direction, phi(a) = f(x + a d), it finds a step a > 0 with

    phi(a) <= phi(0) + C1 a phi'(0)       sufficient decrease
    |phi'(a)| <= C2 |phi'(0)|             the slope has flattened

The book's two algorithms, bracketing and zoom, are one loop here, because bracketing is a zoom into
[low, infinity). The invariants are those of the book: `low` has the smallest value of all steps
with sufficient decrease, and its slope points towards `high`, so that an acceptable step lies
between.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

C1 = 1e-4
C2 = 0.9  # loose, as the book advises for quasi-Newton directions: most first trials pass
MAX_EVALUATIONS = 30


class Trial(NamedTuple):
    """phi at one step, with what else was computed there."""

    step: float  # a
    value: float  # phi(a)
    slope: float  # phi'(a)
    payload: Any = None


def strong_wolfe(
    phi: Callable[[float], Trial], start: Trial, first_step: float
) -> tuple[Trial | None, int]:
    """A step that fulfils both conditions.

    A step at which value or slope is not finite is too long, and a shorter one is tried.

    Args:
        phi: evaluates a step.
        start: step 0, finite, with a negative slope.
        first_step: the step to try first, positive.

    Returns:
        The accepted trial and the number of evaluations of phi.  There is no trial when
        MAX_EVALUATIONS found none: then differences of phi are below its rounding errors, or the
        slopes do not belong to the values.
    """
    low = before_low = start
    high = Trial(math.inf, math.inf, math.nan)
    step = first_step
    for evaluations in range(1, MAX_EVALUATIONS + 1):
        trial = phi(step)
        if not _acceptable_decrease(trial, start, low):
            high = trial
        elif abs(trial.slope) <= -C2 * start.slope:
            return trial, evaluations
        else:
            if trial.slope * (high.step - low.step) >= 0.0:
                high = low
            before_low, low = low, trial
        step = _extrapolate(before_low, low) if high.step == math.inf else _interpolate(low, high)
    return None, MAX_EVALUATIONS


def _acceptable_decrease(trial: Trial, start: Trial, low: Trial) -> bool:
    """Whether `trial` may become `low`. A NaN fails every comparison; an infinite slope may not."""
    return (
        trial.value <= start.value + C1 * trial.step * start.slope
        and trial.value < low.value
        and math.isfinite(trial.value)
        and math.isfinite(trial.slope)
    )


def _extrapolate(a: Trial, b: Trial) -> float:
    """A step beyond b, both slopes pointing there; limits of MINPACK-2 (Moré & Thuente 1994)."""
    stride = b.step - a.step
    step = _cubic_minimum(a, b)
    if not step > b.step:  # also NaN: the cubic has no minimum ahead
        return b.step + 4.0 * stride
    return min(max(step, b.step + 1.1 * stride), b.step + 4.0 * stride)


def _interpolate(a: Trial, b: Trial) -> float:
    """A step between a and b, kept off both ends so that the bracket shrinks."""
    margin = 0.1 * abs(b.step - a.step)
    left, right = min(a.step, b.step) + margin, max(a.step, b.step) - margin
    step = _cubic_minimum(a, b)
    if math.isnan(step):
        return 0.5 * (left + right)
    return min(max(step, left), right)


def _cubic_minimum(a: Trial, b: Trial) -> float:
    """Minimiser of the cubic through values and slopes at a and b; NaN without one.

    At a share x of the way from a to b its slope is

        a' (1 - x)^2 + 2 m x (1 - x) + b' x^2,     a' + m + b' = 3 (b - a) / (b.step - a.step),

    and of the two roots the one is meant at which the slope grows with the step.  Eq. 3.59 is this
    root, too, but both parts of its fraction may vanish by cancellation.
    """
    h = b.step - a.step
    if h == 0.0:  # their distance has been rounded away
        return math.nan
    m = 3.0 * (b.value - a.value) / h - a.slope - b.slope
    discriminant = m * m - a.slope * b.slope
    if not 0.0 <= discriminant < math.inf:
        return math.nan
    half, root = m - a.slope, math.copysign(math.sqrt(discriminant), h)
    leading = a.slope - 2.0 * m + b.slope
    if half * root > 0.0:
        return a.step - h * a.slope / (half + root)
    return a.step + h * (root - half) / leading if leading != 0.0 else math.nan
