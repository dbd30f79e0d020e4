"""The methods that search for a policy, by the names that the command line knows.

All have the frame of Algorithm 1 (`policy.search`): the same initial DDP solutions, a policy that
first imitates them, then outer iterations that improve the policy (line 4) and, in the methods that
adapt, optimise the trajectories against it (lines 5 and 6).  They differ in how they improve.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from vgps.codegen.model import Model
from vgps.policy import cost_weighted, dagger, gps, sample_set, vgps
from vgps.policy.choices import Oracle
from vgps.policy.state import Improvement, Memory, SearchSettings, SearchState, imitate
from vgps.solver.distribution import TrajectoryDistribution

Begin = Callable[
    [Model, SearchSettings, Sequence[TrajectoryDistribution], np.random.Generator], Improvement
]
Improve = Callable[[Model, SearchSettings, SearchState, np.random.Generator], Improvement]


class Method(NamedTuple):
    """What a method does in the frame."""

    begin: Begin  # the first policy
    improve: Improve  # the next policy
    adapts: bool = False  # optimises q against each new policy
    samples: bool = True  # runs its policy to learn from it
    memory: Memory | None = None  # what SearchState.memory holds
    oracle: Oracle | None = None  # how it acts unless a run asks for another; None: there is none
    several: bool = True  # learns from several initial states
    package: str | None = None  # that brings it (`policy.plugins`); None: this one


def _dagger(weighted: bool = False, adapted: bool = False) -> Method:
    begin = partial(dagger.begin, weighted=weighted)
    improve = partial(dagger.improve, weighted=weighted)
    oracle: Oracle = "noisy" if adapted else "mean"
    return Method(begin, improve, adapts=adapted, memory=dagger.MEMORY, oracle=oracle)


METHODS = {
    "vgps": Method(vgps.begin, vgps.improve, adapts=True, samples=False),
    "gps": Method(gps.begin, gps.improve, memory=sample_set.MEMORY, several=False),
    "adapted-gps": Method(
        gps.begin, gps.improve_adapted, adapts=True, memory=sample_set.MEMORY, several=False
    ),
    "dagger": _dagger(),
    "weighted-dagger": _dagger(weighted=True),
    "adapted-dagger": _dagger(weighted=True, adapted=True),
    "cost-weighted": Method(imitate, cost_weighted.improve),
}
