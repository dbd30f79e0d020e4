"""Rollouts of policies in another engine, from the same starts under the same draws of noise."""

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.model import Model
from vgps.experiments.progress import Update
from vgps.experiments.transfer.engine import Engine
from vgps.policy.disturbance import Disturbance, disturb, undisturbed
from vgps.policy.gaussian import Policy
from vgps.policy.rollouts import Rollouts

Array = NDArray[np.float64]


def follow(
    engine: Engine,
    model: Model,
    policy: Policy,
    x0: Array,
    noise: Array,
    disturbance: Disturbance | None,
    update: Update,
) -> Rollouts:
    """What `policy.rollouts.run_policy_from` gives, of another engine, one rollout after another.

    Args:
        engine: where the robot moves.
        model: what it costs, what the policy sees, and what disturbances do.
        policy: of this robot.
        x0: (R, nx).
        noise: (R, T, nu) added to the mean actions.
        disturbance: of R rollouts; none when absent.
        update: hears how many rollouts are done.
    """
    R, T, _ = noise.shape
    acting = undisturbed(R, T) if disturbance is None else disturbance
    each = []
    with engine.running():
        for r in range(R):
            of_one = Disturbance(*(part[r : r + 1] for part in acting))
            each.append(_follow_one(engine, model, policy, x0[r], noise[r], of_one))
            update(r + 1, "")
    return Rollouts(*map(np.array, zip(*each, strict=True)))


# A rollout that diverges may cost more than there are numbers for.
@np.errstate(over="ignore", invalid="ignore")
def _follow_one(
    engine: Engine,
    model: Model,
    policy: Policy,
    x0: Array,
    noise: Array,
    disturbance: Disturbance,
) -> tuple[Array, Array, Array]:
    """X (T+1, nx), U (T, nu) and c (T,) from x0 (nx,) with noise (T, nu)."""
    T, nu = noise.shape
    X, U = np.full((T + 1, model.nx), np.nan), np.full((T, nu), np.nan)
    limits = model.limits
    X[0] = x0
    engine.reset()
    for t in range(T):
        o = policy.observation.at_steps(X[t], t)
        U[t] = np.clip(policy.mean_of(o) + noise[t], *limits)
        after = engine.step(X[t], U[t])[None]  # (1, nx)
        disturb(model, disturbance, t, after)
        if not np.isfinite(after).all():
            break
        X[t + 1] = after[0]
    c = model.cost(X, U)
    finite = np.isfinite(c) & np.isfinite(X[1:]).all(axis=1)
    return X, U, np.where(np.logical_and.accumulate(finite), c, np.inf)
