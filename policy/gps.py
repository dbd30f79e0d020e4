"""Guided policy search (Levine & Koltun, ICML 2013, Algorithm 1), one DDP solution.

    1,2   DDP solution pi_G, samples zeta_1..m of it
    3     theta* <- policy fitted to it
    4     sample set S: the samples of pi_G and of pi_theta*
    5     for k = 1..K
    6         choose the active set S_k from S
    7         theta_k <- argmax Phi_S_k(theta), by L-BFGS from theta*
    8         append samples of pi_theta_k to S_k and S
    9         adapted-gps: append samples of the DDP solution adapted to theta*
    10        estimate the returns of theta_k and theta* on S_k
    11        where theta_k is better, theta* <- theta_k and w_r falls; otherwise w_r rises

Phi is that of ``policy.estimator``, the reward the negative cost, the sample set that of
``policy.sample_set``.  The policy of an iteration is theta*.  Line 3 is the first M-step of VGPS
rather than likelihood of the samples: it integrates over the actions and sees more states.  Like
VGPS the policy does not learn from the tail of the horizon.
"""

from functools import partial

import numpy as np

from vgps.codegen.model import Model
from vgps.policy.controller import Controller
from vgps.policy.estimator import ReturnEstimate
from vgps.policy.gaussian import Policy
from vgps.policy.mstep import Fit
from vgps.policy.optimizers import lbfgs
from vgps.policy.sample_set import Memory, active, guided, sampled, samples, with_guide, with_policy
from vgps.policy.scaling import Scaling
from vgps.policy.state import Improvement, SearchSettings, SearchState, imitate

ITERATIONS = 20  # of L-BFGS
REGULARIZER = (1e-6, 1e-2)  # least and greatest w_r; it begins with the greatest
FACTOR = 10.0  # by which w_r falls and rises


def improve(
    model: Model,
    settings: SearchSettings,
    state: SearchState,
    rng: np.random.Generator,
    adapted: bool = False,
) -> Improvement:
    """Lines 1 to 4 the first time, then lines 6 to 11."""
    R, T = settings.rollouts, settings.learned_steps
    guide = Controller.of(state.q, T)
    if state.policy is None:
        fitted = imitate(model, settings, state, rng)
        batches = guided(model, guide, R, rng), sampled(model, fitted.policy, R, T, rng)
        X, U, cost = map(np.stack, zip(*batches, strict=True))
        guides = (part[None] for part in guide)
        memory = Memory(X, U, cost, *guides, fitted.policy.theta[None], 0, REGULARIZER[1])
        return Improvement(fitted, memory, 2 * R)

    memory, best = state.memory, state.policy
    if adapted:
        memory = with_guide(memory, guide, guided(model, guide, R, rng))
    result, newest = optimized(memory, best)
    memory = with_policy(memory, newest, sampled(model, newest, R, T, rng))
    data = samples(memory, best)
    estimate = ReturnEstimate(*data, len(best.b1), 0.0)
    least, greatest = REGULARIZER
    w_r = float(memory.regularizer)
    if estimate(newest.theta)[0] < estimate(best.theta)[0]:
        best, w_r = newest, max(w_r / FACTOR, least)
        memory = memory._replace(best=len(memory.theta) - 1)
    else:
        w_r = min(w_r * FACTOR, greatest)
    memory = active(memory._replace(regularizer=w_r), best, data)
    return Improvement(Fit(best, result.value, result.evaluations), memory, (1 + adapted) * R)


improve_adapted = partial(improve, adapted=True)


def optimized(memory: Memory, policy: Policy) -> tuple[lbfgs.Result, Policy]:
    """Line 7 from ``policy``, which is theta*."""
    Z, U, reward, log_q = samples(memory, policy)
    scaling = Scaling.of(Z.reshape(-1, Z.shape[-1]), U.reshape(-1, U.shape[-1]))
    # The unit of action changes log pi by the same amount at each step of all samples.
    log_q = log_q + np.log(scaling.action).sum() * np.arange(1, log_q.shape[1] + 1)
    objective = ReturnEstimate(
        scaling.inputs(Z),
        U / scaling.action,
        reward,
        log_q,
        len(policy.b1),
        float(memory.regularizer),
    )
    result = lbfgs.minimize(
        objective,
        scaling.to_standard(policy),
        max_iterations=ITERATIONS,
        gradient_tolerance=1e-7,
        value_tolerance=1e-9,
    )
    return result, scaling.to_raw(policy, result.x)
