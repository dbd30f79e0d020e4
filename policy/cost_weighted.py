"""Expectation maximisation on the policy's own samples (Levine & Koltun 2013, section 6).

The analogue of PoWER (Kober & Peters, NIPS 2009) for a policy that is not linear: VGPS, but for q,
which is not optimised.  It consists of rollouts i of the current policy, weighted by the
exponential of their cost, and the M-step is weighted maximum likelihood of the actions taken,

    w_t^i = exp(-alpha sum_{s>=t} c_s^i) / sum_j exp(-alpha sum_{s>=t} c_s^j)
    theta <- argmax sum_t sum_i w_t^i log pi_theta(u_t^i | x_t^i)                          (eq. 3)

As in PoWER an action is weighted by the cost from its time step on: it has no part in what came
before, which would only add noise.  (With the cost of whole rollouts mostly a single one has any
weight: the 5-unit swimmer with 1000 samples ends at 1511 instead of 358.)  The first policy
imitates the initial DDP solution; from there on all exploration is random.  Rollouts are as long as
what VGPS learns from, the horizon without its tail, and a fit sees as many states as one of VGPS,
drawn by their weights anew for each of its rounds.
"""

import numpy as np

from vgps.codegen.model import Model
from vgps.policy.evaluation import LARGEST_COST, initial_states, run_policy_from, step_costs
from vgps.policy.mstep import Samples, fit
from vgps.policy.state import Improvement, SearchSettings, SearchState, annealed, imitate
from vgps.policy.weights import normalized, subset


def improve(
    model: Model, settings: SearchSettings, state: SearchState, rng: np.random.Generator
) -> Improvement:
    """Rollouts of the policy, and the policy fitted to the best of them."""
    policy = state.policy
    if policy is None:
        return Improvement(imitate(model, settings, state, rng))
    R, T = settings.rollouts, settings.learned_steps
    noise = policy.sigma * rng.standard_normal((R, T, model.nu))
    X, U, _ = run_policy_from(model, policy, initial_states(model, R, rng), noise)
    log_weights = cost_weights(step_costs(model, X, U), annealed(settings, state.k)).ravel()

    def draw(rng: np.random.Generator) -> Samples:
        chosen, weights = subset(log_weights, T * settings.fit.samples, rng)
        r, t = chosen // T, chosen % T
        states = X[r, t]  # (n, nx)
        # What the policy asked for: where a torque limit cut it off, pi_theta has no density.
        actions = policy.mean(states) + noise[r, t]  # (n, nu)
        return Samples.of_actions(states[:, policy.observed], actions, weights)

    return Improvement(fit(policy, draw, settings.fit, rng), rollouts=R)


def cost_weights(cost: np.ndarray, alpha: float) -> np.ndarray:
    """log w (R, T) of rollouts with these costs (R, T) at each step; failed ones have no weight."""
    to_go = np.cumsum(cost[:, ::-1], axis=1)[:, ::-1]
    with np.errstate(divide="ignore"):
        log_weights = np.log(normalized(-alpha * to_go, axis=0))
    # Even where all have failed, and one of them is the best.
    return np.where(cost < LARGEST_COST, log_weights, -np.inf)
