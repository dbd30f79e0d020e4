"""Walking by a finite-state controller: the demonstration that trajectory optimisation starts from.

SIMBICON (Yin, Loken & van de Panne, SIGGRAPH 2007).  PD control holds the torso and the swing thigh
at angles in the world frame and the other joints at angles relative to their parents.  The stance
hip applies the torque that the torso needs, less the reaction of the swing hip:

    u_swing  = k_p (target + c_d d + c_v v - angle) - k_d omega
    u_stance = -(k_p (target - torso angle) - k_d torso omega) - u_swing

with d the horizontal distance of the centre of mass from the stance ankle and v its velocity.

The controller runs at the task's control rate and through the task's own step, so that its actions,
replayed from the same state, reproduce its trajectory exactly.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.description.expression import NUMERIC_FUNCTIONS, parse
from vgps.codegen.description.gait import GaitState, Leg
from vgps.codegen.model import Model

Array = NDArray[np.float64]


class Walk(NamedTuple):
    """A rollout of the controller."""

    X: Array  # (T+1, nx)
    U: Array  # (T, nu)


def walk(model: Model, x0: Array, horizon: int) -> Walk:
    """``horizon`` steps of the walking controller of the robot's file from ``x0`` (nx,).

    Raises:
        ValueError: when the robot's file has no gait.
        FloatingPointError: where the state stops being finite, with the step.
    """
    controller = _Controller(model)
    X, U = np.empty((horizon + 1, model.nx)), np.empty((horizon, model.nu))
    X[0] = x0
    for t in range(horizon):
        U[t] = controller.act(X[t])
        X[t + 1] = model.step(X[t], U[t])
        if not np.isfinite(X[t + 1]).all():
            model.require_finite_states(X[: t + 2])
    return Walk(X, U)


class _Controller:
    """Its clock and state, which every action advances."""

    def __init__(self, model: Model):
        robot = model.robot
        if robot.gait is None or robot.ground is None:
            raise ValueError(f"{robot.name} has no gait: only a robot whose file has one can walk")
        self.model, self.gait = model, robot.gait
        self.limits = model.limits
        self.q = {name: i for i, name in enumerate(robot.q_names)}
        self.u = {name: i for i, name in enumerate(robot.u_names)}
        self.angles = {joint.child: self._world_angle(joint.child) for joint in robot.joints}
        self.angles[self.gait.torso] = self._world_angle(self.gait.torso)
        self.child = {joint.name: joint.child for joint in robot.joints}
        self.height = parse(robot.ground.height)
        self.radius = {point.name: point.radius for point in robot.contact_points}
        self.state, self.elapsed = 0, 0.0

    def _world_angle(self, link: str) -> Array:
        """Coefficients (nq,) of the coordinates in the angle of ``link`` in the world frame."""
        coefficients = np.zeros(self.model.nq)
        while (joint := self.model.robot.parent_joint(link)) is not None:
            if joint.type == "revolute":
                coefficients[self.q[joint.name]] = 1.0
            link = joint.parent
        if self.model.robot.root is not None:
            coefficients[self.q["angle"]] = 1.0
        return coefficients

    def act(self, x: Array) -> Array:
        """Actions (nu,) at ``x``; advances the controller's clock by one control period."""
        q, v = x[: self.model.nq], x[self.model.nq :]
        points = self.model.points(q)
        self._advance(points)
        state, (stance, swing) = self._now()
        gains = self.gait.gains
        u = np.zeros(self.model.nu)

        distance = points["com"][0] - points[stance.ankle][0]
        speed = self.model.speed(x[None], u[None])[0]
        c_d, c_v = state.balance
        target = state.swing_hip + c_d * distance + c_v * speed
        swing_torque = self._hold(self.child[swing.hip], target, gains.hip, q, v)
        u[self.u[swing.hip]] = swing_torque
        u[self.u[stance.hip]] = (
            -self._hold(self.gait.torso, state.torso, gains.torso, q, v) - swing_torque
        )
        for joint, angle, (k_p, k_d) in (
            (swing.knee, state.swing_knee, gains.knee),
            (swing.ankle, state.swing_ankle, gains.ankle),
            (stance.knee, state.stance_knee, gains.knee),
            (stance.ankle, state.stance_ankle, gains.ankle),
        ):
            i = self.q[joint]
            u[self.u[joint]] = k_p * (angle - q[i]) - k_d * v[i]
        self.elapsed += self.model.dt
        return np.clip(u, *self.limits)

    def _hold(
        self, link: str, target: float, gains: tuple[float, float], q: Array, v: Array
    ) -> float:
        """Torque that turns ``link`` to an angle in the world frame, under ``gains`` (k_p, k_d)."""
        coefficients, (k_p, k_d) = self.angles[link], gains
        return float(k_p * (target - coefficients @ q) - k_d * (coefficients @ v))

    def _now(self) -> tuple[GaitState, tuple[Leg, Leg]]:
        """The current state, and the legs as (stance, swing)."""
        state, legs = self.gait.states[self.state], self.gait.legs
        return state, (legs.left, legs.right) if state.left_stance else (legs.right, legs.left)

    def _advance(self, points: dict[str, Array]) -> None:
        """Change to the next state when the time of this one is over, or the swing foot lands."""
        state, (_, swing) = self._now()
        if state.duration is None:
            over = any(self._below_ground(points[name], self.radius[name]) for name in swing.foot)
        else:
            over = self.elapsed >= state.duration - 0.5 * self.model.dt
        if over:
            self.state, self.elapsed = (self.state + 1) % len(self.gait.states), 0.0

    def _below_ground(self, point: Array, radius: float) -> bool:
        names = self.model.robot.parameters | {"x": float(point[0])}
        return point[1] - radius < self.height.evaluate(names, NUMERIC_FUNCTIONS)
