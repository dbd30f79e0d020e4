"""Dataset aggregation (Ross, Gordon & Bagnell, AISTATS 2011) with a DDP solution as oracle.

In each iteration the current policy is run, the states that it visits are added to a dataset, and
the next policy is fitted to what the oracle would do in all of them.  The oracle is the controller
of the DDP solution q (``policy.controller``), clipped to the limits:

    u = u_bar_t + K_t (x - x_bar_t).

The first iteration runs the oracle alone (their beta_1 = 1): its states are draws from the
marginals of q.  A task with several initial states has a q for each, and what a rollout visits is
corrected by the one of its own start.  Three variants (Levine & Koltun 2013, section 6):

    dagger            q is the initial DDP solution, all states have the same weight
    weighted-dagger   the weight of a state is its density under the marginal q(x_t) of its time
                      step, relative to the density at the mean; far from the trajectory the
                      oracle's actions are large and useless
    adapted-dagger    weighted, and q is optimised against each new policy; all states take the
                      actions and weights of the current q

The fit is maximum likelihood of what the oracle does.  The oracle of the source gives one action
for a state, its mean (``oracle``: mean); the deviation of the policy is then the error of its
imitation.  Where the oracle acts with the noise of q (noisy), as in VGPS, the policy gets that
noise as well.  In adapted-dagger this is the default: in -log pi_theta the deviation says how far q
may depart from the policy, and one as small as the error of imitation ties q to a policy that does
not swim yet (5-unit swimmer: 2843 against 376).

The dataset would grow with every iteration.  What is kept is a bounded sample of it, in which every
rollout ever made is with the same probability (reservoir sampling: Vitter 1985, algorithm R), with
ten times as many states as one fit sees.  A fit sees as many as one of VGPS, drawn
anew for each.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.archive import numbers, whole
from vgps.codegen.model import Model
from vgps.policy.controller import LinearGaussianController
from vgps.policy.mstep import Draw, Samples, first_fit, fit
from vgps.policy.observation import Indices, observation_of
from vgps.policy.rollouts import LARGEST_COST, initial_indices, run_policy, until_failure
from vgps.policy.state import Improvement, Memory, SearchSettings, SearchState
from vgps.policy.weights import subset
from vgps.solver.distribution import TrajectoryDistribution

Array = NDArray[np.float64]

KEPT = 10  # states in the dataset for each one that a fit sees


class Dataset(NamedTuple):
    """States of C rollouts, by time step, on which the oracle depends."""

    X: Array  # (C, T, nx), NaN from the step on at which a rollout failed
    seen: int  # rollouts that were ever added
    start: Indices  # (C,) number of the initial state of each


def _restored(X: Array, seen: int, start: Indices | None = None) -> Dataset:
    return Dataset(X, seen, np.zeros(len(X), dtype=np.int64) if start is None else start)


MEMORY = Memory(
    {
        "X": numbers("C", "T_learned", "nx", finite=False),
        "seen": whole(least=1),
        "start": whole("C", below="S", optional=True),  # early versions had one initial state
    },
    _restored,
)


def begin(
    model: Model,
    settings: SearchSettings,
    q: Sequence[TrajectoryDistribution],
    rng: np.random.Generator,
    weighted: bool = False,
) -> Improvement:
    """The first policy, fitted to a dataset of draws from q; see `improve` for the flag."""
    T, each, S = settings.learned_steps, settings.fit.states_per_step, len(q)
    X = np.concatenate([one.sample_states(each, rng)[:T].swapaxes(0, 1) for one in q])
    dataset = Dataset(X, S * each, np.repeat(np.arange(S), each))
    draw = labelled(model, dataset, q, T * S * each, weighted, settings.noisy_oracle)
    observed = observation_of(model)
    return Improvement(first_fit(observed, settings.n_hidden, draw, settings.fit, rng), dataset)


def improve(
    model: Model,
    settings: SearchSettings,
    state: SearchState,
    rng: np.random.Generator,
    weighted: bool = False,
) -> Improvement:
    """Add rollouts of the policy to the dataset and fit the policy to it.

    Args:
        model: the robot.
        settings: of the search.
        state: with a `Dataset` as its memory.
        rng: draws rollouts and samples.
        weighted: whether the weight of a state is its density.
    """
    T, R, S = settings.learned_steps, settings.rollouts, len(state.q)
    size = S * settings.fit.states_per_step
    rollouts = run_policy(model, state.policy, R, T, rng)
    useful = until_failure(rollouts.c) < LARGEST_COST  # (R, T)
    visited = np.where(useful[:, :, None], rollouts.X[:, :T], np.nan)
    dataset = added(state.memory, visited, initial_indices(R, S), KEPT * size, rng)
    draw = labelled(model, dataset, state.q, T * size, weighted, settings.noisy_oracle)
    return Improvement(fit(state.policy, draw, settings.fit, rng), dataset, R)


def added(
    dataset: Dataset, X: Array, start: Indices, capacity: int, rng: np.random.Generator
) -> Dataset:
    """The dataset with the rollouts X (R, T, nx); when it is full they replace random ones.

    ``start`` (R,) is the number of the initial state of each.
    """
    free = max(capacity - len(dataset.X), 0)
    kept = np.concatenate([dataset.X, X[:free]])
    starts = np.concatenate([dataset.start, start[:free]])
    seen = int(dataset.seen) + len(X[:free])
    for rollout, s in zip(X[free:], start[free:], strict=True):
        seen += 1
        place = rng.integers(seen)
        if place < capacity:
            kept[place], starts[place] = rollout, s
    return Dataset(kept, seen, starts)


def labelled(
    model: Model,
    dataset: Dataset,
    q: Sequence[TrajectoryDistribution],
    size: int,
    weighted: bool,
    noisy: bool,
) -> Draw:
    """Draws of ``size`` states from the dataset with the oracle's actions there."""
    X, start = dataset.X, dataset.start
    C, T, nx = X.shape
    limits = model.limits
    actions, log_density = np.empty((C, T, model.nu)), np.zeros((C, T))
    for s, one in enumerate(q):
        mine = X[start == s]  # (c, T, nx)
        wanted = LinearGaussianController.of(one, T).mean(mine)
        actions[start == s] = np.clip(wanted, *limits)
        if weighted:
            log_density[start == s] = one.log_density(mine.swapaxes(0, 1)).T
    log_weights = np.where(np.isfinite(X).all(axis=-1), log_density, -np.inf).ravel()
    steps = np.tile(np.arange(T), C)
    inputs = observation_of(model).at_steps(X.reshape(C * T, nx), steps)  # (C T, n_in)
    known = np.stack([one.covariance for one in q])  # (S, T, nu, nu)
    covariance = known if noisy else np.zeros_like(known)

    def draw(rng: np.random.Generator) -> Samples:
        chosen, weights = subset(log_weights, size, rng)
        c, t = chosen // T, chosen % T
        return Samples(inputs[chosen], actions[c, t], covariance[start[c], t], 1, weights)

    return draw
