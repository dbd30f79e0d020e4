"""A step of the ground that is raised while a robot moves over it.

The height of the ground is compiled into a robot's code, so that a step needs another library; one
does for all of them.  Its landscape has steps of every height that is a multiple of h,

    g(x) = g_0 + m h (1 + tanh((x - m L) / w)) / 2,     m = the integer nearest to x / L:

the one of height m h is at m L, and halfway between two of them the ground is back at g_0.  The
motion of a robot with a floating base does not depend on where it is, but for its ground.  So it
meets a step of m h at x = a, on ground that lies n h higher than the file says, when it is moved by

    (m L - a, -n h)

goes a step there, and is moved back.  What policy and cost see is where it is in the world: a
policy that sees its height sees that it stands on a step.
"""

import math

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.description.expression import NUMERIC_FUNCTIONS, parse
from vgps.codegen.description.robot import Robot
from vgps.codegen.model import Model

Array = NDArray[np.float64]

# In sizes of the robot:
UNIT = 1e-3  # h
APART = 200.0  # L
EDGE = 0.007  # w
HIGHEST = 0.25  # of a step, up or down
RISE = 0.5  # of the ground in a second


def can_rise(robot: Robot) -> bool:
    """Whether there is level ground that a floating base is free to move over."""
    ground = robot.ground
    return robot.base == "floating" and ground is not None and "x" not in parse(ground.height).names


def robot_size(model: Model) -> float:
    """The larger of its width and height, m, where it first begins."""
    places = np.array(list(model.points(model.x0[: model.nq]).values()))  # (n, 2)
    return float(np.ptp(places, axis=0).max()) or 1.0


def landscape(robot: Robot, size: float) -> Robot:
    """A robot that is to be built, on ground with steps of all heights."""
    assert robot.ground is not None  # whoever can_rise has some
    L, h, w = APART * size, UNIT * size, EDGE * size
    beyond = f"({L / (2.0 * math.pi)!r}*wrap({2.0 * math.pi / L!r}*x))"  # x - m L
    height = f"({robot.ground.height}) + {h / L!r}*(x - {beyond})*(1 + tanh({beyond}/{w!r}))/2"
    ground = robot.ground.model_copy(update={"height": height})
    return robot.model_copy(update={"ground": ground})


class RaisedGround:
    """Level ground with one step, which can be raised and lowered at any time.

    edge   where the step is, m
    left   height of the ground before it, in multiples of ``unit`` over that of the file
    right  the same behind it
    unit, highest, width  of a step, m
    """

    def __init__(self, model: Model, stepped: Model) -> None:
        """Level ground under ``model``; ``stepped`` is its `landscape`, built."""
        assert model.robot.ground is not None
        size = robot_size(model)
        self._level, self._stepped = model, stepped
        self.unit, self.highest, self.width = UNIT * size, HIGHEST * size, EDGE * size
        self._apart, self._most = APART * size, round(HIGHEST / UNIT)
        self._rise = max(1, round(RISE / UNIT * model.dt))  # units a step
        height = parse(model.robot.ground.height)
        self._base = float(height.evaluate(model.robot.parameters, NUMERIC_FUNCTIONS))
        self.flatten()

    def flatten(self) -> None:
        """Make all of it level again, as the robot's file says."""
        self.edge, self.left, self.right, self._goal = 0.0, 0, 0, 0

    def raise_beyond(self, edge: float, height: float, x: float) -> None:
        """Let the ground rise by ``height``, m, from ``edge`` on, in place of any step before.

        All of it is levelled to where the robot stands, at ``x``, and rises a little with each step
        of the motion.  The height is rounded to multiples of ``unit``, and at most ``highest``.
        """
        level = self.left if x < self.edge else self.right
        self.edge, self.left, self.right = edge, level, level
        self._goal = level + round(np.clip(height / self.unit, -self._most, self._most))

    def height(self, x: float) -> float:
        """Of the ground at x, m."""
        beyond = 0.5 * (1.0 + math.tanh((x - self.edge) / self.width))
        return self._base + self.unit * (self.left + (self.right - self.left) * beyond)

    def rise(self) -> None:
        """Move as far as the ground does in a control period."""
        self.right += min(max(self._goal - self.right, -self._rise), self._rise)

    def surface(self) -> Array:
        """Points (n, 2), m, of a line along the step; beyond them the ground is level."""
        xs = self.edge + self.width * np.linspace(-4.0, 4.0, 33)
        return np.array([(x, self.height(x)) for x in xs.tolist()])

    def step(self, x: Array, u: Array) -> Array:
        """The state (nx,) a control period after x under u (nu,), on the ground as it is now."""
        model, shift = self._elsewhere(x)
        return model.step(x + shift, u) - shift

    def contact_forces(self, x: Array) -> dict[str, Array]:
        """Force (2,) N of the ground, as it is now, on each contact point."""
        model, shift = self._elsewhere(x)
        q, v = np.split(x + shift, 2)
        return model.contact_forces(q, v)

    def _elsewhere(self, x: Array) -> tuple[Model, Array]:
        """The library, and how far (nx,) from x, on whose ground the robot moves as here."""
        beyond, m = x[0] - self.edge, self.right - self.left
        near = m != 0 and abs(beyond) < 0.25 * self._apart
        n = self.left if near or beyond < 0.0 else self.right
        shift = np.zeros(len(x))
        shift[:2] = (m * self._apart - self.edge if near else 0.0), -n * self.unit
        return self._stepped if near else self._level, shift
