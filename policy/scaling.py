"""Standard units for fitting: inputs and outputs of the network with mean 0 and deviation 1.

Positions, rates and torques differ by orders of magnitude, and a quasi-Newton method that starts in
raw units spends its iterations on finding these out.  A policy in raw units and one in standard
units are the same function; the weights take in the scaling:

    W1 = W1' / s    b1 = b1' - W1 m    W2 = a W2'    b2 = a b2'    sigma = a sigma'
"""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.policy.gaussian import Policy

Array = NDArray[np.float64]

_ROUNDING = 1e-13  # deviation of equal numbers, as a share of them


class Scaling(NamedTuple):
    """Standard units of what is observed and of actions, in raw units."""

    mean: Array  # (n_in,) m
    scale: Array  # (n_in,) s
    action: Array  # (nu,) a

    @classmethod
    def of(cls, inputs: Array, actions: Array) -> "Scaling":
        """Units from samples (N, n_in), (N, nu); a number that does not vary keeps its own."""
        return cls(inputs.mean(axis=0), _deviation(inputs), _deviation(actions))

    def inputs(self, raw: Array) -> Array:
        """What is observed (N, n_in) in standard units."""
        return (raw - self.mean) / self.scale

    def to_standard(self, policy: Policy) -> Array:
        """theta of ``policy`` in standard units."""
        standard = replace(
            policy,
            W1=policy.W1 * self.scale,
            b1=policy.b1 + policy.W1 @ self.mean,
            W2=policy.W2 / self.action[:, None],
            b2=policy.b2 / self.action,
            log_sigma=policy.log_sigma - np.log(self.action),
        )
        return standard.theta

    def to_raw(self, policy: Policy, theta: Array) -> Policy:
        """The policy of this ``theta`` in standard units; it observes what ``policy`` does.

        Raises:
            FloatingPointError: when a weight is too large in raw units.
        """
        standard = policy.with_theta(theta)
        with np.errstate(over="ignore", invalid="ignore"):
            W1 = standard.W1 / self.scale
            weights: dict[str, Any] = {
                "W1": W1,
                "b1": standard.b1 - W1 @ self.mean,
                "W2": standard.W2 * self.action[:, None],
                "b2": standard.b2 * self.action,
                "log_sigma": standard.log_sigma + np.log(self.action),
            }
        for name, weight in weights.items():
            if not np.isfinite(weight).all():
                raise FloatingPointError(f"{name} of the fitted policy is not finite in raw units")
        return replace(policy, **weights)


def _deviation(samples: Array) -> Array:
    """(n,) of samples (N, n); 1 where they are all the same up to rounding.

    Raises:
        FloatingPointError: where they are too large to be squared.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        deviation = samples.std(axis=0)
    if not np.isfinite(deviation).all():
        raise FloatingPointError("states or actions to learn from are too large to be squared")
    return np.where(deviation > _ROUNDING * abs(samples).max(axis=0), deviation, 1.0)
