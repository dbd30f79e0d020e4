"""The sample set of guided policy search, and its active part (`policy.gps`, lines 4 to 9).

A sample is a rollout.  Samples come in batches of equal size, one from each distribution: from the
guides, which are the controllers of DDP solutions, and from policies.  The density q in the
importance weights is that of the mixture, 1/n sum_j q_j.

The active set consists of whole batches: those of the initial DDP solution and of the latest
adapted one, that of theta*, that of the newest policy, and among the other policies' those that are
most probable under theta*, of equals the newer.  All others are dropped, so that the last iteration
costs as much as the first; samples as improbable as theirs have no weight in the estimate.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.archive import numbers, whole
from vgps.codegen.model import Model
from vgps.policy.controller import LinearGaussianController
from vgps.policy.disturbance import process_noise
from vgps.policy.gaussian import Policy
from vgps.policy.rollouts import (
    LARGEST_COST,
    initial_states,
    run_policy_from,
    step_costs,
    until_failure,
)
from vgps.policy.state import Memory
from vgps.policy.weights import normalized

Array = NDArray[np.float64]
Batch = tuple[Array, Array, Array]  # states (R, T, nx), actions (R, T, nu), costs (R, T)

POLICIES = 3  # batches of policies that are active, those of theta* and the newest included


class SampleSet(NamedTuple):
    """A batch of R samples from each of G guides and P policies, in this order."""

    X: Array  # (G+P, R, T, nx)
    U: Array  # (G+P, R, T, nu) as drawn, before the limits
    cost: Array  # (G+P, R, T)
    guide_X: Array  # (G, T, nx), like the following a field of the guides' controllers
    guide_U: Array  # (G, T, nu)
    guide_K: Array  # (G, T, nu, nx)
    guide_root: Array  # (G, T, nu, nu)
    theta: Array  # (P, n_theta) of the policies, in the order in which they were sampled
    best: int  # index in theta of theta*
    regularizer: float  # w_r

    @property
    def guides(self) -> LinearGaussianController:
        """All of them, each field with a leading axis G."""
        return LinearGaussianController(self.guide_X, self.guide_U, self.guide_K, self.guide_root)


def _restored(**arrays: Any) -> SampleSet:
    if len(arrays["X"]) != len(arrays["guide_X"]) + len(arrays["theta"]):
        raise ValueError("memory_X must have a batch for each guide and each policy")
    return SampleSet(**arrays)


MEMORY = Memory(
    {
        "X": numbers("batches", "R", "T", "nx"),
        "U": numbers("batches", "R", "T", "nu"),
        "cost": numbers("batches", "R", "T"),
        "guide_X": numbers("guides", "T", "nx"),
        "guide_U": numbers("guides", "T", "nu"),
        "guide_K": numbers("guides", "T", "nu", "nx"),
        "guide_root": numbers("guides", "T", "nu", "nu"),
        "theta": numbers("policies", "n_theta"),
        "best": whole(below="policies"),
        "regularizer": numbers(),
    },
    _restored,
)


def estimator_data(sample_set: SampleSet, policy: Policy) -> tuple[Array, Array, Array, Array]:
    """Z, U, reward and log_q of `ReturnEstimate`, for the S = B R samples of all B batches.

    ``policy`` is any of the policies, which all observe the same.
    """
    B, R, T, nx = sample_set.X.shape
    X, U = sample_set.X.reshape(B * R, T, nx), sample_set.U.reshape(B * R, T, -1)
    guides = [LinearGaussianController(*parts) for parts in zip(*sample_set.guides, strict=True)]
    log_probs = [guide.log_prob(X, U) for guide in guides]
    Z = policy.observation.at_steps(X, np.arange(T))  # (S, T, n_in)
    log_probs += [policy.with_theta(theta).log_prob_of(Z, U) for theta in sample_set.theta]
    log_q = np.cumsum(np.stack(log_probs), axis=2)  # (B, S, T)
    mixture = np.logaddexp.reduce(log_q, axis=0) - np.log(B)  # (S, T)
    return Z, U, -sample_set.cost.reshape(B * R, T), mixture


def active_set(
    sample_set: SampleSet, best: Policy, data: tuple[Array, Array, Array, Array]
) -> SampleSet:
    """Line 6 for the next iteration: the batches that stay, by their weight under theta*.

    ``best`` is theta*, ``data`` what `estimator_data` gives.
    """
    B, P = len(sample_set.X), len(sample_set.theta)
    if P <= POLICIES:
        return sample_set
    Z, U, _, log_q = data
    w = normalized(np.cumsum(best.log_prob_of(Z, U), axis=1) - log_q, axis=0)  # (S, T)
    weight = w.reshape(B, -1).sum(axis=1)[B - P :]  # (P,)
    weight[[sample_set.best, P - 1]] = np.inf
    kept = np.sort(np.argsort(weight, kind="stable")[P - POLICIES :])  # (POLICIES,)
    batches = np.concatenate([np.arange(B - P), B - P + kept])
    return sample_set._replace(
        X=sample_set.X[batches],
        U=sample_set.U[batches],
        cost=sample_set.cost[batches],
        theta=sample_set.theta[kept],
        best=int(np.searchsorted(kept, sample_set.best)),
    )


def with_policy(sample_set: SampleSet, policy: Policy, batch: Batch) -> SampleSet:
    """The sample set with a batch of ``policy``."""
    theta = np.concatenate([sample_set.theta, policy.theta[None]])
    return inserted(sample_set, len(sample_set.X), batch)._replace(theta=theta)


def with_guide(sample_set: SampleSet, guide: LinearGaussianController, batch: Batch) -> SampleSet:
    """Line 9: the sample set with a batch of ``guide`` in place of that of the last adapted one."""
    if len(sample_set.guide_X) == 2:
        parts = sample_set.X, sample_set.U, sample_set.cost
        X, U, cost = (np.delete(old, 1, axis=0) for old in parts)
        sample_set = sample_set._replace(X=X, U=U, cost=cost)
    both = zip(sample_set.guides, guide, strict=True)
    X, U, K, root = (np.stack([initial[0], new]) for initial, new in both)
    larger = inserted(sample_set, 1, batch)
    return larger._replace(guide_X=X, guide_U=U, guide_K=K, guide_root=root)


def inserted(sample_set: SampleSet, place: int, batch: Batch) -> SampleSet:
    """The sample set with ``batch`` at index ``place``; the caller adds its distribution."""
    parts = zip((sample_set.X, sample_set.U, sample_set.cost), batch, strict=True)
    X, U, cost = (np.insert(old, place, new, axis=0) for old, new in parts)
    return sample_set._replace(X=X, U=U, cost=cost)


def policy_batch(model: Model, policy: Policy, R: int, T: int, rng: np.random.Generator) -> Batch:
    """R samples of a policy."""
    x0, disturbance = initial_states(model, R, rng), process_noise(model, R, T, rng)
    noise = policy.sigma * rng.standard_normal((R, T, model.nu))
    runs = run_policy_from(model, policy, x0, noise, disturbance)
    Z = policy.observation.at_steps(runs.X[:, :T], np.arange(T))  # (R, T, n_in)
    return held(runs.X, policy.mean_of(Z) + noise, until_failure(runs.c))


def guide_batch(
    model: Model, guide: LinearGaussianController, R: int, rng: np.random.Generator
) -> Batch:
    """R samples of the controller of a DDP solution."""
    X, U = guide.sample(model, R, rng)
    return held(X, U, step_costs(model, X, np.clip(U, *model.limits)))


def held(X: Array, U: Array, cost: Array) -> Batch:
    """States (R, T, nx), actions (R, T, nu) and costs (R, T) of rollouts X (R, T+1, nx).

    Where a rollout fails, the step before is repeated to its end, so that all densities are finite.
    """
    last = np.maximum((cost < LARGEST_COST).sum(axis=1) - 1, 0)  # (R,) step before it failed
    t = np.minimum(np.arange(U.shape[1]), last[:, None])[:, :, None]  # (R, T, 1)
    return np.take_along_axis(X, t, axis=1), np.take_along_axis(U, t, axis=1), cost
