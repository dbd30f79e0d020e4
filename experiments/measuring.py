"""What metrics.csv says of each policy on the way."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.model import Model
from vgps.policy.evaluation import summarize
from vgps.policy.gaussian import Policy
from vgps.policy.rollouts import initial_indices, run_policy
from vgps.solver.distribution import TrajectoryDistribution

ROLLOUTS = 10  # from each initial state, as many as the paper's methods that sample their policy


def spread_against(
    q: Sequence[TrajectoryDistribution], X: NDArray[np.float64], steps: int
) -> float:
    """How far rollouts of the policy spread, as a multiple of what the marginals of q say.

    Infinite or NaN where a rollout leaves what is finite.

    The linear marginals tell the policy which states to expect.  The value is that of the
    initial state and the coordinate with the largest multiple, each a root of mean squares over the
    steps.

    Args:
        q: of each initial state; of which the policy was learned, or that was adapted to it.
        X: (R, T+1, nx) rollouts with the policy's noise, from each initial state in turn.
        steps: that the policy learns from.
    """
    start = initial_indices(len(X), len(q))
    return float(np.max([_spread(one, X[start == s], steps) for s, one in enumerate(q)]))


def _spread(q: TrajectoryDistribution, X: NDArray[np.float64], steps: int) -> float:
    with np.errstate(over="ignore", invalid="ignore"):
        seen = np.var(X[:, :steps], axis=0).mean(axis=0)  # (nx,)
    expected = np.diagonal(q.Sigma[:steps], axis1=1, axis2=2).mean(axis=0)  # (nx,)
    known = expected > 0.0
    return float(np.sqrt((seen[known] / expected[known]).max(initial=0.0)))


def measured(
    model: Model,
    policy: Policy,
    seed: int,
    row: int,
    q: Sequence[TrajectoryDistribution] | None = None,
) -> dict[str, float]:
    """Average cost and success of a policy, with its noise and without; ``spread`` against q.

    The random stream is that of this row alone, so that measuring changes nothing in learning.
    """
    columns: dict[str, float] = {}
    for kind in ("stochastic", "deterministic"):
        rollouts = run_policy(
            model,
            policy,
            ROLLOUTS * len(model.x0s),
            model.robot.task.horizon,
            np.random.default_rng((seed, row)),
            stochastic=kind == "stochastic",
            disturbed=False,
        )
        summary = summarize(model, rollouts)
        columns |= {f"{kind}_cost": summary.mean_cost, f"{kind}_success": summary.success_rate}
        if kind == "stochastic" and q is not None:
            steps = model.robot.task.horizon - model.robot.tail
            columns["spread"] = spread_against(q, rollouts.X, steps)
    return columns
