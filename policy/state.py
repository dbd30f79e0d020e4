"""What all methods that search for a policy share: their settings, state, record and beginning.

A search is a function from state to state: ``search.iterate`` does one outer iteration, and
everything that the next call depends on is in ``SearchState`` and the random generator.  A run that is
interrupted and resumed from a stored state therefore continues to the same bits.  All begin with
the same trajectory, and with a policy that was fitted to it (Levine & Koltun 2013, section 6).
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.model import Model
from vgps.policy.gaussian import Policy
from vgps.policy.mstep import Fit, FitSettings, draws_of, first_fit
from vgps.solver.distribution import TrajectoryDistribution, trajectory_distribution
from vgps.solver.ilqr import Settings, Solution
from vgps.solver.optimize import INITIAL

Array = NDArray[np.float64]


class SearchSettings(NamedTuple):
    """What a run and the robot's file ask for; a method reads what it needs."""

    n_hidden: int
    horizon: int
    alpha_start: float
    alpha_end: float
    anneal: int  # iterations over which alpha falls; it is fixed afterwards
    pairs: int  # antithetic pairs of states over which -log pi is averaged
    rollouts: int  # of the policy in one iteration, by methods that sample it
    fit: FitSettings
    initial: Settings = INITIAL  # line 1
    adapt: Settings = Settings(max_iterations=30, cost_tolerance=1e-3)  # line 6

    @property
    def learned_steps(self) -> int:
        """Steps that a policy learns from: the horizon without its tail."""
        return self.horizon - self.fit.tail


class SearchState(NamedTuple):
    """Between two iterations: k of them are done."""

    k: int
    policy: Policy | None  # theta_k; None before the first M-step
    q: TrajectoryDistribution  # the initial one, or after line 6 of iteration k
    memory: Any = None  # what else a method carries on: a NamedTuple of arrays and numbers
    rollouts: int = 0  # sampled so far to learn from


class Improvement(NamedTuple):
    """What a method makes of a state."""

    fit: Fit
    memory: Any = None
    rollouts: int = 0  # sampled for it


class Record(NamedTuple):
    """What there is to say about one iteration."""

    iteration: int
    alpha: float
    bound: float  # objective that the policy was fitted to, at its end
    evaluations: int  # of that objective
    ddp_cost: float  # task cost of the mean trajectory of q at the end of the iteration
    ddp_iterations: int  # 0 where q stays the initial one
    seconds: float
    rollouts: int  # sampled so far to learn from


def start(model: Model, solution: Solution) -> SearchState:
    """The state before the first iteration, from the initial DDP solution."""
    return SearchState(0, None, distribution(model, solution))


def imitate(
    model: Model, settings: SearchSettings, state: SearchState, rng: np.random.Generator
) -> Fit:
    """The first M-step: a policy that resembles the initial DDP solution (section 6)."""
    observed = np.array(model.robot.observed_indices)
    draw = draws_of(state.q, observed, settings.fit)
    return first_fit(observed, settings.n_hidden, draw, settings.fit, rng)


def annealed(settings: SearchSettings, k: int) -> float:
    """alpha_k of line 5."""
    share = min(k / settings.anneal, 1.0)
    return math.exp(
        (1 - share) * math.log(settings.alpha_start) + share * math.log(settings.alpha_end)
    )


def distribution(model: Model, solution: Solution) -> TrajectoryDistribution:
    """Line 3: q around an optimised trajectory, with the task's own covariances."""
    return trajectory_distribution(solution, model.initial_covariance, model.process_covariance)
