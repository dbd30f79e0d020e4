"""The methods that search for a policy, by the names that the command line knows.

A method is a function from state to state.  Everything that its next iteration depends on is in the
state and the random generator, so that a run can stop anywhere and continue to the same bits.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from codegen.model import Model
from policy import vgps
from policy.vgps import Record, State, VGPSSettings
from solver.ilqr import Solution


class Method(NamedTuple):
    """What the driver of a run needs; all methods start from the same initial DDP solution."""

    start: Callable[[Model, Solution], State]
    iterate: Callable[[Model, VGPSSettings, State, np.random.Generator], tuple[State, Record]]


METHODS = {"vgps": Method(vgps.start, vgps.iterate)}
