"""What a page shows of a simulation, as plain numbers: m, rad, s, N."""

import math
from typing import Any

from vgps.policy.raised_ground import robot_size
from vgps.policy.simulation import Simulation
from vgps.report.page.scene import frame_of, ground_of, scene_of

_LEARNED = 3.0  # deviations of a target from its mean that learning has seen
_REACH = 10.0  # of the ground that is shown to both sides of the robot, in its sizes

Line = list[list[float | None]]


def about(simulation: Simulation) -> dict[str, Any]:
    """What never changes.

    Returns:
        scene        what `scene_of` says of the robot
        robot        its name
        commands     what the policy is told by a number, a target of which one coordinate has a
                     spread: target, axis, name, and the range that it has learned
        movable      of each other target, whether the policy sees where it is
        highest      m that the ground can be raised by; 0 where it cannot
        disturbable  whether the task has process noise
    """
    robot, movable = simulation.model.robot, simulation.targets_seen()
    commands = []
    for i, target in enumerate(robot.targets):
        spread = target.spread
        if movable[i] and (spread[0] > 0.0) != (spread[1] > 0.0):
            axis = int(spread[1] > 0.0)
            middle, reach = target.at[axis], _LEARNED * spread[axis]
            name = f"{target.name}.{'xy'[axis]}"
            span = {"low": middle - reach, "high": middle + reach}
            commands.append({"target": i, "axis": axis, "name": name} | span)
            movable[i] = False
    noise = [*robot.process_deviation, *robot.force_deviation, *robot.task.disturbances]
    return {
        "scene": scene_of(simulation.model),
        "robot": robot.name,
        "commands": commands,
        "movable": movable,
        "highest": 0.0 if simulation.ground is None else simulation.ground.highest,
        "disturbable": any(noise),
    }


def frame_between(simulation: Simulation, share: float) -> dict[str, Any]:
    """The robot and what disturbs it, at this share of the way from the step before to the last.

    So a motion of long steps is smooth.

    Returns:
        t, vx, cost   s, m/s of the centre of mass, and of the last step, None if it is not finite
        hand          at, to and force of the hand that pulls, or None
        noisy, disturbed, strength  as of the `Simulation`
        and what `frame_of` gives
    """
    model = simulation.model
    x = simulation.before + share * (simulation.x - simulation.before)
    q, v = x[: model.nq], x[model.nq :]
    frame: dict[str, Any] = frame_of(model, x)
    if simulation.ground is not None:
        frame["forces"] = [f.tolist() for f in simulation.ground.contact_forces(x).values()]
    hand = None
    if simulation.hand is not None:
        at = simulation.hand.grip.place(model, q).tolist()
        force = (simulation.impulse / model.dt).tolist()
        hand = {"at": at, "to": simulation.hand.place.tolist(), "force": force}
    return frame | {
        "t": max(simulation.t - 1 + share, 0.0) * model.dt,
        "vx": float(model.point_jacobians(q)["com"][0] @ v),
        "cost": simulation.cost if math.isfinite(simulation.cost) else None,
        "hand": hand,
        "noisy": simulation.noisy,
        "disturbed": simulation.disturbed,
        "strength": simulation.strength,
    }


class Surface:
    """The surface of the ground, wherever the robot comes to."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._reach = _REACH * robot_size(simulation.model)
        self._low, self._high = math.inf, -math.inf
        self._points: Line = []

    def around(self, x: float) -> Line:
        """Points of it around the place x, m; none without ground."""
        robot, raised = self._simulation.model.robot, self._simulation.ground
        if robot.ground is None:
            return []
        if raised is not None:
            return [[px, py] for px, py in raised.surface().tolist()]
        if not self._low + 0.5 * self._reach < x < self._high - 0.5 * self._reach:
            self._low, self._high = x - self._reach, x + self._reach
            self._points = ground_of(robot, self._low, self._high)
        return self._points
