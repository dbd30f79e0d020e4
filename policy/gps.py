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

Phi is that of ``policy.estimator``, the reward is the negative cost, and the sample set that of
``policy.sample_set``.  The policy of an iteration is theta*.  Line 3 is the first M-step of VGPS
instead of maximum likelihood of the samples: it integrates over the actions and sees more states,
and is converged further.  Rollouts last the whole horizon, whose end costs what it costs.

It learns from one initial state.  With several, samples of one would have to count under the guides
and policies of that one alone, in groups that the estimator does not know.
"""

import math
from collections.abc import Sequence
from functools import partial

import numpy as np

from vgps.codegen.model import Model
from vgps.policy.controller import LinearGaussianController
from vgps.policy.estimator import ReturnEstimate
from vgps.policy.gaussian import Policy
from vgps.policy.mstep import Fit, minimized
from vgps.policy.optimizers import lbfgs
from vgps.policy.sample_set import (
    SampleSet,
    active_set,
    estimator_data,
    guide_batch,
    policy_batch,
    with_guide,
    with_policy,
)
from vgps.policy.scaling import Scaling
from vgps.policy.state import Improvement, SearchSettings, SearchState, imitate
from vgps.solver.distribution import TrajectoryDistribution

ITERATIONS = 20  # of L-BFGS
GUIDE_ALPHA = 10.0  # weight of the cost in the initial DDP solution whose samples guide
REGULARIZER = (1e-3, 10.0)  # least and greatest w_r
FIRST_REGULARIZER = 0.1
FACTOR = 10.0  # by which w_r falls and rises


def begin(
    model: Model,
    settings: SearchSettings,
    q: Sequence[TrajectoryDistribution],
    rng: np.random.Generator,
) -> Improvement:
    """Lines 1 to 4, of the q of the only initial state."""
    R, T = settings.rollouts, settings.horizon
    narrow = math.sqrt(settings.alpha_start / GUIDE_ALPHA)
    guide = LinearGaussianController.of(q[0], T)
    guide = guide._replace(root=narrow * guide.root)
    fitted = imitate(model, settings, q, rng).fit
    batches = guide_batch(model, guide, R, rng), policy_batch(model, fitted.policy, R, T, rng)
    X, U, cost = map(np.stack, zip(*batches, strict=True))
    sample_set = SampleSet(
        X,
        U,
        cost,
        guide_X=guide.X[None],
        guide_U=guide.U[None],
        guide_K=guide.K[None],
        guide_root=guide.root[None],
        theta=fitted.policy.theta[None],
        best=0,
        regularizer=FIRST_REGULARIZER,
    )
    return Improvement(fitted, sample_set, 2 * R)


def improve(
    model: Model,
    settings: SearchSettings,
    state: SearchState,
    rng: np.random.Generator,
    adapted: bool = False,
) -> Improvement:
    """Lines 6 to 11, of a state with a `SampleSet` as its memory; line 9 where ``adapted``."""
    R, T = settings.rollouts, settings.horizon
    sample_set: SampleSet = state.memory
    best = state.policy
    if adapted:
        guide = LinearGaussianController.of(state.q[0], T)
        sample_set = with_guide(sample_set, guide, guide_batch(model, guide, R, rng))
    result, newest = optimized(sample_set, best)
    sample_set = with_policy(sample_set, newest, policy_batch(model, newest, R, T, rng))
    data = estimator_data(sample_set, best)
    estimate = ReturnEstimate(*data, len(best.b1), 0.0)
    least, greatest = REGULARIZER
    w_r = float(sample_set.regularizer)
    if estimate(newest.theta)[0] < estimate(best.theta)[0]:
        best, w_r = newest, max(w_r / FACTOR, least)
        sample_set = sample_set._replace(best=len(sample_set.theta) - 1)
    else:
        w_r = min(w_r * FACTOR, greatest)
    sample_set = active_set(sample_set._replace(regularizer=w_r), best, data)
    fitted = Fit(best, result.value, result.evaluations, result.reason)
    return Improvement(fitted, sample_set, (1 + adapted) * R)


improve_adapted = partial(improve, adapted=True)


def optimized(sample_set: SampleSet, policy: Policy) -> tuple[lbfgs.Result, Policy]:
    """Line 7 from ``policy``, which is theta*."""
    Z, U, reward, log_q = estimator_data(sample_set, policy)
    scaling = Scaling.of(Z.reshape(-1, Z.shape[-1]), U.reshape(-1, U.shape[-1]))
    # The unit of action changes log pi by the same amount at each step of all samples.
    log_q = log_q + np.log(scaling.action).sum() * np.arange(1, log_q.shape[1] + 1)
    objective = ReturnEstimate(
        scaling.inputs(Z),
        U / scaling.action,
        reward,
        log_q,
        len(policy.b1),
        float(sample_set.regularizer),
    )
    return minimized(objective, policy, scaling, ITERATIONS)
