"""The average-cost finish: a policy that does the task learns to go on doing it under noise.

Levine & Koltun (2013, section 8) name the average-cost objective as future work.  It asks for the
cost of a step in the long run,

    eta(theta) = lim 1/T E[ sum_t c(x_t, u_t) ],

under the task's initial states, the policy's noise and the process noise.  The finish lowers it by
antithetic natural evolution strategy on the weights (Wierstra et al., JMLR 15, 2014; Salimans et
al., arXiv:1703.03864, 2017); sigma stays as it was.  It needs rollouts only: no value function, no
discount and no gradient through contacts.  With B a basis in which steps of unit length are equally
far in nats (`policy.fisher`), an iteration is

    xi_i ~ N(0, I / n),   theta_i+- = theta +- SPREAD B xi_i,   i = 1..PAIRS
    d_i = sum_t min(c_t+, cap) - sum_t min(c_t-, cap)   over STEPS steps, both under the same noise
    m <- MOMENTUM m + (1 - MOMENTUM) mean_i d_i xi_i
    theta <- theta - sqrt(2 KL) B m / |m|.

A cost above the cap is a failure whatever its size; without it, one fall outweighs all of walking.
The process noise is HARDER than the task's: where few rollouts fail, they say little about why.

**Starts.**  Where the task goes on, half of the rollouts that are still alive are continued by the
next iteration, so that the states are those of long runs though no rollout is long.  Alive is who
cost, over its last steps, no more than a multiple of what success cost at the beginning; that
bound is fixed, because a running one would come to take lying on the ground for normal.  Where the
task ends (`Task.ends`), all rollouts begin at the task's initial states and last its horizon.

**End.**  A policy whose cost has stopped falling, each failure being a part of it, has little left
to learn: a swimmer has from the beginning, a walker after a hundred to three hundred iterations.
An iteration then goes less and less far, and the mean of theta over these last iterations is what
comes out, if it is better than the policy before (`policy.finish_result`).

All that is a pass.  Where its result still fails too often, another pass begins from it, with
bounds of its own: one from a policy that hardly did the task ends with one that does it often.  The
d_i are cut so that the few rollouts that fail do not drown the rest; where these few are what is
left to learn from, a later pass cuts less.  While many fail, cutting less learns nothing.  A later
pass goes on as long as more than a few fail, though rare failures are too small a share of the cost
to show in it.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.model import Model
from vgps.policy.disturbance import process_noise
from vgps.policy.evaluation import successes
from vgps.policy.fisher import natural_basis
from vgps.policy.gaussian import Policy
from vgps.policy.rollouts import LARGEST_COST, Rollouts, initial_states, run_policy, run_policy_from

Array = NDArray[np.float64]

ITERATIONS = 420  # at most
PASSES = 3  # at most
ROUND = 20  # iterations with the same basis B
ROUNDS = ITERATIONS // ROUND  # at most
CLOSING = 20  # iterations at the end, whose theta is averaged
IDLE = 2  # rounds in a row that gain nothing, after which the end begins
GAIN = 0.02  # share of the cost by which a round that gains something is below the last such
SELDOM = 1 / 200  # share of rollouts that fail above which a later pass has something to gain
PAIRS = 128
ROLLOUTS = 2 * PAIRS * ROUND  # of a round
STEPS = 300  # of a rollout, where the task goes on
SPREAD = 0.2  # of the weights that are tried, in units of B
MOMENTUM = 0.8
KL = 0.01  # nats a step, to which an iteration goes; it falls to a tenth
HARDER = 1.5  # times the process noise, so that there are failures enough to learn from
CAP = 5.0  # multiples of the largest median cost of a step of rollouts that succeed
CAP_OF_AN_END = 25.0  # the same, where a task that ends may ask for a costly way to its goal
ENOUGH = 1 / 16  # share of rollouts whose success is enough to judge the others by
DEAD = 4.0  # multiples of the largest median of the mean cost over RECENT steps
RECENT = 50
CONTINUED = 0.5  # share of the living rollouts that go on
STATES = 3000  # that the Fisher matrix is averaged over
CLIPPED = 10.0  # multiples of the median |d_i| beyond which d_i is cut
CLIPPED_IF_RARE = 100.0  # the same in a pass after another that begins with rare failures
RARE = 0.25  # share of rollouts that fail, at most


class FinishState(NamedTuple):
    """After some iterations: all that the next depends on beside the generator."""

    passes: int  # that are done
    earlier: int  # rounds of these passes
    iteration: int  # of this pass
    closing: int  # iteration of this pass with which its end begins, at the latest
    least: float  # mean cost of a step in the last round that gained something
    idle: int  # rounds in a row that were not worth another
    theta: Array  # (n_weights + nu,) of the policy
    before: Array  # (n_weights + nu,) of the policy before the pass
    momentum: Array  # (n_weights,) m
    total: Array  # (n_weights,) sum of the weights that are averaged in the end
    pool: Array  # (PAIRS, nx) where the next rollouts begin
    visited: Array  # (n, nx) states of earlier rollouts
    visited_t: Array  # (n,) s, when they were visited
    cap: float
    dead: float
    clipped: float  # multiples of the median |d_i| beyond which d_i is cut

    @property
    def rounds(self) -> int:
        """Rounds that are done, of all passes."""
        return self.earlier + self.iteration // ROUND

    @property
    def ended(self) -> bool:
        """Whether the pass has nothing more to do."""
        return self.iteration >= self.closing + CLOSING

    @property
    def averaged(self) -> Array:
        """(n_weights,) the mean of the weights over the pass's end."""
        return self.total / (self.iteration - self.closing)

    @property
    def nats(self) -> float:
        """How far the next iteration goes."""
        share = 1.0 - 0.9 * min(self.iteration, self.closing) / ITERATIONS
        closed = max(0.0, (self.iteration - self.closing) / CLOSING)
        return KL * (share + (0.1 - share) * closed)


