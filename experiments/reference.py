"""What a task costs whose horizon is not the end of everything, to compare policies with.

The initial DDP trajectory need not survive its last step, and a policy that goes on has to: a
walker's saves some 17 % by letting itself fall.  The same optimisation over a longer horizon pays
for its end later, so that its cost over the first T steps is a fair measure of a policy's.
"""

import math

import numpy as np

from vgps.codegen.model import Model
from vgps.experiments.initial import watched_trajectories
from vgps.policy.search import search_settings
from vgps.policy.settings import RunSettings

LONGER = 1.5  # horizons


def longer_ddp_cost(model: Model, seed: int) -> float | None:
    """Cost over the task's T steps of trajectories optimised over LONGER T, as those of a run are.

    The mean over the task's initial states; None for a task that ends with its horizon, or where
    the optimisation stops being finite.

    Args:
        model: the robot.
        seed: of the noise that the actions start from, if they do.
    """
    if model.robot.task.ends:
        return None
    settings = search_settings(RunSettings(), model.robot)
    T, start = settings.horizon, model.robot.task.start
    if start is not None and start.gait:  # nothing that is drawn matters, and one will do for all
        seed = 0
    longer = settings._replace(horizon=math.ceil(LONGER * T))
    try:
        solutions, _ = watched_trajectories(model, longer, np.random.default_rng(seed))
    except FloatingPointError:
        return None
    return float(np.mean([model.cost(one.X[: T + 1], one.U[:T]).sum() for one in solutions]))
