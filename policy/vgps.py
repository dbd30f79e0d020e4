"""Variational guided policy search: lines 4 and 6 of Levine & Koltun (2013), Algorithm 1.

    4      theta <- argmax L(q, theta)                                   ``improve``
    6      q <- DDP with cost alpha_k c - log pi_theta                   ``adapt``

The other lines are the frame of every method (`policy.search`).  Those that VGPS is compared with
improve the policy in other ways; some of them adapt q like VGPS, the others leave it as it was.

Its M-steps stop before they converge.  After the first q has the highest feedback gains and is
least like the q of later iterations: of 4, 12 and 100 iterations from each start 0.88, 0.76 and
0.37 of the noisy rollouts of a walker with 5 units succeed at the end of the search (means of six
seeds).  Later ones are as good after 12 as after 25.

Methods that learn from rollouts want more, but not ever more: with 12, 50 and 100 iterations in
every M-step 0.01, 0.48 and 0.63 of the rollouts of DAGGER's swimmers with 5 units succeed, and
0.49, 0.70 and 0.03 of those of adapted DAGGER's walkers with 10 (means of ten seeds).
"""

from collections.abc import Sequence

import numpy as np

from vgps.codegen.model import Model
from vgps.policy.cost_term import negative_log_policy
from vgps.policy.gaussian import Policy
from vgps.policy.mstep import draws_of, fit
from vgps.policy.state import Improvement, SearchSettings, SearchState, imitate
from vgps.solver.distribution import TrajectoryDistribution
from vgps.solver.ilqr import Solution, ilqr
from vgps.solver.objective import task_objective, with_extra

FIRST_ITERATIONS = 4  # of L-BFGS in the first M-step, from each of its starts
ITERATIONS = 12  # in every other


def begin(
    model: Model,
    settings: SearchSettings,
    q: Sequence[TrajectoryDistribution],
    rng: np.random.Generator,
) -> Improvement:
    """Line 4 for the first time."""
    unfinished = settings.fit._replace(iterations=FIRST_ITERATIONS)
    return imitate(model, settings._replace(fit=unfinished), q, rng)


def improve(
    model: Model, settings: SearchSettings, state: SearchState, rng: np.random.Generator
) -> Improvement:
    """Line 4: the policy imitates the q of every initial state."""
    draw = draws_of(state.q, state.policy.observation, settings.fit)
    unfinished = settings.fit._replace(iterations=ITERATIONS)
    return Improvement(fit(state.policy, draw, unfinished, rng))


def adapt(
    model: Model,
    settings: SearchSettings,
    policy: Policy,
    q: TrajectoryDistribution,
    alpha: float,
    rng: np.random.Generator,
) -> Solution:
    """Line 6 for one of the initial states: DDP on alpha c - log pi_theta from the mean of its q.

    -log pi is averaged over the trajectory itself and over states displaced by draws from the
    marginals, where the action follows the feedback of q: u + K dx (section 4).

    The optimisation starts from the mean actions of q.
    """
    dX = q.antithetic_displacements(settings.pairs, rng)  # (T, S, nx)
    dU = dX @ q.K.transpose(0, 2, 1)  # (T, S, nu)
    objective = with_extra(
        task_objective(model, settings.horizon, alpha), negative_log_policy(policy, dX, dU)
    )
    return ilqr(model, objective, q.X[0], q.U, settings.adapt)
