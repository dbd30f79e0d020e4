"""How well a policy does the task: rollouts of the true dynamics from spread initial states."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.model import Model
from vgps.policy.gaussian import Policy
from vgps.policy.packed import mean_action, pack
from vgps.solver.native import call, kernel

Array = NDArray[np.float64]


# Of one step: a rollout with a step that costs as much has failed, and nothing is learned from the
# rest.
LARGEST_COST = 1e4

ROLLOUTS = 100  # that `evaluate` averages over


class Rollouts(NamedTuple):
    """R rollouts of a policy.  Costs are the task's own, summed over the horizon."""

    X: Array  # (R, T+1, nx)
    U: Array  # (R, T, nu), within the torque limits
    cost: Array  # (R,), infinite where the state stopped being finite


class Summary(NamedTuple):
    """What `evaluate` says of a policy."""

    mean_cost: float  # of a rollout, infinite where one stops being finite
    std_cost: float
    success_rate: float  # share of the rollouts
    mean_speed: float  # m/s, of the centre of mass along x, over rollouts that stay finite
    speed_by_horizon: list[float]  # m/s, the same for each successive training horizon


def evaluate(
    model: Model,
    policy: Policy,
    rollouts: int = ROLLOUTS,
    horizon: int | None = None,
    seed: int = 0,
    stochastic: bool = True,
) -> Summary:
    """Average cost, success and speed of a policy in rollouts from the task's initial distribution.

    The same seed gives the same initial states with and without the policy's noise.

    Args:
        model: the robot.
        policy: of this robot.
        rollouts: number of rollouts.
        horizon: number of steps of each; the task's when absent.
        seed: of the initial states and of the policy's noise.
        stochastic: whether the policy acts with its noise, or takes its mean actions.

    Raises:
        ValueError: when a number of rollouts or steps is less than 1.
    """
    steps = model.robot.task.horizon if horizon is None else horizon
    for name, count in (("rollouts", rollouts), ("horizon", steps)):
        if count < 1:
            raise ValueError(f"{name} must be at least 1, not {count}")
    runs = run_policy(model, policy, rollouts, steps, np.random.default_rng(seed), stochastic)
    return summarize(model, runs, model.robot.task.horizon)


def run_policy(
    model: Model,
    policy: Policy,
    rollouts: int,
    horizon: int,
    rng: np.random.Generator,
    stochastic: bool,
) -> Rollouts:
    """Rollouts from the task's initial distribution, with the policy's noise or without.

    Actions saturate at the torque limits before they reach the robot.
    """
    x0 = initial_states(model, rollouts, rng)
    noise = np.zeros((rollouts, horizon, model.nu))
    if stochastic:
        noise = policy.sigma * rng.standard_normal(noise.shape)
    return run_policy_from(model, policy, x0, noise)


def initial_states(model: Model, rollouts: int, rng: np.random.Generator) -> Array:
    """(R, nx) drawn from the task's initial distribution."""
    deviation = np.array(model.robot.initial_deviation)
    return model.x0 + deviation * rng.standard_normal((rollouts, model.nx))


def run_policy_from(model: Model, policy: Policy, x0: Array, noise: Array) -> Rollouts:
    """Rollouts from the states x0 (R, nx) under the mean action plus ``noise`` (R, T, nu)."""
    R, T, nu = noise.shape
    X, U, cost = np.full((R, T + 1, model.nx), np.nan), np.full((R, T, nu), np.nan), np.empty(R)
    X[:, 0] = x0
    limits = model.limits
    _run(
        model.address("step_batch"),
        model.address("cost_batch"),
        pack(policy, model.nx),
        limits,
        noise,
        X,
        U,
        cost,
    )
    return Rollouts(X, U, cost)


def mean_rollout(model: Model, policy: Policy) -> Array:
    """States (T+1, nx) of the deterministic policy from the mean initial state."""
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


def summarize(model: Model, rollouts: Rollouts, horizon: int | None = None) -> Summary:
    """Cost, success and speed of a set of rollouts.

    `Summary.speed_by_horizon` has an entry for each ``horizon`` steps; one where that is absent.
    """
    finite = np.isfinite(rollouts.cost)
    speed = np.full(rollouts.U.shape[:2], np.nan)  # (R, T)
    success = np.zeros(len(finite))
    for r in np.flatnonzero(finite):
        speed[r] = model.speed(rollouts.X[r], rollouts.U[r])
        success[r] = model.success(rollouts.X[r], rollouts.U[r])
    speed = speed[finite]
    T = rollouts.U.shape[1]
    pieces = range(0, T, horizon or T)
    return Summary(
        mean_cost=float(np.mean(rollouts.cost)),
        std_cost=float(np.std(rollouts.cost)) if finite.all() else np.inf,
        success_rate=float(success.mean()),
        mean_speed=float(speed.mean()) if finite.any() else np.nan,
        speed_by_horizon=[
            float(speed[:, t : t + pieces.step].mean()) for t in pieces if finite.any()
        ],
    )


@kernel
def _run(
    step: int,
    task_cost: int,
    policy: Array,
    limits: Array,
    noise: Array,
    X: Array,
    U: Array,
    cost: Array,
) -> None:
    """All rollouts side by side, in the SIMD lanes of the compiled ``step`` and ``task_cost``.

    A rollout that diverges is stepped on with the others, but nothing more of it is stored.

    Args:
        step: address of the robot's compiled ``step_batch``.
        task_cost: address of its ``cost_batch``.
        policy: see `policy.packed`.
        limits: (nu,) actions are clipped to +-limits.
        noise: (R, T, nu) added to the mean actions.
        X: (R, T+1, nx) with the initial states; filled.
        U: (R, T, nu), filled.
        cost: (R,), filled with the sums.
    """
    R, T, nu = noise.shape
    x, u, x_next = X[:, 0].copy(), np.empty((R, nu)), np.empty_like(X[:, 0])
    mean, scratch, c = np.empty(nu), np.empty((3, int(policy[2]))), np.empty(R)
    cost[:] = 0.0
    for t in range(T):
        for r in range(R):
            mean_action(policy, x[r], scratch, mean)
            for i in range(nu):
                u[r, i] = min(max(mean[i] + noise[r, t, i], -limits[i]), limits[i])
        call(task_cost, (R, x.ctypes.data, u.ctypes.data, c.ctypes.data))
        call(step, (R, x.ctypes.data, u.ctypes.data, x_next.ctypes.data))
        for r in range(R):
            if cost[r] < np.inf:
                U[r, t], X[r, t + 1] = u[r], x_next[r]
                cost[r] += c[r]
                if not np.isfinite(x_next[r]).all() or not np.isfinite(cost[r]):
                    cost[r] = np.inf
        x, x_next = x_next, x
