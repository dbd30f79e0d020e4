"""The methods that search for a policy, by the names that the command line knows.

All have the frame of Algorithm 1 (Levine & Koltun 2013): the same initial DDP solution, a policy
that first imitates it, then outer iterations that improve the policy (line 4) and, in the methods
that adapt, optimise the trajectory against it (lines 5 and 6).  They differ in how they improve.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from vgps.codegen.model import Model
from vgps.policy import cost_weighted, dagger, gps, vgps
from vgps.policy.search import Record, SearchSettings, State, Step, annealed, distribution


class Method(NamedTuple):
    improve: Callable[[Model, SearchSettings, State, np.random.Generator], Step]
    adapts: bool = False  # optimises q against each new policy
    samples: bool = True  # runs its policy to learn from it
    memory: type | None = None  # of State.memory

    def iterate(
        self, model: Model, settings: SearchSettings, state: State, rng: np.random.Generator
    ) -> tuple[State, Record]:
        """One outer iteration."""
        started = time.perf_counter()
        k = state.k + 1
        alpha = annealed(settings, k)
        fitted, memory, rollouts = self.improve(model, settings, state, rng)
        q, ddp_iterations = state.q, 0
        if self.adapts:
            solution = vgps.adapt(model, settings, fitted.policy, q, alpha, rng)
            q, ddp_iterations = distribution(model, solution), solution.iterations
        new = State(k, fitted.policy, q, memory, state.rollouts + rollouts)
        record = Record(
            iteration=k,
            alpha=alpha,
            bound=fitted.value,
            evaluations=fitted.evaluations,
            ddp_cost=float(model.cost(q.X, q.U).sum()),
            ddp_iterations=ddp_iterations,
            seconds=time.perf_counter() - started,
            rollouts=new.rollouts,
        )
        return new, record


METHODS = {
    "vgps": Method(vgps.improve, adapts=True, samples=False),
    "gps": Method(gps.improve, memory=gps.Memory),
    "adapted-gps": Method(gps.improve_adapted, adapts=True, memory=gps.Memory),
    "dagger": Method(dagger.improve, memory=dagger.Memory),
    "weighted-dagger": Method(dagger.improve_weighted, memory=dagger.Memory),
    "adapted-dagger": Method(dagger.improve_adapted, adapts=True, memory=dagger.Memory),
    "cost-weighted": Method(cost_weighted.improve),
}
