"""What metrics.csv says of each policy on the way."""

import numpy as np

from vgps.codegen.model import Model
from vgps.policy.evaluation import summarize
from vgps.policy.gaussian import Policy
from vgps.policy.rollouts import run_policy

ROLLOUTS = 10  # as many as the paper's methods that sample their policy


def measured(model: Model, policy: Policy, seed: int, row: int) -> dict[str, float]:
    """Average cost and success of a policy, with its noise and without.

    The random stream is that of this row alone, so that measuring changes nothing in learning.
    """
    columns: dict[str, float] = {}
    for kind in ("stochastic", "deterministic"):
        rollouts = run_policy(
            model,
            policy,
            ROLLOUTS,
            model.robot.task.horizon,
            np.random.default_rng((seed, row)),
            stochastic=kind == "stochastic",
            disturbed=False,
        )
        summary = summarize(model, rollouts)
        columns |= {f"{kind}_cost": summary.mean_cost, f"{kind}_success": summary.success_rate}
    return columns
