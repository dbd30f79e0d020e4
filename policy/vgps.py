"""Variational guided policy search (Levine & Koltun 2013, Algorithm 1).

    1  q <- DDP with cost alpha_0 c
    2  for k = 1..K
    3      marginals of q
    4      theta <- argmax L(q, theta)
    5      alpha_k = exp((K-k)/K log alpha_0 + k/K log alpha_K), then fixed
    6      q <- DDP with cost alpha_k c - log pi_theta

The search is a function from state to state: ``iterate`` does lines 3 to 6 once, and everything
that the next call depends on is in ``State`` and the random generator.  A run that is interrupted
and resumed from a stored state therefore continues to the same bits.
"""

import math
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from codegen.description import Robot
from codegen.model import Model
from policy.cost_term import negative_log_policy
from policy.evaluation import run_policy_from
from policy.mlp import Policy
from policy.mstep import FitSettings, first_fit, fit
from solver.distribution import TrajectoryDistribution, trajectory_distribution
from solver.gait import walk
from solver.ilqr import Iteration, Settings, Solution, ilqr
from solver.objective import task_objective, with_extra
from solver.rollout import total

Array = NDArray[np.float64]


class VGPSSettings(NamedTuple):
    n_hidden: int
    horizon: int
    alpha_start: float
    alpha_end: float
    anneal: int  # iterations over which alpha falls; it is fixed afterwards
    pairs: int  # antithetic pairs of states over which -log pi is averaged
    fit: FitSettings
    initial: Settings = Settings(max_iterations=500, cost_tolerance=1e-3)  # line 1
    adapt: Settings = Settings(max_iterations=30, cost_tolerance=1e-3)  # line 6

    @classmethod
    def of(cls, robot: Robot, n_hidden: int, **fit: str) -> "VGPSSettings":
        """What the robot's file asks for; ``fit`` overrides the M-step's optimiser or bound."""
        t = robot.training
        return cls(
            n_hidden=n_hidden,
            horizon=robot.task.horizon,
            alpha_start=t.alpha_start,
            alpha_end=t.alpha_end,
            anneal=t.anneal,
            pairs=t.pairs,
            fit=FitSettings(samples=t.samples, tail=t.tail)._replace(**fit),
        )


class State(NamedTuple):
    """Between two iterations: k of them are done."""

    k: int
    policy: Policy | None  # theta_k; None before the first M-step
    q: TrajectoryDistribution  # after line 6 of iteration k


class Record(NamedTuple):
    """What a callback learns about one iteration."""

    iteration: int
    alpha: float
    bound: float  # objective of the M-step, nats per step
    evaluations: int  # of that objective
    ddp_cost: float  # task cost of the mean trajectory after line 6
    ddp_iterations: int
    seconds: float


def initial_trajectory(
    model: Model,
    settings: VGPSSettings,
    rng: np.random.Generator,
    callback: Callable[[Iteration], None] | None = None,
    demonstration: Array | None = None,
) -> Solution:
    """Line 1: DDP on alpha_0 c from the actions ``demonstration`` (T, nu).

    Without them it starts where the robot's file says.
    """
    U = _described_start(model, settings, rng) if demonstration is None else demonstration
    objective = task_objective(model, settings.horizon, settings.alpha_start)
    return ilqr(model, objective, model.x0, U, settings.initial, callback)


def _described_start(model: Model, settings: VGPSSettings, rng: np.random.Generator) -> Array:
    begin = model.robot.task.start
    U = begin.noise * rng.standard_normal((settings.horizon, model.nu))
    return walk(model, model.x0, settings.horizon).U if begin.gait else U


def start(model: Model, solution: Solution) -> State:
    """The state before the first iteration."""
    return State(0, None, _distribution(model, solution))


def iterate(
    model: Model, settings: VGPSSettings, state: State, rng: np.random.Generator
) -> tuple[State, Record]:
    """Lines 3 to 6 once."""
    started = time.perf_counter()
    k = state.k + 1
    if state.policy is None:
        observed = np.array(model.robot.observed_indices)
        fitted = first_fit(observed, settings.n_hidden, state.q, settings.fit, rng)
    else:
        fitted = fit(state.policy, state.q, settings.fit, rng)
    alpha = annealed(settings, k)
    solution = adapt(model, settings, fitted.policy, state.q, alpha, rng)
    record = Record(
        iteration=k,
        alpha=alpha,
        bound=fitted.value,
        evaluations=fitted.evaluations,
        ddp_cost=float(model.cost(solution.X, solution.U).sum()),
        ddp_iterations=solution.iterations,
        seconds=time.perf_counter() - started,
    )
    return State(k, fitted.policy, _distribution(model, solution)), record


def annealed(settings: VGPSSettings, k: int) -> float:
    """alpha_k of line 5."""
    share = min(k / settings.anneal, 1.0)
    return math.exp(
        (1 - share) * math.log(settings.alpha_start) + share * math.log(settings.alpha_end)
    )


def adapt(
    model: Model,
    settings: VGPSSettings,
    policy: Policy,
    q: TrajectoryDistribution,
    alpha: float,
    rng: np.random.Generator,
) -> Solution:
    """Line 6: DDP on alpha c - log pi_theta from the mean of q.

    -log pi is averaged over the trajectory itself and over states displaced by draws from the
    marginals, where the action follows the feedback of q: u + K dx (section 4).

    The search starts from the mean actions of q or from those that the policy takes without noise,
    whichever are better.  A mean that fell at its end finds no way back up by itself, and would teach
    the next policy to fall; a policy that walks shows the way.
    """
    dX = q.antithetic_displacements(settings.pairs, rng)  # (T, S, nx)
    dU = dX @ q.K.transpose(0, 2, 1)  # (T, S, nu)
    objective = with_extra(
        task_objective(model, settings.horizon, alpha), negative_log_policy(policy, dX, dU)
    )
    silence = np.zeros((1, settings.horizon, model.nu))
    taken = run_policy_from(model, policy, q.X[0][None], silence).U[0]  # (T, nu)
    better = min(q.U, taken, key=lambda U: total(model, objective, q.X[0], U))
    return ilqr(model, objective, q.X[0], better, settings.adapt)


def _distribution(model: Model, solution: Solution) -> TrajectoryDistribution:
    Sigma_0 = np.diag(np.square(model.robot.initial_deviation))
    Sigma_f = np.diag(np.square(model.robot.process_deviation))
    return trajectory_distribution(solution, Sigma_0, Sigma_f)
