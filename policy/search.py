"""The frame of every method: Algorithm 1 of Levine & Koltun (2013).

    1  q <- DDP with cost alpha_0 c                                      ``initial_trajectories``
    2  for k = 1..K                                                      ``search``
    3      marginals of q                                                ``state.distributions``
    4      theta <- argmax L(q, theta)                                   ``Method.improve``
    5      alpha_k = exp((K-k)/K log alpha_0 + k/K log alpha_K)          ``state.annealed``
    6      q <- DDP with cost alpha_k c - log pi_theta                   ``vgps.adapt``

Methods differ in line 4, and some leave out lines 5 and 6 (`policy.methods`).  A task with several
initial states has a q for each (section 8): lines 1, 3 and 6 are done for every one of them, and
line 4 learns a single policy from all.
"""

import time
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.description.robot import Robot
from vgps.codegen.model import Model
from vgps.policy import vgps
from vgps.policy.methods import Method
from vgps.policy.mstep import FitSettings
from vgps.policy.plugins import answering_for, method_of
from vgps.policy.settings import RunSettings, own_oracle
from vgps.policy.state import (
    Beginning,
    Record,
    SearchSettings,
    SearchState,
    annealed,
    distributions,
    naming_initial_state,
    start,
)
from vgps.policy.store import require_state
from vgps.solver.distribution import TrajectoryDistribution
from vgps.solver.ilqr import Iteration, Solution, worst
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
        method: a name of a method (`policy.plugins`), which stands in place of ``settings.method``.
        settings: of the run; its seed is not read, since ``rng`` is given.
        rng: everything random.
        state: where to go on; the search begins with line 1 when absent.

    Yields:
        The state after an iteration, and what there is to say about it.

    Raises:
        pydantic.ValidationError: a ValueError, for an unknown method or settings that it refuses.
        MethodError: when the method cannot learn from the robot's initial states.
        PluginError: when the method is one of another package and cannot be used.
        ValueError: when ``state`` is one of another robot, horizon or number of hidden units.
        FloatingPointError: when a step of the method stops being finite, with its quantity.
    """
    run = settings.replaced(method=method)
    run.require_initial_states(model.robot)
    chosen, asked = method_of(run.method), search_settings(run, model.robot)
    if state is None:
        state = start(model, initial_trajectories(model, asked, rng))
    require_state(state, model.robot, run, chosen.memory)
    while state.k < run.last_iteration(model.robot):
        with answering_for(run.method, chosen):
            state, record = iterate(model, chosen, asked, state, rng)
            if chosen.package is not None:  # what it stores must be what it can go on from
                require_state(state, model.robot, run, chosen.memory)
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
        fit=FitSettings(training.samples, robot.tail, run.optimizer, run.bound),
    )


def initial_trajectories(
    model: Model,
    settings: SearchSettings,
    rng: np.random.Generator,
    U: Array | None = None,
    callback: Callable[[int, Iteration], None] | None = None,
) -> tuple[Solution, ...]:
    """Line 1 for each of the S initial states.

    Args:
        model: the robot.
        settings: of the search.
        rng: draws the actions to start from, where the robot's file asks for noise.
        U: (S, T, nu) actions to start from, N·m or N; as the robot's file says when absent.
        callback: called after each iteration with the number of the initial state.
    """
    solutions = []
    for s in range(len(model.x0s)):
        with naming_initial_state(model, s):
            solution = optimize(
                model,
                None if U is None else U[s],
                rng,
                initial=s,
                horizon=settings.horizon,
                alpha=settings.alpha_start,
                settings=settings.initial,
                callback=None if callback is None else partial(callback, s),
            )
        solutions.append(solution)
    return tuple(solutions)


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

    started = time.process_time()
    with threadpool_limits(1, user_api="blas"):
        alpha = annealed(settings, state.k + 1)
        if isinstance(state, Beginning):
            fitted, memory, rollouts = method.begin(model, settings, state.q, rng)
        else:
            fitted, memory, rollouts = method.improve(model, settings, state, rng)
        q, solutions = state.q, []
        if method.adapts:
            for s, one in enumerate(q):
                with naming_initial_state(model, s):
                    adapted = vgps.adapt(model, settings, fitted.policy, one, alpha, rng)
                solutions.append(adapted)
            q = distributions(model, solutions)
    new = SearchState(state.k + 1, fitted.policy, q, memory, state.rollouts + rollouts)
    record = Record(
        iteration=new.k,
        alpha=alpha,
        bound=fitted.value,
        evaluations=fitted.evaluations,
        fit_reason=fitted.reason,
        ddp_cost=float(np.mean([_task_cost(model, one) for one in q])),
        ddp_iterations=sum(solution.iterations for solution in solutions),
        ddp_reason=str(worst(solution.reason for solution in solutions) or ""),
        ddp_regularization=max((solution.regularization for solution in solutions), default=0.0),
        largest_k=max(float(np.abs(one.k).max()) for one in q),
        seconds=time.process_time() - started,
        rollouts=new.rollouts,
    )
    return new, record


def _task_cost(model: Model, q: TrajectoryDistribution) -> float:
    """Of the trajectory that q is about, which does not hold where its last step leads."""
    X = np.vstack([q.X, model.step(q.X[-1], q.U[-1])])  # (T+1, nx)
    return float(model.cost(X, q.U).sum())
