"""What a task costs whose horizon is not the end of everything, to compare policies with.

The initial DDP trajectory need not survive its last step, and a policy that goes on has to: a
walker's saves some 17 % by letting itself fall.  The same optimisation over a longer horizon pays
for its end later, so that its cost over the first T steps is a fair measure of a policy's.
"""

import math

import numpy as np

from vgps.codegen.model import Model
from vgps.solver.optimize import optimize

LONGER = 1.5  # horizons
_known: dict[tuple[str, str, int], float | None] = {}  # a worker meets a robot and seed repeatedly


def longer_ddp_cost(model: Model, seed: int) -> float | None:
    """Cost over the task's T steps of a trajectory optimised over LONGER T, from the task's start.

    The mean over the task's initial states; None for a task that ends with its horizon, or where
    the optimisation stops being finite.

    Args:
        model: the robot.
        seed: of the noise that the actions start from, if they do.
    """
    robot = model.robot
    if robot.task.ends:
        return None
    key = robot.text, repr(robot.overrides), 0 if robot.task.start.gait else seed
    if key not in _known:
        _known[key] = _optimized(model, seed)
    return _known[key]


def _optimized(model: Model, seed: int) -> float | None:
    T, rng = model.robot.task.horizon, np.random.default_rng(seed)
    costs = []
    for initial in range(len(model.x0s)):
        try:
            X, U, *_ = optimize(model, rng=rng, initial=initial, horizon=math.ceil(LONGER * T))
        except FloatingPointError:
            return None
        costs.append(model.cost(X[: T + 1], U[:T]).sum())
    return float(np.mean(costs))
