"""Expectation maximisation on the policy's own samples (Levine & Koltun 2013, section 6).

The analogue of PoWER (Kober & Peters, NIPS 2009) for a policy that is not linear: VGPS, but for q,
which is not optimised: it consists of rollouts zeta_i of the current policy, weighted by

    w_i ~ exp(-alpha c(zeta_i)),

and the M-step is weighted maximum likelihood of the actions that were taken,

    theta <- argmax sum_i w_i sum_t log pi_theta(u_t^i | x_t^i)                           (eq. 3)

The first policy imitates the initial DDP solution; from there on all exploration is random.  A fit
sees as many states as one of VGPS, drawn from the weighted rollouts anew for each of its rounds.
Over a whole rollout costs differ by hundreds, so that mostly a single one has any weight.
"""

import numpy as np

from codegen.model import Model
from policy.evaluation import initial_states, run_policy_from
from policy.mstep import Samples, fit
from policy.search import SearchSettings, State, Step, annealed, imitate
from policy.weights import subset


def improve(model: Model, settings: SearchSettings, state: State, rng: np.random.Generator) -> Step:
    """Rollouts of the policy, and the policy fitted to the best of them.

    Raises FloatingPointError where no rollout stays finite.
    """
    policy = state.policy
    if policy is None:
        return Step(imitate(model, settings, state, rng))
    R, T = settings.rollouts, settings.horizon
    noise = policy.sigma * rng.standard_normal((R, T, model.nu))
    rollouts = run_policy_from(model, policy, initial_states(model, R, rng), noise)
    log_weights = -annealed(settings, state.k) * rollouts.cost  # (R,)
    return Step(
        fit(
            policy,
            lambda rng: likely(policy, rollouts.X, noise, log_weights, settings, rng),
            settings.fit,
            rng,
        ),
        rollouts=R,
    )


def likely(policy, X, noise, log_weights, settings: SearchSettings, rng) -> Samples:
    """States of rollouts X (R, T+1, nx) by the rollouts' weights, with the actions taken there.

    Actions are those that the policy asked for, its mean and ``noise`` (R, T, nu): where a torque
    limit cut them off, pi_theta has no density of its own.
    """
    T = noise.shape[1]
    chosen, weights = subset(np.repeat(log_weights, T), T * settings.fit.samples, rng)
    r, t = chosen // T, chosen % T
    states = X[r, t]  # (n, nx)
    actions = policy.mean(states) + noise[r, t]  # (n, nu)
    return Samples.of_actions(states[:, policy.observed], actions, weights)
