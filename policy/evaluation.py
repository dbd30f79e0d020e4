"""How well a policy does the task: rollouts of the true dynamics from spread initial states."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.model import Model
from vgps.policy.gaussian import Policy
from vgps.policy.rollouts import Rollouts, run_policy
from vgps.solver.finite import require_finite
from vgps.solver.objective import task_objective

ROLLOUTS = 100  # that `evaluate` averages over

_95_PERCENT = 1.959963984540054  # deviations of a normal distribution


class Summary(NamedTuple):
    """What `evaluate` says of a policy."""

    mean_cost: float  # of a rollout, infinite where one stops being finite
    std_cost: float
    success_rate: float  # share of the rollouts
    success_interval: tuple[float, float]  # that holds it with 95 % confidence (`wilson`)
    success_by_initial: list[float]  # share of the rollouts from each initial state
    mean_speed: float  # m/s, of the centre of mass along x, over rollouts that stay finite
    speed_by_horizon: list[float]  # m/s, the same for each successive training horizon


def evaluate(
    model: Model,
    policy: Policy,
    rollouts: int = ROLLOUTS,
    horizon: int | None = None,
    seed: int = 0,
    stochastic: bool = True,
    disturbed: bool = False,
) -> Summary:
    """Average cost, success and speed of a policy in rollouts from the task's initial distribution.

    The same seed gives the same initial states and noise, whichever of it acts.

    Args:
        model: the robot.
        policy: of this robot.
        rollouts: number of rollouts.
        horizon: number of steps of each; the task's when absent.
        seed: of everything random.
        stochastic: whether the policy acts with its noise, or takes its mean actions.
        disturbed: whether the task's process noise acts.

    Raises:
        ValueError: when a number of rollouts or steps is less than 1, or the policy does not fit
            the robot.
    """
    steps = model.robot.task.horizon if horizon is None else horizon
    for name, count in (("rollouts", rollouts), ("horizon", steps)):
        if count < 1:
            raise ValueError(f"{name} must be at least 1, not {count}")
    rng = np.random.default_rng(seed)
    runs = run_policy(model, policy, rollouts, steps, rng, stochastic, disturbed)
    return summarize(model, runs, model.robot.task.horizon)


def require_finite_rollouts(model: Model, policy: Policy, rollouts: int, horizon: int) -> None:
    """Refuse a policy that leads to something that is not finite without its noise.

    Raises:
        FloatingPointError: names the first step of such a rollout and what is not finite there.
    """
    rng = np.random.default_rng(0)
    runs = run_policy(model, policy, rollouts, horizon, rng, stochastic=False, disturbed=False)
    X, U, _ = runs
    for r in np.flatnonzero(~np.isfinite(runs.cost)):
        # Nothing is stored of what follows.
        T = int(np.isfinite(U[r]).all(axis=1).sum())
        require_finite(model, task_objective(model, T), X[r, : T + 1], U[r, :T])


# Costs that are finite may have a sum, or squares, that are not.
@np.errstate(over="ignore", invalid="ignore")
def summarize(model: Model, rollouts: Rollouts, horizon: int | None = None) -> Summary:
    """Cost, success and speed of a set of rollouts.

    The rollouts are from each initial state in turn; those from which there is none have no entry
    in `Summary.success_by_initial`.  `Summary.speed_by_horizon` has an entry for each ``horizon``
    steps; one where that is absent.
    """
    cost = rollouts.cost
    finite = np.isfinite(cost)
    success = successes(model, rollouts)
    speed = np.array(
        [model.speed(rollouts.X[r], rollouts.U[r]) for r in np.flatnonzero(finite)]
    )  # (number of finite ones, T)
    S, T = len(model.x0s), rollouts.U.shape[1]
    pieces = range(0, T, horizon or T)
    return Summary(
        mean_cost=float(np.mean(cost)),
        std_cost=float(np.std(cost)) if finite.all() else np.inf,
        success_rate=float(success.mean()),
        success_interval=wilson(int(success.sum()), len(success)),
        success_by_initial=[float(success[s::S].mean()) for s in range(min(S, len(success)))],
        mean_speed=float(speed.mean()) if finite.any() else np.nan,
        speed_by_horizon=[
            float(speed[:, t : t + pieces.step].mean()) for t in pieces if finite.any()
        ],
    )


def successes(model: Model, rollouts: Rollouts) -> NDArray[np.bool_]:
    """(R,) which rollouts stay finite and succeed."""
    finite = np.isfinite(rollouts.cost)
    return np.array(
        [
            ok and model.success(X, U)
            for ok, X, U in zip(finite, rollouts.X, rollouts.U, strict=True)
        ],
        dtype=bool,
    )


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """The interval that holds a rate with 95 % confidence (Wilson, JASA 22, 1927)."""
    rate, z = successes / trials, _95_PERCENT
    shrunk = 1.0 + z * z / trials
    middle = (rate + z * z / (2 * trials)) / shrunk
    half = z / shrunk * math.sqrt(rate * (1.0 - rate) / trials + (z / (2 * trials)) ** 2)
    # Rounding must not leave out a rate that was seen.
    return min(max(middle - half, 0.0), rate), max(min(middle + half, 1.0), rate)
