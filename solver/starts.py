"""Actions from which a trajectory may be optimised, where a robot's file names no start.

No single start suits every robot: without actions one that stands falls, and an optimiser rarely
gets it up again, while one that swims does not move at all.  So several are made:

    rest       the actions that come nearest to carrying the robot's own weight, throughout
    noise      those and random ones: afresh each step (white), or along lines between some (smooth)
    hold       feedback on the initial posture,  u = rest - B^T (k_p (q - q_0) + k_d v)
    receding   model-predictive control: a plan of h steps is optimised, its first quarter is done,
               and the next plan starts from the rest of it; what no plan has reached yet is noise
    gait       the robot's walking controller, if its file describes one
    through    what carries it through keyframes, if its file gives some (`through`)

B (nv, nu) is what the actions push on at the initial posture, once their lags are over.  Sizes are
shares of the scale of an action: half the range of its limits or, without any, what the largest
force of gravity and springs asks for.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.model import Model
from vgps.solver.balance import balance
from vgps.solver.ilqr import Settings, ilqr
from vgps.solver.objective import task_objective
from vgps.solver.rollout import held
from vgps.solver.through import through
from vgps.solver.walking import walk

Array = NDArray[np.float64]

WHITE = (0.02, 0.1, 0.3)  # standard deviations, as shares of the scale
SMOOTH = (0.1, 0.3, 1.0)
LEAST_DRAWS, MOST_DRAWS = 2, 12  # of each kind and size of noise
DRAWS_BY_SQUARE = 200  # over the square of nx: about so the time of an iteration grows
STEPS_OF_A_LINE = 12  # between the knots of smooth noise
HOLD = ((0.3, 0.1), (1.0, 0.1), (1.0, 0.02))  # rad or m that ask for the scale, s: k_d / k_p
HORIZONS = (8, 3)  # the task's horizon over that of a plan
SHORTEST_PLAN = 8  # steps
FIRST_PLAN, NEXT_PLAN = 30, 10  # iterations
UNPLANNED = 0.02  # standard deviation of noise, as a share of the scale
SWING = 2.0 * np.pi  # rad/s at which a unit of amplitude takes the scale of a weightless robot
LIGHT = 1e-3  # of that: a robot of less weight has none


class Start(NamedTuple):
    """One of them."""

    kind: str
    which: str  # of its kind
    actions: Callable[[], Array]  # (T, nu); FloatingPointError where it diverges

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.kind} ({self.which})" if self.which else self.kind


def all_starts(model: Model, x0: Array, horizon: int, rng: np.random.Generator) -> Iterator[Start]:
    """All starts from x0 (nx,) over ``horizon`` steps; ``rng`` draws the noise."""
    nq, T = model.nq, horizon
    q = x0[:nq]
    B = _actuation(model, q)
    weight = model.bias_force(q, np.zeros(nq)) - model.passive_force(q, np.zeros(nq))
    scale = _scale(model, q, B, weight)
    rest = np.clip(np.linalg.lstsq(B, weight)[0], *model.limits)
    draws = min(max(LEAST_DRAWS, DRAWS_BY_SQUARE // model.nx**2), MOST_DRAWS)

    yield Start("rest", "", lambda: np.tile(rest, (T, 1)))
    for size in WHITE:
        for _ in range(draws):
            noise = size * scale * rng.standard_normal((T, model.nu))
            yield Start("noise", f"white, {size:g}", partial(np.add, rest, noise))
    for size in SMOOTH:
        for _ in range(draws):
            noise = size * scale * _smooth(T, model.nu, rng)
            yield Start("noise", f"smooth, {size:g}", partial(np.add, rest, noise))
    for reach, damping in HOLD:
        K = np.hstack([np.eye(nq), damping * np.eye(nq)]) / reach
        K = -scale[:, None] * (B / _push(B)).T @ K
        posture = np.concatenate([q, np.zeros(nq)])
        actions = partial(held, model, x0, posture, rest, K, T)
        yield Start("hold", f"{reach:g}, {damping:g} s", actions)
    yield Start("balance", "", partial(balance, model, x0, rest, scale, T))
    for share in HORIZONS:
        h = min(T, max(SHORTEST_PLAN, T // share))
        noise = UNPLANNED * scale * rng.standard_normal((T + h, model.nu))
        yield Start("receding", f"{h} steps", partial(_receding, model, x0, rest + noise, h))
    if model.robot.gait is not None:
        yield Start("gait", "", lambda: walk(model, x0, T).U)
    if keyframes := model.robot.task.keyframes:
        sizes = (0.0, *np.repeat(SMOOTH, LEAST_DRAWS))
        noises = [size * scale * _smooth(T, model.nu, rng) for size in sizes]
        actions = partial(through, model, x0, keyframes, rest, scale, noises)
        yield Start("through", ", ".join(f"{one.t:g} s" for one in keyframes), actions)


def _actuation(model: Model, q: Array) -> Array:
    """B (nv, nu): the generalised force of each action at rest in q (nq,), its lag over."""
    still = model.acceleration(q, np.zeros(model.nv), np.zeros(model.nu))
    a = np.array([model.acceleration(q, _caught_up(model, u), u) - still for u in np.eye(model.nu)])
    return model.mass_matrix(q) @ a.T


def _caught_up(model: Model, u: Array) -> Array:
    """v (nv,) of a robot at rest on which u (nu,) has acted for long."""
    v = np.zeros(model.nv)
    for lag in model.robot.lags:
        v[lag.coordinate] = lag.gain * u[lag.action]
    return v


def _push(B: Array) -> Array:
    """(nu,) N m or N that a unit of each action exerts; 1 where it has no effect."""
    largest = np.abs(B).max(axis=0)
    return np.where(largest > 0.0, largest, 1.0)


def _scale(model: Model, q: Array, B: Array, weight: Array) -> Array:
    """(nu,) in units of the actions: half of what limits allow, or what the weight asks for.

    A robot without weight is swung.
    """
    low, high = model.limits
    push = _push(B)
    by_inertia = np.diag(B.T @ model.mass_matrix(q) @ B) / push**3 * SWING**2
    by_weight = np.abs(weight).max() / push
    unlimited = np.where(by_weight > LIGHT * by_inertia, by_weight, by_inertia)
    return np.where(np.isfinite(high - low), 0.5 * (high - low), unlimited)


def _smooth(T: int, nu: int, rng: np.random.Generator) -> Array:
    """(T, nu) along lines between random knots."""
    knots = rng.standard_normal((T // STEPS_OF_A_LINE + 1, nu))
    places = np.linspace(0.0, T - 1, len(knots))
    return np.column_stack([np.interp(np.arange(T), places, column) for column in knots.T])


def _receding(model: Model, x0: Array, unplanned: Array, h: int) -> Array:
    """The actions (T, nu) of plans over h steps, from ``unplanned`` (T+h, nu)."""
    T, done = len(unplanned) - h, max(1, h // 4)
    x, plan, U = x0, unplanned[:h], np.empty((0, model.nu))
    while len(U) < T:
        settings = Settings(max_iterations=NEXT_PLAN if len(U) else FIRST_PLAN)
        solution = ilqr(model, task_objective(model, h, first=len(U)), x, plan, settings)
        U = np.concatenate([U, solution.U[:done]])
        x = solution.X[done]
        plan = np.concatenate([solution.U[done:], unplanned[len(U) + h - done :][:done]])
    return U[:T]
