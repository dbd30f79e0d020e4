"""All that a program elsewhere has to know to act by a policy."""

from typing import NamedTuple

import numpy as np

from vgps.codegen.description.identity import identity
from vgps.codegen.model import Model
from vgps.policy.gaussian import Policy

EQUATION = "u = W2 softplus(W1 o + b1) + b2, softplus(z) = log(1 + exp(z))"


class Card(NamedTuple):
    """A policy, and what its numbers mean.

    robot      name of the robot
    mechanics  the robot's identity, a hash of its mechanics and its dt
    dt         s, for which an action is constant
    sees       the names of its inputs: coordinates of the state, or expressions of it
    units      of its inputs, empty for expressions
    acts       names of the actions
    u_units    of the actions
    low        least actions, to which the robot cuts what the policy asks for
    high       largest actions
    """

    robot: str
    mechanics: str
    dt: float
    sees: tuple[str, ...]
    units: tuple[str, ...]
    acts: tuple[str, ...]
    u_units: tuple[str, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    policy: Policy


def card(model: Model, policy: Policy) -> Card:
    """That of a policy of this robot."""
    robot, texts = model.robot, policy.observation.texts
    seen = [model.x_names[i] for i in policy.observation.indices] if not texts else list(texts)
    units = {} if texts else dict(zip(model.x_names, robot.x_units, strict=True))
    low, high = np.asarray(model.limits).tolist()
    return Card(
        robot=robot.name,
        mechanics=identity(robot),
        dt=model.dt,
        sees=tuple(seen),
        units=tuple(units.get(name, "") for name in seen),
        acts=robot.u_names,
        u_units=robot.u_units,
        low=tuple(low),
        high=tuple(high),
        policy=policy,
    )
