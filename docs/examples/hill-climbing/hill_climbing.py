"""Hill climbing: of the last policy and others near it, keep the one that costs least."""

import numpy as np

from vgps.policy.methods import Method
from vgps.policy.mstep import Fit
from vgps.policy.rollouts import run_policy
from vgps.policy.state import Improvement, imitate


def improve(model, settings, state, rng):
    """Try as many neighbours as `--samples` says, all in the same rollouts."""
    theta, S = state.policy.theta, len(state.q)
    steps = 0.02 * rng.standard_normal((settings.rollouts, theta.size))
    tried = [state.policy, *(state.policy.with_theta(theta + step) for step in steps)]
    seed = rng.integers(2**32)
    costs = []
    for policy in tried:
        rollouts = run_policy(model, policy, S, settings.horizon, np.random.default_rng(seed))
        costs.append(rollouts.cost.mean())
    best = int(np.argmin(costs))
    return Improvement(Fit(tried[best], -costs[best], len(tried)), rollouts=S * len(tried))


METHOD = Method(begin=imitate, improve=improve)  # q stays, and nothing else is remembered
