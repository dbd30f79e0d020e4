"""Rollouts of policies through the true dynamics, many side by side.

Eight at a time go through policy and dynamics together, in arrays whose last axis counts them, so
that the compiler vectorises over it; the compiled step and cost of the robot take them in SIMD
lanes.  Each rollout may have its own theta, which is what a search in the space of weights needs.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.model import Model
from vgps.policy.disturbance import Disturbance, process_noise, pushed_points, undisturbed
from vgps.policy.gaussian import Indices, Policy
from vgps.policy.softplus import softplus_into
from vgps.solver.native import call, kernel, row

Array = NDArray[np.float64]

# Of one step: a rollout with a step that costs as much has failed, and nothing is learned from the
# rest.
LARGEST_COST = 1e4

_BLOCK = 8  # rollouts that go side by side


class Rollouts(NamedTuple):
    """R rollouts of a policy.  Costs are the task's own."""

    X: Array  # (R, T+1, nx), NaN after a state that is not finite
    U: Array  # (R, T, nu), within the torque limits
    c: Array  # (R, T), infinite from the first step on whose cost or next state is not finite

    @property
    def cost(self) -> Array:
        """(R,) summed over the horizon."""
        return np.asarray(self.c.sum(axis=1), dtype=np.float64)


def run_policy(
    model: Model,
    policy: Policy,
    rollouts: int,
    horizon: int,
    rng: np.random.Generator,
    stochastic: bool = True,
    disturbed: bool = True,
) -> Rollouts:
    """Rollouts from the task's initial distribution.

    The same generator gives the same initial states and noise with and without either.

    Args:
        model: the robot.
        policy: of this robot.
        rollouts: number of rollouts.
        horizon: number of steps of each.
        rng: draws everything random.
        stochastic: whether the policy acts with its noise.
        disturbed: whether the task's process noise acts.

    Raises:
        ValueError: when the policy does not fit the robot.
    """
    policy.require_fit(model.nx, model.nu)
    x0 = initial_states(model, rollouts, rng)
    disturbance = process_noise(model, rollouts, horizon, rng)
    noise = policy.sigma * rng.standard_normal((rollouts, horizon, model.nu))
    if not stochastic:
        noise[:] = 0.0
    return run_policy_from(model, policy, x0, noise, disturbance if disturbed else None)


def initial_states(model: Model, rollouts: int, rng: np.random.Generator) -> Array:
    """(R, nx) drawn from the task's initial distribution, around each initial state in turn."""
    s = initial_indices(rollouts, len(model.x0s))
    deviation = np.array(model.robot.initial_deviations)[s]  # (R, nx)
    return model.x0s[s] + deviation * rng.standard_normal((rollouts, model.nx))


def initial_indices(rollouts: int, S: int) -> Indices:
    """(R,) around which of S initial states each rollout begins: its own number modulo S.

    In turn, not at random, so that a few rollouts begin at all of them.
    """
    return np.arange(rollouts) % S


