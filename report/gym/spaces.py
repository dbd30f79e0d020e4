"""What an agent may see and do: the spaces of a robot's observations and actions."""

import numpy as np
from gymnasium.spaces import Box
from numpy.typing import NDArray

from vgps.codegen.errors import InputError
from vgps.codegen.model import Model
from vgps.policy.observation import observation_of

Array = NDArray[np.float64]

DEVIATIONS = 3.0


class UnlimitedAction(InputError):
    """An action has neither limits nor a scale."""


def observation_space(model: Model) -> Box:
    """Of what the robot's policies see, which is not bounded."""
    return Box(-np.inf, np.inf, observation_of(model).indices.shape, np.float64)


def action_space(model: Model) -> Box:
    """Of the actions, in the order and the units of the robot's file.

    Where a limit is infinite, three standard deviations of the noise with which policy search
    begins stand in its place: with w u**2 in the cost, the paper's distribution over actions has
    the deviation (2 w)**-0.5.

    Raises:
        UnlimitedAction: when the cost has no such part either.
    """
    low, high = model.limits  # (nu,) each
    unlimited = np.isinf(low) | np.isinf(high)
    if unlimited.any():
        curvature = _curvature(model)  # (nu,), 2 w
        for i in np.flatnonzero(unlimited & ~(curvature > 0.0)):
            name = model.u_names[i]
            raise UnlimitedAction(
                f"{name}.u of {model.robot.name} has no limits, and the cost does not grow with "
                "its square, so that nothing says how large it may be: give it limits"
            )
        reach = DEVIATIONS / np.sqrt(np.where(unlimited, curvature, 1.0))
        low, high = np.maximum(low, -reach), np.minimum(high, reach)
    return Box(low, high, dtype=np.float64)


def _curvature(model: Model) -> Array:
    """Second differences (nu,) of the cost by each action, at the first initial state."""
    aside = np.eye(model.nu)
    U = np.concatenate([np.zeros((1, model.nu)), aside, -aside])  # (1 + 2 nu, nu)
    X = np.tile(model.x0, (len(U), 1))
    at_rest, *others = model.costs(X, U, np.zeros(len(U)))
    above, below = np.reshape(others, (2, model.nu))
    return above + below - 2.0 * at_rest
