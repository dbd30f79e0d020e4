"""What is random in a rollout beside its start and the policy: the task's process noise.

After each step of the dynamics, at the posture q that it led to,

    v <- v + M(q)^-1 (f dt + sum_p J_p(q)^T (i_p, 0)),     x <- x + w.

w is independent from step to step, with the standard deviations ``q`` and ``v`` of the task.  Its
``force`` f is a process of Ornstein and Uhlenbeck at its own pace, which begins in its stationary
distribution:

    f' = a f + sqrt(1 - a^2) s xi,     a = exp(-2 pi bandwidth dt),     xi ~ N(0, I).

Its ``disturbances`` are pushes of i_p N s along x on points with Jacobian J_p, at instants that are
independent of each other: each step has one with the same small probability.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.model import Model

Array = NDArray[np.float64]


class Disturbance(NamedTuple):
    """Of R rollouts.  A last axis without entries stands for zeros."""

    jumps: Array  # (R, T, nx) or (R, T, 0), what is added to the state after each step
    impulses: Array  # (R, T, nv) or (R, T, 0), f dt: N s along coordinates in metres, else N m s
    pushes: Array  # (R, T, number of the task's disturbances), i_p in N s

    def scaled(self, factor: float) -> "Disturbance":
        """So many times as strong."""
        return Disturbance(*(factor * part for part in self))


def undisturbed(rollouts: int, horizon: int) -> Disturbance:
    """No process noise."""
    return Disturbance(*(np.empty((rollouts, horizon, 0)) for _ in Disturbance._fields))


class NoiseSource:
    """Where a task's process noise comes from.

    a        how much of a force is left after a step
    renewed  deviation of what is added in a step, in multiples of s
    s        (n,) N or N m, deviations of the n forces that act
    """

    def __init__(self, model: Model) -> None:
        robot = model.robot
        force = np.array(robot.force_deviation)
        self._nx, self._nv, self._dt = model.nx, model.nv, model.dt
        self._deviation = np.array(robot.process_deviation)  # (nx,)
        self._acting = np.flatnonzero(force)  # (n,), along which coordinates
        self.a, self.s = model.force_memory, force[self._acting]
        self.renewed = np.sqrt(1.0 - self.a * self.a)
        pushes = robot.task.disturbances
        self._chances = [min(model.dt / push.every, 1.0) for push in pushes]
        self._largest = np.array([push.impulse for push in pushes])

    def white(self, rollouts: int, horizon: int, rng: np.random.Generator) -> Disturbance:
        """Draws in which xi (R, T, n) stand in place of impulses."""
        jumps, xi, pushes = undisturbed(rollouts, horizon)
        if self._deviation.any():
            jumps = self._deviation * rng.standard_normal((rollouts, horizon, self._nx))
        if self.s.size:
            xi = rng.standard_normal((horizon, rollouts, self.s.size)).swapaxes(0, 1)
        if self._chances:
            shape = rollouts, horizon, len(self._chances)
            happens = rng.random(shape) < self._chances
            pushes = np.where(happens, self._largest * rng.uniform(-1.0, 1.0, shape), 0.0)
        return Disturbance(jumps, xi, pushes)

    def remembered(self, before: Array, xi: Array) -> Array:
        """f / s (..., n) one step after ``before``."""
        return self.a * before + self.renewed * xi

    def impulses(self, f: Array) -> Array:
        """Impulses (..., nv) of forces given as f / s (..., n)."""
        P = np.zeros((*f.shape[:-1], self._nv))
        P[..., self._acting] = (self.s * self._dt) * f
        return P


def process_noise(
    model: Model, rollouts: int, horizon: int, rng: np.random.Generator
) -> Disturbance:
    """Draws of the task's process noise."""
    source = NoiseSource(model)
    jumps, xi, pushes = source.white(rollouts, horizon, rng)
    if not xi.size:
        return Disturbance(jumps, xi, pushes)
    f = xi.swapaxes(0, 1)  # (T, R, n), xi, then f / s in place
    f[1:] *= source.renewed
    for t in range(1, horizon):
        f[t] += source.a * f[t - 1]
    return Disturbance(jumps, source.impulses(f.swapaxes(0, 1)), pushes)


def pushed_points(model: Model) -> NDArray[np.int64]:
    """Of each of the task's disturbances, where in ``point_jacobians`` its point stands."""
    names = list(model.manifest["points"])
    return np.array([names.index(push.point) for push in model.robot.task.disturbances], dtype=int)


def disturb(model: Model, disturbance: Disturbance, t: int, X: Array) -> None:
    """Change the states X (R, nx) that step t led to."""
    jumps, impulses, pushes = (part[:, t] for part in disturbance)
    P = np.zeros((len(X), model.nv)) if not impulses.size else impulses.copy()
    for r, d in np.argwhere(pushes):
        point = model.robot.task.disturbances[d].point
        P[r] += model.point_jacobians(X[r, : model.nq])[point][0] * pushes[r, d]
    if P.any():
        X[:, model.nq :] += model.velocity_jumps(X[:, : model.nq], P)
    if jumps.size:
        X += jumps
