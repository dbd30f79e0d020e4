"""A robot that moves under its policy until nobody looks any more, and what disturbs it meanwhile.

A control period is, as in `push` and `rollouts`,

    v <- v + what a hand does that pulls at a link        (`pull`)
    u  = mu_theta(x, t) + the policy's noise, within limits
    x <- f(x, u), on ground that may have been raised     (`raised_ground`)
    x <- x + the task's process noise                     (`disturbance`)

each of the noises only while it is switched on.  Time runs from the last reset, and the horizon of
the task ends nothing.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.description.expression import parse
from vgps.codegen.model import Model
from vgps.policy.disturbance import Disturbance, NoiseSource, disturb
from vgps.policy.gaussian import Policy
from vgps.policy.pull import Grip, nearest_grip, pull
from vgps.policy.raised_ground import RaisedGround
from vgps.policy.rollouts import initial_states

Array = NDArray[np.float64]

PULL = 10.0  # 1/s^2, stiffness of the hand's spring for each kg of the robot
BEYOND = 1e9  # m, rad, m/s or rad/s that no robot comes to


class Hand(NamedTuple):
    """What pulls at the robot."""

    grip: Grip
    place: Array  # (2,) m, where the hand is


class Simulation:
    """One endless rollout.

    x          (nx,), the state
    before     (nx,), that of the step before
    u          (nu,), the last action
    cost       of the last step, NaN before the first
    t          steps since the last reset
    hand       what pulls, or None
    impulse    (2,) N s, of the hand in the last step
    noisy      whether the policy acts with its noise
    disturbed  whether the task's process noise acts
    strength   of the hand, in multiples of `PULL`
    ground     what may be raised, or None
    """

    def __init__(
        self,
        model: Model,
        policy: Policy,
        rng: np.random.Generator,
        ground: RaisedGround | None = None,
    ) -> None:
        """Begin at the first of the task's initial states."""
        self.model, self.policy, self.ground = model, policy.bound(model), ground
        self._rng, self._source, self._limits = rng, NoiseSource(model), model.limits
        self._resets = 0
        self._stiffness = PULL * sum(link.mass for link in model.robot.links)  # N/m
        self._first_target = model.nq - 2 * len(model.robot.targets)
        self.noisy = self.disturbed = False
        self.strength = 1.0
        self.hand: Hand | None = None
        self.reset()

    def reset(self) -> None:
        """Begin anew, on level ground, around the next of the task's initial states."""
        model = self.model
        S = len(model.x0s)
        self.x = self.before = initial_states(model, S, self._rng)[self._resets % S]
        self._resets += 1
        self.u, self.cost, self.t = np.zeros(model.nu), math.nan, 0
        self._force: Array | None = None  # (1, n), f / s of the process noise
        self.release()
        if self.ground is not None:
            self.ground.flatten()

    def pull(self, place: Array) -> None:
        """Move the hand to ``place`` (2,); it grips the nearest link if it holds none."""
        q = self.x[: self.model.nq]
        grip = nearest_grip(self.model, q, place) if self.hand is None else self.hand.grip
        self.hand = Hand(grip, place)

    def release(self) -> None:
        """Open the hand."""
        self.hand, self.impulse = None, np.zeros(2)

    def targets_seen(self) -> list[bool]:
        """Of each target, whether the policy sees where it is."""
        policy, robot = self.policy, self.model.robot
        if policy.expressions is None:
            seen = {robot.q_names[i] for i in policy.observed.tolist() if i < robot.nq}
        else:
            seen = {name for text in policy.expressions.texts for name in parse(text).names}
        return [not seen.isdisjoint((f"{t.name}.x", f"{t.name}.y")) for t in robot.targets]

    def move_target(self, number: int, place: Array) -> None:
        """Put a target at ``place`` (2,)."""
        first = self._first_target + 2 * number
        self.x, self.before = self.x.copy(), self.before.copy()
        self.x[first : first + 2] = self.before[first : first + 2] = place

    def raise_ground(self, edge: float, height: float) -> None:
        """Let the ground rise by ``height``, m, from x = ``edge`` on.

        Raises:
            ValueError: for a robot without ground that can.
        """
        if self.ground is None:
            raise ValueError(f"the ground of {self.model.robot.name} cannot be raised")
        self.ground.raise_beyond(edge, height, self.x[0])

    def advance(self) -> None:
        """Go a control period on.

        Raises:
            FloatingPointError: names the first coordinate that has grown beyond all bounds.
        """
        with np.errstate(all="ignore"):  # what comes of it is looked at below
            self._advance()
        small = np.abs(self.x) < BEYOND
        if not small.all():
            i = int(np.argmin(small))
            name, seconds = self.model.x_names[i], self.t * self.model.dt
            raise FloatingPointError(f"{name} is {self.x[i]:.3g} after {seconds:.2f} s")

    def _advance(self) -> None:
        model, time = self.model, self.t * self.model.dt
        x = self.x.copy()
        if self.hand is not None:
            stiffness = self.strength * self._stiffness
            dv, self.impulse = pull(model, x, *self.hand, stiffness)
            x[model.nq :] += dv
        u = self.policy.mean(x, time)
        if self.noisy:
            u = u + self.policy.sigma * self._rng.standard_normal(model.nu)
        u = np.clip(u, *self._limits)
        self.cost = float(model.costs(x[None], u[None], [time])[0])
        if self.ground is None:
            following = model.step(x, u)
        else:
            self.ground.rise()
            following = self.ground.step(x, u)
        if self.disturbed:
            disturb(model, self._disturbance(), 0, following[None])
        self.before, self.x, self.u = x, following, u
        self.t += 1

    def _disturbance(self) -> Disturbance:
        """What follows the step that is due, in the place of the only step of a disturbance."""
        jumps, xi, pushes = self._source.white(1, 1, self._rng)
        if not xi.size:
            return Disturbance(jumps, xi, pushes)
        f = xi[:, 0]  # (1, n)
        self._force = f if self._force is None else self._source.remembered(self._force, f)
        return Disturbance(jumps, self._source.impulses(self._force)[:, None], pushes)
