"""Feedback that holds a robot on a nearby equilibrium, as actions to start from.

An equilibrium is a state at rest that a step with constant actions leaves where it is,
f(x, u) = x.  Around it the linear-quadratic regulator

    minimise  sum_t |q_t - q|^2 / REACH^2 + |DAMPING v_t|^2 / REACH^2 + |u_t - u|^2 / scale^2

finds the feedback that no guess per joint does: to move a pole that nothing turns, the cart under
it must first go the wrong way.
"""

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.model import Model
from vgps.solver.rollout import held

Array = NDArray[np.float64]

REACH = 0.3  # rad or m that are as bad as an action of the whole scale
DAMPING = 0.1  # s: rad/s or m/s count as what they cover in this time
_STEPS = 50  # of Newton's method
_LONGEST = 0.3  # rad or m of the posture, in one of them
_STILL = 1e-9  # m or rad, m/s or rad/s by which an equilibrium may move in a step
_FLAT = 1e-6  # singular values, relative to the largest, along which Newton's method does not go


def balance(model: Model, x0: Array, rest: Array, scale: Array, T: int) -> Array:
    """The actions (T, nu) that bring x0 (nx,) to the equilibrium next to it.

    Args:
        model: the robot.
        x0: (nx,) where it begins.
        rest: (nu,) actions near those of the equilibrium.
        scale: (nu,) of an action.
        T: number of steps.

    Raises:
        FloatingPointError: when there is no equilibrium within the limits, or what leads to it
            diverges.
    """
    x, u = equilibrium(model, x0, rest, scale)
    return held(model, x0, x, u, regulator(model, x, u, scale, T), T)


def equilibrium(model: Model, x0: Array, rest: Array, scale: Array) -> tuple[Array, Array]:
    """The state (nx,) at rest and the actions (nu,) that keep it, found from x0 and ``rest``.

    Newton's method for f(x, u) = x, whose steps are the shortest that will do: where along the
    ground the robot stands does not matter, and so it stays there.

    Raises:
        FloatingPointError: when there is none within the limits.
    """
    low, high = model.limits
    moving, lags = len(model.robot.moving_names), model.robot.lags
    # A force that lags stands, and its integral, on which nothing depends, grows.
    sought = [*range(moving), *(model.nq + lag.coordinate for lag in lags)]
    # On a last action no motion depends.
    free = [lag.coordinate for lag in lags]
    free += [last.coordinate for last in model.robot.last_actions]
    still = np.delete(np.arange(model.nx), free)
    x, u = np.concatenate([x0[: model.nq], np.zeros(model.nv)]), rest
    for _ in range(_STEPS):
        moved = (model.step(x, u) - x)[still]
        if np.abs(moved).max() < _STILL and (low <= u).all() and (u <= high).all():
            return x, u
        f_x, f_u = _linearized(model, x, u)
        J = np.hstack([(f_x - np.eye(model.nx))[:, sought], f_u * scale])[still]
        if not np.isfinite(J).all():
            break
        change = np.linalg.lstsq(J, -moved, rcond=_FLAT)[0]
        change /= max(1.0, np.abs(change[:moving]).max() / _LONGEST)
        x[sought] += change[: len(sought)]
        u = u + scale * change[len(sought) :]
    raise FloatingPointError("no equilibrium near the initial state")


def regulator(model: Model, x: Array, u: Array, scale: Array, T: int) -> Array:
    """The first gain K (nu, nx) over T steps of the regulator at an equilibrium (x, u)."""
    f_x, f_u = _linearized(model, x, u)
    weights, moving = np.zeros((2, model.nq)), len(model.robot.moving_names)
    weights[:, :moving] = np.array([[1.0], [DAMPING**2]]) / REACH**2
    Q = np.diag(weights.ravel())
    R = np.diag(1.0 / scale**2)
    V = Q
    for _ in range(T):
        K = -np.linalg.solve(R + f_u.T @ V @ f_u, f_u.T @ V @ f_x)
        V = Q + f_x.T @ V @ (f_x + f_u @ K)
        V = 0.5 * (V + V.T)
    return np.asarray(K)


def _linearized(model: Model, x: Array, u: Array) -> tuple[Array, Array]:
    """f_x (nx, nx) and f_u (nx, nu) of a step."""
    f_x, f_u = model.linearize(x[None], u[None])
    return f_x[0], f_u[0]
