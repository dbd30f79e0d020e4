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

The policy of an iteration is theta*.  Phi is that of ``policy.estimator``; the reward is the negative
cost.  q, the density under which the samples of S_k count, is the mixture of the distributions that
they came from: 1/n sum_j q_j, of pi_G and earlier policies.

Samples come in batches of equal size, one from each distribution, and the active set consists of
whole batches: those of pi_G (with ``adapted`` the initial one and the latest), that of theta*, the
newest one, and of the others those that are most probable under theta*.  What is not in it is
forgotten, so that an iteration costs as much at the end as in the beginning; samples so improbable
have no weight in the estimate.  Line 3 is the first M-step of VGPS rather than likelihood of the
samples: it integrates over the actions and sees more states.
"""

from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from codegen.model import Model
from policy import lbfgs
from policy.estimator import ReturnEstimate
from policy.evaluation import LARGEST_COST, initial_states, run_policy_from, step_costs
from policy.guide import Guide
from policy.mlp import Policy
from policy.mstep import Fit
from policy.scaling import Scaling
from policy.search import SearchSettings, State, Step, imitate
from policy.weights import normalized

Array = NDArray[np.float64]

POLICIES = 4  # batches of policies in the active set, with those of theta* and the newest policy
ITERATIONS = 30  # of L-BFGS
REGULARIZER = (1e-6, 1e-2)  # least and greatest w_r; it begins with the greatest
FACTOR = 10.0  # by which w_r falls and rises


class Memory(NamedTuple):
    """The sample set, a batch of R samples from each of G guides and P policies, in this order."""

    X: Array  # (G+P, R, T, nx)
    U: Array  # (G+P, R, T, nu) as asked for, before torque limits
    cost: Array  # (G+P, R, T)
    theta: Array  # (P, n_theta) of the policies, in the order in which they were sampled
    guide_X: Array  # (G, T, nx), and so on: the fields of `Guide`
    guide_U: Array
    guide_K: Array
    guide_root: Array
    best: int  # index in theta of theta*
    regularizer: float  # w_r


def improve(
    model: Model,
    settings: SearchSettings,
    state: State,
    rng: np.random.Generator,
    adapted: bool = False,
) -> Step:
    """Lines 1 to 4 the first time, then lines 6 to 11."""
    R, T = settings.rollouts, settings.learned_steps
    if state.policy is None:
        fitted = imitate(model, settings, state, rng)
        guide = Guide.of(state.q, T)
        batches = (guided(model, guide, R, rng), sampled(model, fitted.policy, R, T, rng))
        X, U, cost = map(np.stack, zip(*batches, strict=True))
        guides = (part[None] for part in guide)
        theta = fitted.policy.theta[None]
        return Step(fitted, Memory(X, U, cost, theta, *guides, 0, REGULARIZER[1]), 2 * R)

    memory, policy = state.memory, state.policy
    if adapted:
        memory = with_guide(memory, Guide.of(state.q, T), model, R, rng)
    result, candidate = optimized(memory, policy)
    memory = with_policy(memory, candidate, sampled(model, candidate, R, T, rng))
    estimate = ReturnEstimate(*samples(memory, policy), len(policy.b1), 0.0)
    least, greatest = REGULARIZER
    w_r, best = float(memory.regularizer), int(memory.best)
    if estimate(candidate.theta)[0] < estimate(policy.theta)[0]:
        policy, w_r, best = candidate, max(w_r / FACTOR, least), len(memory.theta) - 1
    else:
        w_r = min(w_r * FACTOR, greatest)
    memory = active(memory._replace(regularizer=w_r, best=best), policy)
    return Step(Fit(policy, result.value, result.evaluations), memory, R * (1 + adapted))


improve_adapted = partial(improve, adapted=True)


def optimized(memory: Memory, policy: Policy) -> tuple[lbfgs.Result, Policy]:
    """Line 7, from ``policy``: theta* is the start of each search."""
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


def samples(memory: Memory, policy: Policy) -> tuple[Array, Array, Array, Array]:
    """What the estimate needs of the B R samples: (Z, U, reward, log q) as in ReturnEstimate.

    ``policy`` tells what policies observe.
    """
    B, R, T, nx = memory.X.shape
    X, U = memory.X.reshape(B * R, T, nx), memory.U.reshape(B * R, T, -1)
    guides = zip(memory.guide_X, memory.guide_U, memory.guide_K, memory.guide_root, strict=True)
    distributions = [Guide(*parts) for parts in guides]
    distributions += [policy.with_theta(theta) for theta in memory.theta]
    log_q = np.stack([np.cumsum(d.log_prob(X, U), axis=1) for d in distributions])  # (B, BR, T)
    mixture = np.logaddexp.reduce(log_q, axis=0) - np.log(B)
    return X[:, :, policy.observed], U, -memory.cost.reshape(B * R, T), mixture


def active(memory: Memory, policy: Policy) -> Memory:
    """Line 6, for the next iteration: which batches are kept, by their weight under theta*."""
    P = len(memory.theta)
    if P <= POLICIES:
        return memory
    B, R, T, _ = memory.X.shape
    X, U = memory.X.reshape(B * R, T, -1), memory.U.reshape(B * R, T, -1)
    log_rho = np.cumsum(policy.log_prob(X, U), axis=1) - samples(memory, policy)[3]
    weight = normalized(log_rho, axis=0).reshape(B, R * T).sum(axis=1)[B - P :]  # (P,)
    weight[[memory.best, P - 1]] = np.inf
    kept = np.sort(np.argsort(weight)[P - POLICIES :])  # (POLICIES,)
    batches = np.concatenate([np.arange(B - P), B - P + kept])
    return memory._replace(
        X=memory.X[batches],
        U=memory.U[batches],
        cost=memory.cost[batches],
        theta=memory.theta[kept],
        best=int(np.searchsorted(kept, memory.best)),
    )


def with_policy(memory: Memory, policy: Policy, batch: tuple[Array, Array, Array]) -> Memory:
    """The sample set and a batch of ``policy``."""
    parts = zip((memory.X, memory.U, memory.cost), batch, strict=True)
    X, U, cost = (np.concatenate([old, new[None]]) for old, new in parts)
    theta = np.concatenate([memory.theta, policy.theta[None]])
    return memory._replace(X=X, U=U, cost=cost, theta=theta)


def with_guide(
    memory: Memory, guide: Guide, model: Model, rollouts: int, rng: np.random.Generator
) -> Memory:
    """Line 9: the sample set with a batch of ``guide`` behind that of the initial DDP solution."""
    batch = guided(model, guide, rollouts, rng)
    others = slice(len(memory.guide_X), None)
    parts = zip((memory.X, memory.U, memory.cost), batch, strict=True)
    X, U, cost = (np.concatenate([old[:1], new[None], old[others]]) for old, new in parts)
    names = ("guide_X", "guide_U", "guide_K", "guide_root")
    fields = {
        name: np.stack([getattr(memory, name)[0], part])
        for name, part in zip(names, guide, strict=True)
    }
    return memory._replace(X=X, U=U, cost=cost, **fields)


def sampled(
    model: Model, policy: Policy, R: int, T: int, rng: np.random.Generator
) -> tuple[Array, Array, Array]:
    """A batch of ``policy``: X (R, T, nx), U (R, T, nu), cost (R, T)."""
    noise = policy.sigma * rng.standard_normal((R, T, model.nu))
    X = run_policy_from(model, policy, initial_states(model, R, rng), noise).X[:, :T]
    return halted(model, X, policy.mean(X) + noise)


def guided(
    model: Model, guide: Guide, R: int, rng: np.random.Generator
) -> tuple[Array, Array, Array]:
    """A batch of ``guide``, as `sampled`."""
    return halted(model, *guide.sample(model, R, rng))


def halted(model: Model, X: Array, U: Array) -> tuple[Array, Array, Array]:
    """X (R, T, nx), U (R, T, nu) and their costs (R, T); one that failed stands still from there."""
    limits = np.array(model.robot.torque_limits)
    cost = step_costs(model, X, np.clip(U, -limits, limits))
    last = np.maximum((cost < LARGEST_COST).sum(axis=1) - 1, 0)  # (R,) step before it failed
    t = np.minimum(np.arange(U.shape[1]), last[:, None])[:, :, None]  # (R, T, 1)
    return np.take_along_axis(X, t, axis=1), np.take_along_axis(U, t, axis=1), cost
