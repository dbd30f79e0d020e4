"""The best policy of a search, which is what a run leaves or finishes.

A search is not monotone: a policy may do the task and the next one may not.  Each is tried in the
same rollouts, from a random stream of their own, under its noise and the task's; better is what
succeeds more often, then what costs less.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.model import Model
from vgps.policy.evaluation import successes
from vgps.policy.gaussian import Policy
from vgps.policy.rollouts import LARGEST_COST, run_policy

ROLLOUTS = 32  # from each initial state


class Best(NamedTuple):
    """The best policy of the iterations so far."""

    k: int  # iteration that it is of
    theta: NDArray[np.float64]  # (n_theta,)
    success: float  # share of its rollouts
    cost: float  # mean of theirs, a step counting as LARGEST_COST at most

    @property
    def rank(self) -> tuple[float, float]:
        """Least for the best."""
        return -self.success, self.cost


def best_of(model: Model, best: Best | None, policy: Policy, k: int, seed: int) -> Best:
    """The better one of ``best`` and the policy of iteration k; the earlier of equals."""
    rollouts = run_policy(
        model,
        policy,
        ROLLOUTS * len(model.x0s),
        model.robot.task.horizon,
        np.random.default_rng((seed, 0)),  # (seed, k) measures iteration k
    )
    cost = float(np.minimum(rollouts.c, LARGEST_COST).sum(axis=1).mean())
    new = Best(k, policy.theta, float(successes(model, rollouts).mean()), cost)
    return new if best is None else min(best, new, key=lambda tried: tried.rank)
