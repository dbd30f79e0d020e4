"""A robot as an MJCF file for MuJoCo's own world: its contacts, its limits, its integrator.

Masses, inertias, joints, springs and drives mean the same there to the last digits (`mjcf`).  How
bodies touch and how joints end does not: MuJoCo's constraints take the place of our springs, with
its default softness.  What MuJoCo has no word for is left out, and said.
"""

import math
from collections.abc import Iterator
from xml.etree import ElementTree as ET

from vgps.codegen.description.expression import NUMERIC_FUNCTIONS, parse
from vgps.codegen.description.robot import Robot
from vgps.codegen.mjcf import numbers, to_mjcf

GROUND = "ground plane"  # its name, which no point can have
_SMALLEST = 1e-3  # m: MuJoCo's spheres have a radius
_LEAST_INERTIA = 1e-12  # kg m^2: MuJoCo has no points of mass
_INTEGRATORS = {"rk4": "RK4", "implicit": "implicitfast"}


def export_mjcf(robot: Robot) -> tuple[str, list[str]]:
    """The text of the file, and a sentence for each thing that it leaves out."""
    top = ET.fromstring(to_mjcf(robot))
    option = _child(top, "option")
    for flag in option.findall("flag"):
        option.remove(flag)  # contact is wanted here
    option.set("timestep", numbers(robot.task.dt / robot.task.substeps))
    option.set("integrator", _INTEGRATORS[robot.task.integrator])
    lows, highs = robot.action_limits
    for actuator, low, high in zip(_child(top, "actuator"), lows, highs, strict=True):
        if math.isfinite(low) and math.isfinite(high):
            actuator.attrib |= {"ctrllimited": "true", "ctrlrange": numbers(low, high)}
    elements = {e.get("name"): e for e in top.iter("joint")}
    for joint in robot.free_joints:
        if joint.limits is not None:
            elements[joint.name].attrib |= {"limited": "true", "range": numbers(*joint.limits)}
    if (height := _level(robot)) is not None:
        _add_ground(top, robot, height)
    for inertial in top.iter("inertial"):
        if inertial.get("diaginertia") == numbers(0, 0, 0):
            inertial.set("diaginertia", numbers(*[_LEAST_INERTIA] * 3))
    ET.indent(top)
    return ET.tostring(top, encoding="unicode") + "\n", list(_left_out(robot))


def _add_ground(top: ET.Element, robot: Robot, height: float) -> None:
    """A plane, and a sphere for each point that touches it; nothing else collides."""
    assert robot.ground is not None
    # Of two geoms MuJoCo takes the larger friction, so that the plane has none of its own.
    plane = {"name": GROUND, "type": "plane", "size": "0 0 1", "pos": numbers(0, 0, height)}
    plane |= {"friction": "0 0 0", "contype": "1", "conaffinity": "0"}
    _child(top, "worldbody").insert(0, ET.Element("geom", plane))
    bodies = {body.get("name"): body for body in top.iter("body")}
    for point in robot.contact_points:
        friction = robot.ground.friction_at(point)
        sphere = {"name": point.name, "type": "sphere", "mass": "0"}
        sphere |= {"size": numbers(max(point.radius, _SMALLEST))}
        sphere |= {"pos": numbers(point.at[0], 0, point.at[1]), "friction": numbers(friction, 0, 0)}
        sphere |= {"contype": "0", "conaffinity": "1", "condim": "3"}
        ET.SubElement(bodies[point.link], "geom", sphere)


def _level(robot: Robot) -> float | None:
    """Height of ground that is level, m."""
    if robot.ground is None:
        return None
    height = parse(robot.ground.height)
    return (
        None if "x" in height.names else float(height.evaluate(robot.parameters, NUMERIC_FUNCTIONS))
    )


def _left_out(robot: Robot) -> Iterator[str]:
    if robot.ground is not None and _level(robot) is None:
        yield "the ground, whose height varies: MuJoCo would want a height field"
    if any(link.drag is not None for link in robot.links):
        yield "the drag of single links, which MuJoCo does not have"
    if robot.targets:
        yield "targets, which are places and no bodies"


def _child(element: ET.Element, tag: str) -> ET.Element:
    found = element.find(tag)
    assert found is not None
    return found
