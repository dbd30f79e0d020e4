"""Episodes of a task side by side, a step at a time, for whoever chooses the actions.

    c = cost(x, u, t),    x' = f(x, u) + noise,    o' = g(x', t')

This is what `rollouts` does with a policy in one call.  Each episode is at a step of its own, since
one ends where the task cannot succeed any more, where a number is no longer finite, or with the
horizon, and another may then begin in its place.  The noise of a whole episode is drawn as it
begins, so that its generator alone decides on it, whatever happens beside it.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vgps.codegen.model import Model
from vgps.policy.disturbance import Disturbance, NoiseSource, disturb, undisturbed
from vgps.policy.observation import Indices, observation_of
from vgps.policy.prospects import bounds, lost
from vgps.policy.rollouts import LARGEST_COST

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


class Outcome(NamedTuple):
    """Of a step of M episodes."""

    cost: Array  # (M,) the task's, with the final cost where it ends; LARGEST_COST if not finite
    terminated: Flags  # (M,) not finite, or the task cannot succeed any more
    truncated: Flags  # (M,) the horizon has been reached


class Episodes:
    """N episodes of a task.

    model       the robot
    terminates  whether an episode ends where its task cannot succeed any more
    X           (N, T+1, nx), the states of each episode up to its own step t
    U           (N, T, nu), the actions, within the limits
    t           (N,), at which step each of them is
    """

    def __init__(self, model: Model, number: int, disturbed: bool, terminates: bool) -> None:
        """Room for episodes; each has to `begin`.  ``disturbed``: under process noise."""
        self.model, self.terminates = model, terminates
        self._disturbed = disturbed
        self._horizon = T = model.robot.task.horizon
        self.X = np.full((number, T + 1, model.nx), np.nan)
        self.U = np.full((number, T, model.nu), np.nan)
        self.t = np.zeros(number, dtype=np.int64)
        self._failed = np.zeros(number, dtype=bool)
        self._x0s, self._limits = model.x0s, model.limits
        self._deviations = np.array(model.robot.initial_deviations)  # (S, nx)
        self._observation = observation_of(model)
        self._bounds = bounds(model.robot)
        self._source = NoiseSource(model)
        self._white = undisturbed(number, T)  # xi in place of impulses
        if disturbed:  # room for what acts
            self._white = self._source.white(number, T, np.random.default_rng(0))
        self._forces = np.zeros((number, self._white.impulses.shape[-1]))  # f / s

    def begin(self, n: int, rng: np.random.Generator, x0: Array | None = None) -> None:
        """Begin the n-th episode anew, at x0 (nx,) or around one of the task's initial states.

        Which of these is drawn, while rollouts take them in turn: an episode with a generator of
        its own has no number.
        """
        s = rng.integers(len(self._x0s))
        drawn = self._x0s[s] + self._deviations[s] * rng.standard_normal(self.model.nx)
        self.X[n, 0] = drawn if x0 is None else x0
        self.t[n] = 0
        self._failed[n] = False
        if self._disturbed:
            noise = self._source.white(1, self._horizon, rng)
            for whole, part in zip(self._white, noise, strict=True):
                whole[n] = part[0]

    def observed(self) -> Array:
        """What a policy sees of each episode now, (N, n_in)."""
        now = self.X[np.arange(len(self.t)), self.t]  # (N, nx)
        return self._observation.at_steps(now, self.t)

    def advance(self, which: Indices, U: ArrayLike) -> Outcome:
        """Go a step on in the episodes ``which`` (M,), none of which has ended.

        Args:
            which: their numbers.
            U: actions (M, nu), held within the limits.

        Raises:
            ValueError: for actions of another shape or that are not numbers.
        """
        model, t = self.model, self.t[which]
        X, U = self.X[which, t], self._within_limits(which, U)
        cost = model.costs(X, U, model.dt * t)
        failed = lost(model, self._bounds, X, U, model.dt * t)
        following = model.steps(X, U)  # (M, nx)
        if self._disturbed:
            disturb(model, self._disturbance(which), 0, following)

        finite = np.isfinite(cost) & np.isfinite(following).all(axis=1)
        truncated = t + 1 == self._horizon
        for m in np.flatnonzero(finite & (truncated | (failed & self.terminates))):
            cost[m] += model.final_cost(following[m], model.dt * (t[m] + 1))
        finite &= np.isfinite(cost)
        terminated = ~finite | (failed & self.terminates)

        self.U[which, t] = U
        self.X[which, t + 1] = np.where(finite[:, None], following, X)  # so that it can be seen
        self.t[which] += 1
        self._failed[which] |= failed | ~finite
        return Outcome(np.where(finite, cost, LARGEST_COST), terminated, truncated & ~terminated)

    def succeeded(self, n: int) -> bool:
        """Whether the n-th episode, which has ended, did the task."""
        t = self.t[n]
        if self._failed[n] or t < self._horizon:
            return False
        return self.model.success(self.X[n], self.U[n])

    def _disturbance(self, which: Indices) -> Disturbance:
        """What follows the step that is due, in the place of the only step of a disturbance."""
        t = self.t[which]
        jumps, xi, pushes = (part[which, t] for part in self._white)
        if not xi.size:
            return Disturbance(jumps[:, None], xi[:, None], pushes[:, None])
        later = self._source.remembered(self._forces[which], xi)
        self._forces[which] = f = np.where(t[:, None] > 0, later, xi)
        return Disturbance(jumps[:, None], self._source.impulses(f)[:, None], pushes[:, None])

    def _within_limits(self, which: Indices, U: ArrayLike) -> Array:
        shape = len(which), self.model.nu
        U = np.asarray(U, dtype=np.float64)
        if U.shape != shape:
            raise ValueError(f"actions must have shape {shape}, found {U.shape}")
        if np.isnan(U).any():
            raise ValueError(f"an action is not a number: {U[np.isnan(U).any(axis=1)][0].tolist()}")
        return np.clip(U, *self._limits)
