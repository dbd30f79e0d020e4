"""What a pass of the finish (`policy.finish`) is worth: its result, and whether another follows.

The result is the mean of the weights over the end of the pass, if it is better than the policy
before on fresh noise, the same for both, and over several horizons where the task goes on: within
one a policy that lasts may well cost more than one that is about to fail.
"""

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.model import Model
from vgps.policy import finish
from vgps.policy.disturbance import process_noise
from vgps.policy.evaluation import successes
from vgps.policy.finish import FinishState
from vgps.policy.gaussian import Policy
from vgps.policy.rollouts import Rollouts, initial_states, run_policy, run_policy_from

Array = NDArray[np.float64]

GOOD = 0.95  # share of rollouts under all noise whose success over LASTING horizons is enough
ROLLOUTS = 128  # by which a policy is compared with another
LASTING = 4  # horizons over which a result is judged, where the task goes on
CLEAR = 2.0  # standard errors by which one policy succeeds more often than another


def result(model: Model, policy: Policy, state: FinishState, rng: np.random.Generator) -> Policy:
    """The policy with the mean weights of the end, or what it was before where that is better.

    Better is what clearly succeeds more often over all steps that are judged; where neither does,
    what does so within the first horizon; else what costs less.  The cost comes last because a task
    that is often failed may cost least where it is not tried.
    """
    before = policy.with_theta(state.before)
    theta = state.before.copy()  # sigma stays to the bit
    theta[: -model.nu] = state.averaged
    after = policy.with_theta(theta)
    T = _judged_steps(model)
    x0, disturbance = initial_states(model, ROLLOUTS, rng), process_noise(model, ROLLOUTS, T, rng)
    noise = before.sigma * rng.standard_normal((ROLLOUTS, T, model.nu))

    def judged(policy: Policy) -> tuple[Array, float]:
        runs = run_policy_from(model, policy, x0, noise, disturbance)
        return _successes(model, runs), float(np.minimum(runs.c, state.cap).sum())

    (good, cost), (good_before, cost_before) = judged(after), judged(before)
    for gained in good - good_before:
        if abs(gained.mean()) > CLEAR * gained.std() / np.sqrt(ROLLOUTS):
            return after if gained.mean() > 0.0 else before
    return after if cost < cost_before else before


def needs_another_pass(
    model: Model, policy: Policy, state: FinishState, rng: np.random.Generator
) -> bool:
    """Whether the result ``policy`` of a pass is worth one more: better, but not yet good.

    One that never succeeds has learned something else, such as to lie down.
    """
    if state.passes + 1 == finish.PASSES or np.array_equal(policy.theta, state.before):
        return False
    runs = run_policy(model, policy, 2 * ROLLOUTS, _judged_steps(model), rng)
    good = _successes(model, runs).mean(axis=1)
    return bool(good[0] < GOOD and good[-1] > 0.0)


def _judged_steps(model: Model) -> int:
    """Of the rollouts by which a result is judged."""
    task = model.robot.task
    return task.horizon * (1 if task.ends else LASTING)


def _successes(model: Model, runs: Rollouts) -> Array:
    """(1 or 2, R) over all steps of rollouts and within their first horizon, if these differ."""
    X, U, c = runs
    spans = dict.fromkeys((U.shape[1], model.robot.task.horizon))
    return np.array(
        [successes(model, Rollouts(X[:, : n + 1], U[:, :n], c[:, :n])) for n in spans], dtype=float
    )