class FinishRecord(NamedTuple):
    """What there is to say about a round."""

    iteration: int
    cost: float  # mean of a step, each at most the cap
    failed: float  # share of the rollouts that are not alive at their end


def begin(
    model: Model, policy: Policy, rng: np.random.Generator, last: FinishState | None = None
) -> FinishState:
    """The state before the first round of a pass, from what the policy does at present.

    ``last`` is the end of the pass before this one.
    """
    runs, good, failing = _rollouts_that_succeed(model, policy, rng)
    c = np.minimum(runs.c[good], LARGEST_COST)
    recent = min(RECENT, c.shape[1])
    total = np.cumsum(np.pad(c, ((0, 0), (1, 0))), axis=1)
    moving = (total[:, recent:] - total[:, :-recent]) / recent  # (R, T - recent + 1)
    cap = _multiple_of_largest_median(c, CAP_OF_AN_END if model.robot.task.ends else CAP)
    visited, visited_t = _visited(model, runs.X[good], runs.c[good], cap)
    if not len(visited):  # even the first steps diverge
        visited, visited_t = runs.X[:, 0], np.zeros(len(runs.X))
    return FinishState(
        passes=0 if last is None else last.passes + 1,
        earlier=0 if last is None else last.rounds,
        iteration=0,
        closing=ITERATIONS - CLOSING,
        least=np.inf,
        idle=0,
        theta=policy.theta,
        before=policy.theta,
        momentum=np.zeros(policy.n_weights),
        total=np.zeros(policy.n_weights),
        pool=initial_states(model, PAIRS, rng),
        visited=visited,
        visited_t=visited_t,
        cap=cap,
        dead=_multiple_of_largest_median(moving, DEAD),
        clipped=CLIPPED_IF_RARE if last is not None and failing <= RARE else CLIPPED,
    )


def _rollouts_that_succeed(
    model: Model, policy: Policy, rng: np.random.Generator
) -> tuple[Rollouts, NDArray[np.bool_], float]:
    """Rollouts that show what doing the task costs, which (R,) do it, and the share that fails.

    They are under all noise, of which the share is, where enough of these succeed, otherwise
    without noise; where too few succeed even then, all count.  Medians over rollouts that mostly
    fail would take failing for normal.
    """
    horizon, failing = model.robot.task.horizon, []
    for noise in (True, False):
        runs = run_policy(model, policy, PAIRS, horizon, rng, stochastic=noise, disturbed=noise)
        good = successes(model, runs)
        failing.append(1.0 - float(good.mean()))
        if good.mean() >= ENOUGH:
            return runs, good, failing[0]
    return runs, np.ones(PAIRS, dtype=bool), failing[0]


