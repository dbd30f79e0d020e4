"""Dataset aggregation (Ross, Gordon & Bagnell, AISTATS 2011) with a DDP solution as oracle.

In each iteration the current policy is run, the states that it visits join a dataset, and the next
policy is fitted to what the oracle would do in all of them.  The oracle is the controller of the
DDP solution q (``policy.controller``), within the torque limits:

    u = u_bar_t + K_t (x - x_bar_t).

The first iteration runs the oracle alone (their beta_1 = 1): its states are draws from the
marginals of q.  Three variants (Levine & Koltun 2013, section 6):

    dagger            q is the initial DDP solution, all states count alike
    weighted-dagger   a state counts by its density under the marginal q(x_t) of its time step,
                      relative to the density at the mean; far from the trajectory the oracle's
                      action is large and no good
    adapted-dagger    weighted, and q is optimised against each new policy; all states take the
                      actions and weights of the current q

The fit is maximum likelihood of the oracle's mean actions: the source's oracle gives one action a
state, so that the deviation of the policy is the error of its imitation, and the noise of q would
only lead the policy to worse states.  Adapted, the oracle acts with the noise of q, as in VGPS: in
-log pi_theta the deviation says how far q may depart from the policy, and one as small as the error
of imitation ties q to a policy that does not swim yet (5-unit swimmer: 2843 against 376).

The dataset grows without end; what is kept of it is a bounded sample in which every rollout ever
made is equally likely to be (reservoir sampling: Vitter 1985, algorithm R), with ten times as many
states as one fit sees.  A fit sees as many as one of VGPS, drawn anew for each of its rounds.
"""

from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.model import Model
from vgps.policy.controller import Controller
from vgps.policy.evaluation import LARGEST_COST, run_policy, step_costs
from vgps.policy.mstep import Draw, Samples, first_fit, fit
from vgps.policy.state import Improvement, SearchSettings, SearchState
from vgps.policy.weights import subset
from vgps.solver.distribution import TrajectoryDistribution

Array = NDArray[np.float64]

KEPT = 10  # states in the dataset for each one that a fit sees


class Memory(NamedTuple):
    """The dataset: states of C rollouts, by time step, on which the oracle depends."""

    X: Array  # (C, T, nx), NaN from the step on at which a rollout failed
    seen: int  # rollouts that were ever added


def improve(
    model: Model,
    settings: SearchSettings,
    state: SearchState,
    rng: np.random.Generator,
    weighted: bool = False,
    noisy: bool = False,
) -> Improvement:
    """Rollouts of the policy join the dataset; the policy is fitted to it.

    ``weighted`` by density, to an oracle that acts with the noise of q if ``noisy``.
    """
    T, R, samples = settings.learned_steps, settings.rollouts, settings.fit.samples
    if state.policy is None:
        memory = Memory(state.q.sample_states(samples, rng)[:T].swapaxes(0, 1), samples)
        draw = labelled(model, memory.X, state.q, T * samples, weighted, noisy)
        observed = np.array(model.robot.observed_indices)
        return Improvement(first_fit(observed, settings.n_hidden, draw, settings.fit, rng), memory)
    rollouts = run_policy(model, state.policy, R, T, rng, stochastic=True)
    useful = step_costs(model, rollouts.X, rollouts.U) < LARGEST_COST  # (R, T)
    visited = np.where(useful[:, :, None], rollouts.X[:, :T], np.nan)
    memory = added(state.memory, visited, KEPT * samples, rng)
    draw = labelled(model, memory.X, state.q, T * samples, weighted, noisy)
    return Improvement(fit(state.policy, draw, settings.fit, rng), memory, R)


improve_weighted = partial(improve, weighted=True)
improve_adapted = partial(improve, weighted=True, noisy=True)


def added(memory: Memory, X: Array, capacity: int, rng: np.random.Generator) -> Memory:
    """The dataset with the rollouts X (R, T, nx); when it is full they replace random ones."""
    free = max(capacity - len(memory.X), 0)
    kept = np.concatenate([memory.X, X[:free]])
    seen = int(memory.seen) + len(X[:free])
    for rollout in X[free:]:
        seen += 1
        place = rng.integers(seen)
        if place < capacity:
            kept[place] = rollout
    return Memory(kept, seen)


def labelled(
    model: Model, X: Array, q: TrajectoryDistribution, size: int, weighted: bool, noisy: bool
) -> Draw:
    """Draws of ``size`` states from the dataset X (C, T, nx) with the oracle's actions there."""
    C, T, nx = X.shape
    limits = model.limits
    actions = np.clip(Controller.of(q, T).mean(X), -limits, limits).reshape(C * T, -1)
    log_weights = q.log_density(X.swapaxes(0, 1)).T if weighted else np.zeros((C, T))
    log_weights = np.where(np.isfinite(X).all(axis=-1), log_weights, -np.inf).ravel()
    inputs = X.reshape(C * T, nx)[:, model.robot.observed_indices]
    covariance = q.covariance if noisy else np.zeros_like(q.covariance)  # (T, nu, nu)

    def draw(rng: np.random.Generator) -> Samples:
        chosen, weights = subset(log_weights, size, rng)
        return Samples(inputs[chosen], actions[chosen], covariance[chosen % T], 1, weights)

    return draw
