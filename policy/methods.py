"""The methods that search for a policy, by the names that the command line knows.

All have the frame of Algorithm 1 (`policy.search`): the same initial DDP solution, a policy that
first imitates it, then outer iterations that improve the policy (line 4) and, in the methods that
adapt, optimise the trajectory against it (lines 5 and 6).  They differ in how they improve.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from vgps.codegen.model import Model
from vgps.policy import cost_weighted, dagger, gps, vgps
from vgps.policy.state import Improvement, SearchSettings, SearchState


class Method(NamedTuple):
    """How a method fills the frame."""

    improve: Callable[[Model, SearchSettings, SearchState, np.random.Generator], Improvement]
    adapts: bool = False  # optimises q against each new policy
    samples: bool = True  # runs its policy to learn from it
    memory: type | None = None  # of SearchState.memory


METHODS = {
    "vgps": Method(vgps.improve, adapts=True, samples=False),
    "gps": Method(gps.improve, memory=gps.Memory),
    "adapted-gps": Method(gps.improve_adapted, adapts=True, memory=gps.Memory),
    "dagger": Method(dagger.improve, memory=dagger.Memory),
    "weighted-dagger": Method(dagger.improve_weighted, memory=dagger.Memory),
    "adapted-dagger": Method(dagger.improve_adapted, adapts=True, memory=dagger.Memory),
    "cost-weighted": Method(cost_weighted.improve),
}