def improve(
    model: Model, policy: Policy, state: FinishState, rng: np.random.Generator
) -> tuple[FinishState, FinishRecord]:
    """One round, over which the basis stays.  ``policy`` is any that observes the same.

    Like an iteration of the search it runs on one BLAS thread.
    """
    # Its import changes the environment, which importing this module should not.
    from threadpoolctl import threadpool_limits

    chosen = rng.integers(len(state.visited), size=STATES)
    with threadpool_limits(1, user_api="blas"):
        reached = policy.with_theta(state.theta)
        observed = reached.observation(state.visited[chosen], state.visited_t[chosen])
        B = natural_basis(reached, observed)
        said = []
        for _ in range(ROUND):
            state, runs, *costs = _iterate(model, policy, state, B, rng)
            said.append(costs)
    visited, visited_t = _visited(model, runs.X, runs.c, state.cap)
    if len(visited):
        state = state._replace(visited=visited, visited_t=visited_t)
    cost, failed = np.mean(said, axis=0).tolist()
    return _judged(state, cost, failed), FinishRecord(state.iteration, cost, failed)


def _judged(state: FinishState, cost: float, failed: float) -> FinishState:
    """The state after a round of this mean cost of a step and share of rollouts that fail."""
    gains = state.least - cost >= GAIN * abs(state.least)
    idle = 0 if gains or (state.passes and failed > SELDOM) else state.idle + 1
    closing = min(state.closing, state.iteration) if idle >= IDLE else state.closing
    return state._replace(closing=closing, least=cost if gains else state.least, idle=idle)


def _iterate(
    model: Model, policy: Policy, state: FinishState, B: Array, rng: np.random.Generator
) -> tuple[FinishState, Rollouts, float, float]:
    """The state after an iteration, its rollouts, their mean cost of a step and share that fail."""
    n, T = len(B), model.robot.task.horizon if model.robot.task.ends else STEPS
    xi = rng.standard_normal((PAIRS, n)) / np.sqrt(n)
    steps = np.zeros((PAIRS, len(state.theta)))
    steps[:, :n] = SPREAD * xi @ B.T
    thetas = np.concatenate([state.theta + steps, state.theta - steps])
    noise = policy.with_theta(state.theta).sigma * rng.standard_normal((PAIRS, T, model.nu))
    disturbance = process_noise(model, PAIRS, T, rng).scaled(HARDER)
    runs = run_policy_from(model, policy, state.pool, noise, disturbance, thetas)

    costs, alive = np.minimum(runs.c, state.cap).sum(axis=1), _alive(runs, state)
    d = costs[:PAIRS] - costs[PAIRS:]
    most = state.clipped * np.median(np.abs(d))
    m = MOMENTUM * state.momentum + (1.0 - MOMENTUM) * np.clip(d, -most, most) @ xi / PAIRS
    theta, length = state.theta.copy(), np.linalg.norm(m)
    if length > 0.0:
        theta[:n] -= np.sqrt(2.0 * state.nats) * B @ (m / length)
    averaged = state.iteration >= state.closing
    new = state._replace(
        iteration=state.iteration + 1,
        theta=theta,
        momentum=m,
        total=state.total + theta[:n] if averaged else state.total,
        pool=_next_starts(model, runs.X[:PAIRS, -1], alive[:PAIRS], rng),
    )
    return new, runs, float(costs.mean()) / T, 1.0 - float(alive.mean())


def _next_starts(
    model: Model, ends: Array, alive: NDArray[np.bool_], rng: np.random.Generator
) -> Array:
    """Initial states (R, nx), some of which are where a rollout that is alive ended (R, nx)."""
    starts = initial_states(model, len(ends), rng)
    if model.robot.task.ends:
        return starts
    continued = alive & (rng.random(len(ends)) < CONTINUED)
    if model.robot.base == "floating" and not model.robot.observes_root_x:
        ends = ends.copy()
        ends[:, 0] = starts[:, 0]  # x, which nothing depends on
    return np.where(continued[:, None], ends, starts)


def _alive(runs: Rollouts, state: FinishState) -> NDArray[np.bool_]:
    """(R,) whether a rollout still does, at its end, what success asks for."""
    return np.asarray(runs.c[:, -RECENT:].mean(axis=1) < state.dead)


def _visited(model: Model, X: Array, c: Array, cap: float) -> tuple[Array, Array]:
    """Every tenth state (n, nx) of X (R, T+1, nx) and its time (n,), without steps that fail."""
    kept = c[:, ::10] <= cap  # (R, ceil(T / 10))
    t = model.dt * 10.0 * np.arange(kept.shape[1])
    return X[:, :-1:10][kept], np.broadcast_to(t, kept.shape)[kept]


def _multiple_of_largest_median(values: Array, multiple: float) -> float:
    """Of the largest over time of the medians over rollouts of values (R, T), and above it."""
    largest = float(np.median(values, axis=0).max())
    return largest + (multiple - 1.0) * abs(largest)  # costs may be negative
