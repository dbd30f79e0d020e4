"""The sample set of guided policy search, and which of it is active (`policy.gps`, lines 4 to 9).

Samples come in batches of equal size, one from each distribution: the controllers of DDP solutions,
the guides, and policies.  q, the density under which a sample counts, is their mixture
1/n sum_j q_j.  The active set consists of whole batches: those of the initial DDP solution and of
the latest adapted one, that of theta*, the newest policy's, and of the others those that are most
probable under theta*.  What is not in it is forgotten, so that an iteration costs as much at the
end as in the beginning; samples so improbable have no weight in the estimate.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.model import Model
from vgps.policy.controller import Controller
from vgps.policy.evaluation import LARGEST_COST, initial_states, run_policy_from, step_costs
from vgps.policy.gaussian import Policy
from vgps.policy.weights import normalized

Array = NDArray[np.float64]
Batch = tuple[Array, Array, Array]  # states (R, T, nx), actions (R, T, nu), costs (R, T)

POLICIES = 3  # batches of policies that are active, with those of theta* and the newest policy


class Memory(NamedTuple):
    """The sample set: a batch of R samples from each of G guides and P policies, in this order."""

    X: Array  # (G+P, R, T, nx)
    U: Array  # (G+P, R, T, nu) as asked for, before torque limits
    cost: Array  # (G+P, R, T)
    guide_X: Array  # (G, T, nx), and so on: the fields of the guides' `Controller`
    guide_U: Array
    guide_K: Array
    guide_root: Array
    theta: Array  # (P, n_theta) of the policies, in the order in which they were sampled
    best: int  # index in theta of theta*
    regularizer: float  # w_r

    @property
    def guides(self) -> Controller:
        """All of them in one, each field with a leading axis G."""
        return Controller(self.guide_X, self.guide_U, self.guide_K, self.guide_root)


def samples(memory: Memory, policy: Policy) -> tuple[Array, Array, Array, Array]:
    """What the estimate needs of the S = B R samples: (Z, U, reward, log q) as in ReturnEstimate.

    ``policy`` is any of the policies: it tells what they observe.
    """
    B, R, T, nx = memory.X.shape
    X, U = memory.X.reshape(B * R, T, nx), memory.U.reshape(B * R, T, -1)
    distributions = [Controller(*parts) for parts in zip(*memory.guides, strict=True)]
    distributions += [policy.with_theta(theta) for theta in memory.theta]
    log_q = np.stack([np.cumsum(d.log_prob(X, U), axis=1) for d in distributions])  # (B, S, T)
    mixture = np.logaddexp.reduce(log_q, axis=0) - np.log(B)  # (S, T)
    return X[:, :, policy.observed], U, -memory.cost.reshape(B * R, T), mixture


def active(memory: Memory, best: Policy, data: tuple[Array, Array, Array, Array]) -> Memory:
    """Line 6 for the next iteration: the batches that stay, by their weight under theta*.

    ``data`` is that of `samples`.
    """
    B, P = len(memory.X), len(memory.theta)
    if P <= POLICIES:
        return memory
    _, U, _, log_q = data
    X = memory.X.reshape(*U.shape[:2], -1)
    w = normalized(np.cumsum(best.log_prob(X, U), axis=1) - log_q, axis=0)  # (S, T)
    weight = w.reshape(B, -1).sum(axis=1)[B - P :]  # (P,)
    weight[[memory.best, P - 1]] = np.inf
    kept = np.sort(np.argsort(weight)[P - POLICIES :])  # (POLICIES,)
    batches = np.concatenate([np.arange(B - P), B - P + kept])
    return memory._replace(
        X=memory.X[batches],
        U=memory.U[batches],
        cost=memory.cost[batches],
        theta=memory.theta[kept],
        best=int(np.searchsorted(kept, memory.best)),
    )


def with_policy(memory: Memory, policy: Policy, batch: Batch) -> Memory:
    """The sample set with a batch of ``policy``."""
    theta = np.concatenate([memory.theta, policy.theta[None]])
    return inserted(memory, len(memory.X), batch)._replace(theta=theta)


def with_guide(memory: Memory, guide: Controller, batch: Batch) -> Memory:
    """Line 9: the sample set with a batch of ``guide`` in place of that of the last adapted one."""
    if len(memory.guide_X) == 2:
        X, U, cost = (np.delete(old, 1, axis=0) for old in (memory.X, memory.U, memory.cost))
        memory = memory._replace(X=X, U=U, cost=cost)
    pairs = zip(memory.guides, guide, strict=True)
    guides = {f"guide_{n}": pair for n, pair in zip(guide._fields, pairs, strict=True)}
    stacked = {name: np.stack([initial[0], new]) for name, (initial, new) in guides.items()}
    return inserted(memory, 1, batch)._replace(**stacked)


def inserted(memory: Memory, place: int, batch: Batch) -> Memory:
    """The sample set with ``batch`` at index ``place``; whose it is, is for the caller to say."""
    parts = zip((memory.X, memory.U, memory.cost), batch, strict=True)
    X, U, cost = (np.insert(old, place, new, axis=0) for old, new in parts)
    return memory._replace(X=X, U=U, cost=cost)


def sampled(model: Model, policy: Policy, R: int, T: int, rng: np.random.Generator) -> Batch:
    """From ``policy``."""
    noise = policy.sigma * rng.standard_normal((R, T, model.nu))
    X = run_policy_from(model, policy, initial_states(model, R, rng), noise).X[:, :T]
    return halted(model, X, policy.mean(X) + noise)


def guided(model: Model, guide: Controller, R: int, rng: np.random.Generator) -> Batch:
    """From a DDP solution."""
    return halted(model, *guide.sample(model, R, rng))


def halted(model: Model, X: Array, U: Array) -> Batch:
    """States X and actions U with their costs; a rollout that failed stands still from there."""
    limits = model.limits
    cost = step_costs(model, X, np.clip(U, -limits, limits))
    last = np.maximum((cost < LARGEST_COST).sum(axis=1) - 1, 0)  # (R,) step before it failed
    t = np.minimum(np.arange(U.shape[1]), last[:, None])[:, :, None]  # (R, T, 1)
    return np.take_along_axis(X, t, axis=1), np.take_along_axis(U, t, axis=1), cost
