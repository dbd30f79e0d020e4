"""The frame of every method: Algorithm 1 of Levine & Koltun (2013).

    1  q <- DDP with cost alpha_0 c                                      ``initial_trajectory``
    2  for k = 1..K                                                      ``search``
    3      marginals of q                                                ``state.distribution``
    4      theta <- argmax L(q, theta)                                   ``Method.improve``
    5      alpha_k = exp((K-k)/K log alpha_0 + k/K log alpha_K)          ``state.annealed``
    6      q <- DDP with cost alpha_k c - log pi_theta                   ``vgps.adapt``

Methods differ in line 4, and some leave out lines 5 and 6 (`policy.methods`).
"""

import time
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.description.robot import Robot
from vgps.codegen.model import Model
from vgps.policy import vgps
from vgps.policy.methods import METHODS, Method
from vgps.policy.mstep import FitSettings
from vgps.policy.settings import RunSettings, own_oracle
from vgps.policy.state import (
    Beginning,
    Record,
    SearchSettings,
    SearchState,
    annealed,
    distribution,
    start,
)
from vgps.policy.store import require_state
from vgps.solver.ilqr import Iteration, Solution
from vgps.solver.optimize import optimize

Array = NDArray[np.float64]


def search(
    model: Model,
    method: str,
    settings: RunSettings,
    rng: np.random.Generator,
    state: SearchState | Beginning | None = None,
) -> Iterator[tuple[SearchState, Record]]:
    """The outer iterations of a method, one at a time, up to the last that ``settings`` ask for.

    All that the next iteration depends on is in the state and in ``rng``: a search that goes on
    from a state, with the generator as it was, continues to the same bits.

    Args:
        model: the robot.
        method: a name of METHODS, which stands in place of ``settings.method``.
        settings: of the run; its seed is not read, since ``rng`` is given.
        rng: everything random.
        state: where to go on; the search begins with line 1 when absent.

    Yields:
        The state after an iteration, and what there is to say about it.

    Raises:
        pydantic.ValidationError: a ValueError, for an unknown method or settings that it refuses.
        ValueError: when ``state`` is one of another robot, horizon or number of hidden units.
        FloatingPointError: when a step of the method stops being finite, with its quantity.
    """
    run = settings.replaced(method=method)
    chosen, asked = METHODS[run.method], search_settings(run, model.robot)
    if state is None:
        initial = initial_trajectory(model, asked, rng)
        state = start(model, initial)
    require_state(state, model.robot, run, chosen.memory)
    while state.k < run.last_iteration(model.robot):
        state, record = iterate(model, chosen, asked, state, rng)
        yield state, record


def search_settings(run: RunSettings, robot: Robot) -> SearchSettings:
    """What a method needs, from the settings of a run and the robot's file."""
    training = robot.training
    return SearchSettings(
        n_hidden=run.hidden,
        horizon=robot.task.horizon,
        alpha_start=training.alpha_start,
        alpha_end=training.alpha_end,
        anneal=training.anneal,
        pairs=training.pairs,
        rollouts=run.rollouts,
        noisy_oracle=(run.oracle or own_oracle(run.method)) == "noisy",
        fit=FitSettings(training.samples, training.tail, run.optimizer, run.bound),
    )


def initial_trajectory(
    model: Model,
    settings: SearchSettings,
    rng: np.random.Generator,
    U: Array | None = None,
    callback: Callable[[Iteration], None] | None = None,
) -> Solution:
    """Line 1, from the actions U (T, nu) or from where the robot's file says."""
    return optimize(
        model,
        U,
        rng,
        horizon=settings.horizon,
        alpha=settings.alpha_start,
        settings=settings.initial,
        callback=callback,
    )


def iterate(
    model: Model,
    method: Method,
    settings: SearchSettings,
    state: SearchState | Beginning,
    rng: np.random.Generator,
) -> tuple[SearchState, Record]:
    """One outer iteration, lines 3 to 6.

    It runs on one BLAS thread: the matrices are small, threads cost more than they bring, and make
    sums depend on their number.
    """
    # Its import changes the environment, which importing this module should not.
    from threadpoolctl import threadpool_limits

    started = time.perf_counter()
    with threadpool_limits(1, user_api="blas"):
        alpha = annealed(settings, state.k + 1)
        if isinstance(state, Beginning):
            fitted, memory, rollouts = method.begin(model, settings, state.q, rng)
        else:
            fitted, memory, rollouts = method.improve(model, settings, state, rng)
        q, solution = state.q, None
        if method.adapts:
            solution = vgps.adapt(model, settings, fitted.policy, q, alpha, rng)
            q = distribution(model, solution)
    new = SearchState(state.k + 1, fitted.policy, q, memory, state.rollouts + rollouts)
    record = Record(
        iteration=new.k,
        alpha=alpha,
        bound=fitted.value,
        evaluations=fitted.evaluations,
        fit_reason=fitted.reason,
        ddp_cost=float(model.cost(q.X, q.U).sum()),
        ddp_iterations=0 if solution is None else solution.iterations,
        ddp_reason="" if solution is None else str(solution.reason),
        ddp_regularization=0.0 if solution is None else solution.regularization,
        largest_k=float(np.abs(q.k).max()),
        seconds=time.perf_counter() - started,
        rollouts=new.rollouts,
    )
    return new, record