def run_policy_from(
    model: Model,
    policy: Policy,
    x0: Array,
    noise: Array,
    disturbance: Disturbance | None = None,
    thetas: Array | None = None,
) -> Rollouts:
    """Rollouts from given states, under the mean action plus given noise, within the limits.

    With fewer states or noises than rollouts they are taken again from the first.

    Args:
        model: the robot.
        policy: what it observes, and theta where ``thetas`` is absent.
        x0: (n, nx), n <= R.
        noise: (n, T, nu) added to the mean actions, n <= R.
        disturbance: of n <= R rollouts; none when absent.
        thetas: (R, n_theta), that of each rollout; R is the number of states when absent.

    Raises:
        ValueError: when the policy or an array does not fit the robot.
    """
    policy.require_fit(model.nx, model.nu)
    T = noise.shape[1]
    chosen = policy.theta[None] if thetas is None else thetas
    R = len(x0) if thetas is None else len(thetas)
    jumps, impulses, pushes = undisturbed(1, T) if disturbance is None else disturbance
    points = pushed_points(model)
    for name, array, shapes in (
        ("x0", x0, [(model.nx,)]),
        ("noise", noise, [(T, model.nu)]),
        ("jumps", jumps, [(T, model.nx), (T, 0)]),
        ("impulses", impulses, [(T, model.nv), (T, 0)]),
        ("pushes", pushes, [(T, len(points)), (T, 0)]),
        ("thetas", chosen, [(policy.theta.size,)]),
    ):
        if not len(array) or array.shape[1:] not in shapes:
            raise ValueError(f"{name} has shape {array.shape}, expected (n, ...) of {shapes[0]}")
    X, U, c = np.empty((R, T + 1, model.nx)), np.empty((R, T, model.nu)), np.empty((R, T))
    _run(
        model.address("step_batch"),
        model.address("cost_batch"),
        model.address("velocity_jump_batch"),
        model.address("point_jacobians"),
        np.empty((len(model.manifest["points"]), 2, model.nv)),
        points,
        policy.observed,
        policy.shape[1],
        np.ascontiguousarray(chosen),
        model.limits,
        np.asarray(x0, dtype=float),
        noise,
        jumps,
        impulses,
        pushes,
        X,
        U,
        c,
    )
    return Rollouts(X, U, c)


def mean_rollout(model: Model, policy: Policy) -> Array:
    """States (T+1, nx) of the deterministic policy from the mean of the first initial state."""
    no_noise = np.zeros((1, model.robot.task.horizon, model.nu))
    return run_policy_from(model, policy, model.x0[None], no_noise).X[0]


def step_costs(model: Model, X: Array, U: Array) -> Array:
    """Cost (R, T) of each step of rollouts X (R, T or T+1, nx), U (R, T, nu) within torque limits.

    LARGEST_COST from the first step on that costs as much or is not finite.
    """
    R, T, nu = U.shape
    cost = model.cost(X[:, :T].reshape(R * T, -1), U.reshape(R * T, nu)).reshape(R, T)
    failed = np.logical_or.accumulate(~(cost < LARGEST_COST), axis=1)
    return np.where(failed, LARGEST_COST, cost)


@kernel
def _run(
    step: int,
    task_cost: int,
    velocity_jump: int,
    point_jacobians: int,
    J: Array,
    points: Indices,
    observed: Indices,
    n_hidden: int,
    thetas: Array,
    limits: Array,
    x0: Array,
    noise: Array,
    jumps: Array,
    impulses: Array,
    pushes: Array,
    X: Array,
    U: Array,
    c: Array,
) -> None:
    """Fill X (R, T+1, nx), U (R, T, nu) and c (R, T); the arguments are those of `run_policy_from`.

    The first four are addresses of the robot's compiled functions, J is work space for the last of
    them, and ``points`` are those that are pushed.  A rollout that diverges is stepped on with the
    others, but nothing more of it is stored.
    """
    R, T, nu = U.shape
    nx, n = X.shape[2], thetas.shape[1]
    nv = nx // 2
    theta, mean = np.empty((n, _BLOCK)), np.empty((nu, _BLOCK))
    hidden = np.empty((3, n_hidden, _BLOCK))
    x, x_next, u = np.empty((_BLOCK, nx)), np.empty((_BLOCK, nx)), np.empty((_BLOCK, nu))
    q, p, dv = np.empty((_BLOCK, nv)), np.empty((_BLOCK, nv)), np.empty((_BLOCK, nv))
    cost, alive = np.empty(_BLOCK), np.empty(_BLOCK, dtype=np.bool_)
    for first in range(0, R, _BLOCK):
        count = min(_BLOCK, R - first)
        alive[:] = True
        for lane in range(_BLOCK):
            r = first + min(lane, count - 1)  # the last once more where a block is not full
            for i in range(n):
                theta[i, lane] = thetas[r % len(thetas), i]
            x[lane] = x0[r % len(x0)]
            X[r, 0] = x[lane]
        for t in range(T):
            _mean_actions(theta, observed, x, hidden, mean)
            for lane in range(count):
                draw = (first + lane) % len(noise)
                for i in range(nu):
                    wanted = mean[i, lane] + noise[draw, t, i]
                    u[lane, i] = min(max(wanted, -limits[i]), limits[i])
            call(task_cost, (count, x.ctypes.data, u.ctypes.data, cost.ctypes.data))
            call(step, (count, x.ctypes.data, u.ctypes.data, x_next.ctypes.data))
            for lane in range(count):
                q[lane] = x_next[lane, :nv]
            if _impulses_at(first, count, t, impulses, pushes, point_jacobians, points, q, J, p):
                call(
                    velocity_jump,
                    (count, q.ctypes.data, p.ctypes.data, u.ctypes.data, dv.ctypes.data),
                )
                for lane in range(count):
                    for i in range(nv):
                        x_next[lane, nv + i] += dv[lane, i]
            for lane in range(count):
                r, finite = first + lane, np.isfinite(cost[lane])
                for i in range(jumps.shape[2]):
                    x_next[lane, i] += jumps[r % len(jumps), t, i]
                for i in range(nx):
                    finite = finite and np.isfinite(x_next[lane, i])
                if alive[lane]:
                    U[r, t], X[r, t + 1] = u[lane], x_next[lane]
                else:
                    U[r, t], X[r, t + 1] = np.nan, np.nan
                alive[lane] = alive[lane] and finite
                c[r, t] = cost[lane] if alive[lane] else np.inf
            x, x_next = x_next, x


