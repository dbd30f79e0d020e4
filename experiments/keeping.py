"""A search that is stored as it goes: at most once a second, and where it ends or is stopped.

Storing waits for the disk, several times as long as an iteration of a small robot takes.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.description.robot import Robot
from vgps.experiments.checkpoint import Checkpoint, store_checkpoint, store_policy
from vgps.experiments.policies import store_thetas
from vgps.experiments.run_folder import RunFolder
from vgps.policy.gaussian import Policy

Array = NDArray[np.float64]
Keep = Callable[[Checkpoint, Policy, Sequence[Array]], None]

EVERY = 1.0  # s, at least, from one time to the next


@contextmanager
def keeping(folder: RunFolder, robot: Robot) -> Iterator[Keep]:
    """What takes each iteration's checkpoint, the policy of the run by then, and theta of each row.

    The first iteration and the last that was taken are stored, and those between them as time
    allows.  Where the process is killed, a run goes on from the last one that was stored.
    """
    due, waiting = -math.inf, None

    def keep(checkpoint: Checkpoint, policy: Policy, thetas: Sequence[Array]) -> None:
        nonlocal due, waiting
        waiting = partial(_store, folder, robot, checkpoint, policy, tuple(thetas))
        if time.monotonic() >= due:
            waiting()
            due, waiting = time.monotonic() + EVERY, None

    try:
        yield keep
    finally:
        if waiting is not None:
            waiting()


def _store(
    folder: RunFolder,
    robot: Robot,
    checkpoint: Checkpoint,
    policy: Policy,
    thetas: Sequence[Array],
) -> None:
    store_thetas(folder, robot, thetas)
    store_policy(folder, robot, policy, checkpoint.state.k)
    store_checkpoint(folder, robot, checkpoint)
