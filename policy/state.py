"""What all methods that search for a policy share: their settings, states and records.

A search goes from state to state: ``search.iterate`` does one outer iteration, and everything that
the next one depends on is in ``SearchState`` and the random generator.  A run that is interrupted
and resumed from a stored state therefore continues to the same bits.  All begin with the same
trajectories, one from each initial state of the task, and with a policy that was fitted to them
(Levine & Koltun 2013, sections 6 and 8).
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.archive import Schema
from vgps.codegen.model import Model
from vgps.policy.gaussian import Policy
from vgps.policy.mstep import Fit, FitSettings, draws_of, first_fit
from vgps.policy.observation import observation_of
from vgps.solver.distribution import TrajectoryDistribution, trajectory_distribution
from vgps.solver.ilqr import Settings, Solution
from vgps.solver.optimize import INITIAL

Array = NDArray[np.float64]


class SearchSettings(NamedTuple):
    """What a run and the robot's file ask for, of which a method reads what it needs."""

    n_hidden: int
    horizon: int
    alpha_start: float
    alpha_end: float
    anneal: int  # iterations over which alpha falls; it is fixed afterwards
    pairs: int  # antithetic pairs of states over which -log pi is averaged
    rollouts: int  # of the policy in one iteration, by methods that sample it
    noisy_oracle: bool  # whether q acts with its noise where a policy imitates it by dataset
    fit: FitSettings
    initial: Settings = INITIAL  # line 1
    # Line 6.  It ends where a step gains less than a tenth of a nat over the whole trajectory: down
    # to 0.001 it takes twice the iterations, and policies are no better (walkers, 6 seeds of each
    # size).  With second derivatives a quarter slower, and policies no better: the swimmer's alike
    # (4 seeds), of the walker's fewer rollouts succeed (3 of 3 seeds: by 4 to 10 of 100).
    adapt: Settings = INITIAL._replace(max_iterations=30, cost_tolerance=0.1, second_order=False)

    @property
    def learned_steps(self) -> int:
        """Steps that a policy learns from: the horizon without its tail."""
        return self.horizon - self.fit.tail


class Memory(NamedTuple):
    """What a method carries from one iteration to the next, and how a checkpoint holds it.

    Sizes that shapes may name: nx, nu, n_in numbers that are observed, hidden units, n_weights and
    n_theta = n_weights + nu of the policy, S initial states, T steps of the horizon, T_learned of
    them that a policy learns from.
    """

    schema: Schema  # of the fields of a NamedTuple
    restored: Callable[..., Any]  # that NamedTuple, from its arrays by name; may raise ValueError


class Beginning(NamedTuple):
    """Before the first iteration: there is no policy yet."""

    q: tuple[TrajectoryDistribution, ...]  # around the initial DDP solutions, one each
    k: int = 0
    rollouts: int = 0


class SearchState(NamedTuple):
    """After k iterations, at least one."""

    k: int
    policy: Policy  # theta_k
    # Of each initial state: after line 6 of iteration k, or the initial one.
    q: tuple[TrajectoryDistribution, ...]
    memory: Any = None  # what else the method needs, as its `Method.memory` says
    rollouts: int = 0  # sampled so far to learn from


class Improvement(NamedTuple):
    """The policy that a method found in one iteration."""

    fit: Fit
    memory: Any = None  # for the next state
    rollouts: int = 0  # sampled for it


class Record(NamedTuple):
    """What there is to say about one iteration.

    What is said of q is of all initial states together: the mean of their costs, the sum of their
    iterations, otherwise the worst and the largest.
    """

    iteration: int
    alpha: float
    bound: float  # objective that the policy was fitted to, at its end
    evaluations: int  # of that objective
    fit_reason: str  # why the fit ended: see the optimiser; "stalled" is no success
    ddp_cost: float  # task cost of the mean trajectory of q at the end of the iteration
    ddp_iterations: int  # 0 where q stays the initial one
    ddp_reason: str  # why the optimisation of q ended (`solver.ilqr.Reason`); empty where q stays
    ddp_regularization: float  # that the gains of q needed; 0 where Q_uu is positive definite
    largest_k: float  # N·m or N, entry of k_t of q: how far the optimisation was from its end
    seconds: float  # of the processor, so that other programs do not count
    rollouts: int  # sampled so far to learn from


def start(model: Model, solutions: Sequence[Solution]) -> Beginning:
    """The state before the first iteration, from the initial DDP solutions."""
    return Beginning(distributions(model, solutions))


def imitate(
    model: Model,
    settings: SearchSettings,
    q: Sequence[TrajectoryDistribution],
    rng: np.random.Generator,
) -> Improvement:
    """The first M-step: a policy that resembles the initial DDP solutions (section 6)."""
    observed = observation_of(model)
    draw = draws_of(q, observed, settings.fit)
    return Improvement(first_fit(observed, settings.n_hidden, draw, settings.fit, rng))


def annealed(settings: SearchSettings, k: int) -> float:
    """alpha_k of line 5, the weight of the task's cost."""
    share = min(k / settings.anneal, 1.0)
    return math.exp(
        (1 - share) * math.log(settings.alpha_start) + share * math.log(settings.alpha_end)
    )


def distributions(
    model: Model, solutions: Sequence[Solution]
) -> tuple[TrajectoryDistribution, ...]:
    """Line 3: q around the trajectory from each initial state, with the task's own covariances."""
    q = []
    covariances = zip(model.initial_covariances, model.marginal_covariances, strict=True)
    for s, (solution, (Sigma_0, Sigma_f)) in enumerate(zip(solutions, covariances, strict=True)):
        with naming_initial_state(model, s):
            q.append(trajectory_distribution(solution, Sigma_0, Sigma_f))
    return tuple(q)


@contextmanager
def naming_initial_state(model: Model, s: int) -> Iterator[None]:
    """Say in a FloatingPointError from which initial state, where there are several."""
    try:
        yield
    except FloatingPointError as error:
        if one_of_several := model.robot.task.of_initial(s):
            raise FloatingPointError(f"the trajectory{one_of_several}: {error}") from error
        raise