@kernel
def _mean_actions(theta: Array, observed: Indices, x: Array, hidden: Array, mean: Array) -> None:
    """Fill ``mean`` (nu, _BLOCK) at the states x (_BLOCK, nx), each with its theta (n, _BLOCK).

    ``hidden`` (3, n_hidden, _BLOCK) is work space: preactivations, activations and their slopes.
    """
    n_in, n_hidden, nu = len(observed), hidden.shape[1], len(mean)
    b1 = n_hidden * n_in  # where the parts of theta begin, after W1
    W2 = b1 + n_hidden
    b2 = W2 + nu * n_hidden
    for h in range(n_hidden):
        for lane in range(_BLOCK):
            hidden[0, h, lane] = theta[b1 + h, lane]
        for j in range(n_in):
            for lane in range(_BLOCK):
                hidden[0, h, lane] += theta[h * n_in + j, lane] * x[lane, observed[j]]
    softplus_into(hidden[0].reshape(-1), hidden[1].reshape(-1), hidden[2].reshape(-1))
    for i in range(nu):
        for lane in range(_BLOCK):
            mean[i, lane] = theta[b2 + i, lane]
        for h in range(n_hidden):
            for lane in range(_BLOCK):
                mean[i, lane] += theta[W2 + i * n_hidden + h, lane] * hidden[1, h, lane]


@kernel
def _impulses_at(
    first: int,
    count: int,
    t: int,
    impulses: Array,
    pushes: Array,
    point_jacobians: int,
    points: Indices,
    q: Array,
    J: Array,
    p: Array,
) -> bool:
    """Fill p (_BLOCK, nv) with the generalised impulses of a step, and say whether there is any.

    ``first`` is the rollout in the first of ``count`` lanes; the postures are q (_BLOCK, nv).
    """
    nv = impulses.shape[2]  # 0 where no force acts
    given = nv > 0
    p[:] = 0.0
    for lane in range(count):
        for i in range(nv):
            p[lane, i] = impulses[(first + lane) % len(impulses), t, i]
        for d in range(pushes.shape[2]):
            push = pushes[(first + lane) % len(pushes), t, d]
            if push != 0.0:
                given = True
                call(point_jacobians, (row(q, lane), J.ctypes.data))
                for i in range(p.shape[1]):
                    p[lane, i] += J[points[d], 0, i] * push
    return given
