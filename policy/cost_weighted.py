"""Expectation maximisation on the policy's own samples (Levine & Koltun 2013, section 6).

The analogue of PoWER (Kober & Peters, NIPS 2009) for a policy that is not linear.  It differs from
VGPS in q, which is not optimised: q consists of rollouts i of the current policy, weighted by the
exponential of their negative cost.  The M-step is weighted maximum likelihood of the actions taken,

    w_t^i = exp(-alpha sum_{s>=t} c_s^i) / sum_j exp(-alpha sum_{s>=t} c_s^j)
    theta <- argmax sum_t sum_i w_t^i log pi_theta(u_t^i | x_t^i)                          (eq. 3)

As in PoWER an action is weighted by the cost from its time step on: it does not influence earlier
costs, which would only add noise.  (With the cost of whole rollouts usually a single one has almost
all of the weight: the 5-unit swimmer with 1000 samples ends at 1511 instead of 358.)  The first
policy imitates the initial DDP solutions; after that exploration is the policy's own noise.
Where the task has several initial states, the sum over j is over the rollouts from the same one, so
that all of them count alike, however much more it costs to begin at one than at another.
Rollouts last the whole horizon.  A fit sees as many states as one of VGPS, drawn by their
weights.

Where rollouts are few, an M-step takes fewer iterations of L-BFGS.  Swimmers with 5 units that
learn from 10 rollouts at a time succeed in 0.55 of their noisy rollouts with 12 and in 0.43 with
50 (means of 40 seeds, of which 8 and 6 succeed in at least 0.8); of those that learn from 1000 it
is 19 and 24 of 30 seeds.  Numbers between were not tried.
"""

import numpy as np

from vgps.codegen.model import Model
from vgps.policy.disturbance import process_noise
from vgps.policy.mstep import Samples, fit
from vgps.policy.rollouts import (
    LARGEST_COST,
    initial_indices,
    initial_states,
    run_policy_from,
    until_failure,
)
from vgps.policy.state import Improvement, SearchSettings, SearchState, annealed
from vgps.policy.weights import normalized, subset

FEW = 100  # rollouts are more than few
ITERATIONS_OF_FEW = 12  # of L-BFGS in an M-step


def improve(
    model: Model, settings: SearchSettings, state: SearchState, rng: np.random.Generator
) -> Improvement:
    """The policy fitted to rollouts of the current one, by their weights."""
    policy = state.policy
    R, T = settings.rollouts, settings.horizon
    x0, disturbance = initial_states(model, R, rng), process_noise(model, R, T, rng)
    noise = policy.sigma * rng.standard_normal((R, T, model.nu))
    X, _, c = run_policy_from(model, policy, x0, noise, disturbance)
    cost = until_failure(c)
    if not (cost < LARGEST_COST).any():
        raise FloatingPointError(
            f"in all {R} rollouts of the policy the first step costs {LARGEST_COST:g} or more"
        )
    alpha, S = annealed(settings, state.k), len(state.q)
    start, log_weights = initial_indices(R, S), np.empty((R, T))
    for s in range(S):
        log_weights[start == s] = cost_weights(cost[start == s], alpha)
    size = S * T * settings.fit.states_per_step

    def draw(rng: np.random.Generator) -> Samples:
        chosen, weights = subset(log_weights.ravel(), size, rng)
        r, t = chosen // T, chosen % T
        inputs = policy.observation.at_steps(X[r, t], t)  # (n, n_in)
        # As the policy drew them: pi_theta has no density for actions that a limit has clipped.
        actions = policy.mean_of(inputs) + noise[r, t]  # (n, nu)
        return Samples.of_actions(inputs, actions, weights)

    how = settings.fit._replace(iterations=ITERATIONS_OF_FEW) if R < FEW else settings.fit
    return Improvement(fit(policy, draw, how, rng), rollouts=R)


def cost_weights(cost: np.ndarray, alpha: float) -> np.ndarray:
    """log w (R, T) of rollouts with these costs (R, T) at each step; -inf from a failure on."""
    to_go = np.cumsum(cost[:, ::-1], axis=1)[:, ::-1]
    with np.errstate(divide="ignore"):
        log_weights = np.log(normalized(-alpha * to_go, axis=0))
    # Where all have failed, the weights of the failed are not zero by themselves.
    return np.where(cost < LARGEST_COST, log_weights, -np.inf)
