"""Rollouts of policies through the true dynamics, many side by side.

The compiled robot has one rollout in each SIMD lane, policy, cost and dynamics in one loop
(policy.c), and each core has its share of them.  Each may have its own theta, which is what a
search in the space of weights needs.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.emission.policy_rollouts import MOST_LANES, Arguments
from vgps.codegen.model import Model
from vgps.policy.disturbance import Disturbance, process_noise, pushed_points, undisturbed
from vgps.policy.gaussian import Policy
from vgps.policy.observation import Indices
from vgps.solver.cores import share

Array = NDArray[np.float64]

# Of one step: a rollout with a step that costs as much has failed, and nothing is learned from the
# rest.
LARGEST_COST = 1e4


class Rollouts(NamedTuple):
    """R rollouts of a policy.  Costs are the task's own, the last one with the final cost."""

    X: Array  # (R, T+1, nx), NaN after a state that is not finite
    U: Array  # (R, T, nu), within the limits
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
    _require_fit(model, policy)
    x0, noise, disturbance = draw(model, policy, rollouts, horizon, rng, stochastic, disturbed)
    return run_policy_from(model, policy, x0, noise, disturbance)


def draw(
    model: Model,
    policy: Policy,
    rollouts: int,
    horizon: int,
    rng: np.random.Generator,
    stochastic: bool,
    disturbed: bool,
) -> tuple[Array, Array, Disturbance | None]:
    """What is random in such rollouts: x0 (R, nx), noise (R, T, nu) of the policy, disturbances."""
    x0 = initial_states(model, rollouts, rng)
    if not (stochastic or disturbed):
        return x0, np.zeros((rollouts, horizon, model.nu)), None
    disturbance = process_noise(model, rollouts, horizon, rng)
    noise = policy.sigma * rng.standard_normal((rollouts, horizon, model.nu))
    if not stochastic:
        noise[:] = 0.0
    return x0, noise, disturbance if disturbed else None


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
    _require_fit(model, policy)
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
    n_in, n_hidden, _ = policy.shape
    n_theta = policy.theta.size
    # Named here, so that they live as long as their addresses are in use.
    doubles = [
        np.ascontiguousarray(array, dtype=np.float64)
        for array in (model.limits, chosen, x0, noise, jumps, impulses, pushes)
    ]
    indices = [np.ascontiguousarray(array, dtype=np.int64) for array in (policy.observed, points)]
    rows = [len(array) if array.size else 0 for array in doubles[1:]]
    sizes = T, n_in, n_hidden, n_theta, *rows, len(points)
    given = [array.ctypes.data for array in (*indices, *doubles)]

    def roll_out(first: int, end: int) -> None:
        work = np.empty(MOST_LANES * (n_theta + n_hidden + 1))
        filled = [array.ctypes.data for array in (work, X, U, c)]
        model.policy_rollouts(Arguments._make([first, end, *sizes, *given, *filled]))

    share(roll_out, R, MOST_LANES)
    return Rollouts(X, U, c)


def _require_fit(model: Model, policy: Policy) -> None:
    """Compiled code checks neither an index nor what is observed (ValueError)."""
    policy.bound(model).require_fit(model.nx, model.nu)


def mean_rollout(model: Model, policy: Policy, horizon: int | None = None) -> Array:
    """States (T+1, nx) of the deterministic policy from the mean of the first initial state.

    T is the task's horizon when absent.
    """
    no_noise = np.zeros((1, horizon or model.robot.task.horizon, model.nu))
    return run_policy_from(model, policy, model.x0[None], no_noise).X[0]


def step_costs(model: Model, X: Array, U: Array) -> Array:
    """Cost (R, T) of each step of trajectories X (R, T+1, nx), U (R, T, nu) within the limits.

    They are those `until_failure`.
    """
    return until_failure(np.array([model.cost(*one) for one in zip(X, U, strict=True)]))


def until_failure(c: Array) -> Array:
    """Costs (R, T), LARGEST_COST from the first step on that costs as much or is not finite."""
    failed = np.logical_or.accumulate(~(c < LARGEST_COST), axis=1)
    return np.where(failed, LARGEST_COST, c)
