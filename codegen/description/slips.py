"""What a robot file may say but hardly means: degrees for radians, gravity that pulls upwards."""

import math
from collections.abc import Iterator

from vgps.codegen.description.blueprint import Blueprint
from vgps.codegen.description.consistency import Refusals
from vgps.codegen.description.fields import Location, refuse
from vgps.codegen.description.keyframe import Keyframe
from vgps.codegen.description.task import Initial

TURN = 2 * math.pi  # rad
MOST_TURNS = 2  # of a joint that is meant to wind up


def slips(robot: Blueprint) -> Refusals:
    """A warning for each number that is probably a slip."""
    if robot.gravity < 0:
        text = f"warning: gravity is {robot.gravity:g} m/s² along -y, which pulls upwards"
        yield refuse(f"{text}; down is {-robot.gravity:g}", "sentence", ("gravity",))
    for at, angle, most in _angles(robot):
        if abs(angle) > most * TURN:
            text = f"warning: an angle of {angle:g} rad is {abs(angle) / TURN:.1f} turns"
            hint = f"if degrees are meant, write {angle:g}*pi/180"
            yield refuse(f"{text}; {hint}", "sentence", at)


def _angles(robot: Blueprint) -> Iterator[tuple[Location, float, int]]:
    """Every angle of the file, with its place, and how many turns may be meant."""
    for index, link in enumerate(robot.links):
        yield ("links", index, "direction"), link.direction, 1
    turning = {"angle"} if robot.base == "floating" else set()
    for index, joint in enumerate(robot.joints):
        yield ("joints", index, "axis"), joint.axis, 1
        if joint.type == "revolute":
            turning.add(joint.name)
            yield ("joints", index, "rest"), joint.rest, MOST_TURNS
            for end, limit in enumerate(joint.limits or ()):
                yield ("joints", index, "limits", end), limit, MOST_TURNS
    for index, actuator in enumerate(robot.actuators):
        if actuator.direction is not None:
            yield ("actuators", index, "direction"), actuator.direction, 1
    postures: dict[Location, Initial | Keyframe] = {**robot.task.initials}
    for index, keyframe in enumerate(robot.task.keyframes):
        postures["task", "start", "through", index] = keyframe
    for place, posture in postures.items():
        for name, value in posture.q.items():
            if name in turning:
                yield (*place, "q", name), value, MOST_TURNS
