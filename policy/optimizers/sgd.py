"""Stochastic gradient descent with fresh samples at every step (paper, section 5).

Samples of q cost nothing but random numbers, so every step may use its own: learning from an
infinite training set, with no set to overfit. Each coordinate is scaled by a running estimate of
its gradient's magnitude (Adam: Kingma & Ba, ICLR 2015, algorithm 1), as the gradients with respect
to weights and to log sigma differ by orders of magnitude.

The step size falls linearly to zero. The last iterates then average the noise of the gradient by
themselves, which is why the last one is the answer and no other average is taken.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vgps.policy.optimizers import ValueAndGradient

Array = NDArray[np.float64]

_BETA1 = 0.9  # decay of the gradient's running mean; the three constants are the paper's
_BETA2 = 0.999  # decay of its running mean square
_TINY = 1e-8  # keeps the scaling finite where a gradient has always been zero


class Result(NamedTuple):
    """Where `minimize` ended, and what it saw on the way."""

    x: Array  # (n,)
    values: Array  # (steps,) the objective before each step, each on samples of its own


def minimize(
    draw_objective: Callable[[np.random.Generator], ValueAndGradient],
    x0: ArrayLike,
    steps: int,
    rng: np.random.Generator,
    step_size: float = 0.01,
) -> Result:
    """Minimise the expectation of a random function.

    Args:
        draw_objective: gives the objective on fresh samples.
        x0: (n,) where to start.
        steps: number of steps, each with one evaluation of one objective.
        rng: draws the samples.
        step_size: how far each coordinate moves in the first step, in its own units.

    Raises:
        FloatingPointError: when a value or gradient is not finite, with the step at which it was.
    """
    x = np.array(x0, dtype=float)  # (n,)
    mean = np.zeros_like(x)  # (n,) running mean of the gradient
    square = np.zeros_like(x)  # (n,) running mean of its square
    values = np.empty(steps)  # (steps,)
    for t in range(steps):
        value, gradient = draw_objective(rng)(x)
        if not (np.isfinite(value) and np.isfinite(gradient).all()):
            raise FloatingPointError(
                f"value or gradient is not finite at step {t}; a smaller step size may help"
            )
        values[t] = value
        mean += (1.0 - _BETA1) * (gradient - mean)
        square += (1.0 - _BETA2) * (gradient * gradient - square)
        unbiased_mean = mean / (1.0 - _BETA1 ** (t + 1))
        unbiased_square = square / (1.0 - _BETA2 ** (t + 1))
        x -= step_size * (1.0 - t / steps) * unbiased_mean / (np.sqrt(unbiased_square) + _TINY)
    return Result(x, values)
