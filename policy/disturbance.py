"""What is random in a rollout beside its start and the policy: the task's process noise.

After each step of the dynamics

    x <- x + w,     v <- v + M(q)^-1 f dt,

w is independent from step to step, with the standard deviations ``q`` and ``v`` of the task.  Its
``force`` f is a process of Ornstein and Uhlenbeck at its own pace, which begins in its stationary
distribution:

    f' = a f + sqrt(1 - a^2) s xi,     a = exp(-2 pi bandwidth dt),     xi ~ N(0, I).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.model import Model

Array = NDArray[np.float64]


class Disturbance(NamedTuple):
    """Of R rollouts.  An array without a last axis's entries stands for one of zeros."""

    jumps: Array  # (R, T, nx) or (R, T, 0), what is added to the state after each step
    impulses: Array  # (R, T, nv) or (R, T, 0), f dt: N s along coordinates in metres, else N m s


def undisturbed(rollouts: int, horizon: int) -> Disturbance:
    """No process noise."""
    return Disturbance(np.empty((rollouts, horizon, 0)), np.empty((rollouts, horizon, 0)))


def process_noise(
    model: Model, rollouts: int, horizon: int, rng: np.random.Generator
) -> Disturbance:
    """Draws of the task's process noise."""
    jumps, impulses = undisturbed(rollouts, horizon)
    deviation, force = (
        np.array(model.robot.process_deviation),
        np.array(model.robot.force_deviation),
    )
    if deviation.any():
        jumps = deviation * rng.standard_normal((rollouts, horizon, model.nx))
    if force.any():
        impulses = rng.standard_normal((rollouts, horizon, model.nv))  # xi, then f dt in place
        impulses *= force * model.dt
        a = model.force_memory
        for t in range(1, horizon):
            impulses[:, t] = a * impulses[:, t - 1] + np.sqrt(1.0 - a * a) * impulses[:, t]
    return Disturbance(jumps, impulses)


def disturb(model: Model, disturbance: Disturbance, t: int, X: Array) -> None:
    """Change the states X (R, nx) that step t led to."""
    jumps, impulses = disturbance.jumps[:, t], disturbance.impulses[:, t]
    if impulses.size:
        X[:, model.nq :] += model.velocity_jumps(X[:, : model.nq], impulses)
    if jumps.size:
        X += jumps
