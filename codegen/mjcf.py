"""A robot as MJCF, the XML of MuJoCo, which derives its equations of motion in three dimensions.

Our plane is MuJoCo's x-z plane.  Seen with x to the right and z up, a turn about -y is
counter-clockwise.
"""

import math
from xml.etree import ElementTree as ET

from vgps.codegen.description.robot import Joint, Robot


def to_mjcf(robot: Robot) -> str:
    """MJCF of ``robot``: everything but drag, limits and torque limits."""
    top = ET.Element("mujoco", model=robot.name)
    ET.SubElement(top, "compiler", angle="radian", balanceinertia="false", inertiafromgeom="false")
    option = ET.SubElement(top, "option", gravity=_numbers(0, 0, -robot.gravity))
    ET.SubElement(option, "flag", contact="disable")
    bodies = {"world": ET.SubElement(top, "worldbody")}
    if robot.root is not None:
        body = _add_body(bodies, robot, robot.root.name, "world", (0.0, 0.0))
        for name, kind, axis in (("x", "slide", (1, 0, 0)), ("y", "slide", (0, 0, 1))):
            ET.SubElement(body, "joint", name=name, type=kind, axis=_numbers(*axis))
        ET.SubElement(body, "joint", name="angle", type="hinge", axis="0 -1 0")
    for joint in robot.ordered_joints:
        body = _add_body(bodies, robot, joint.child, joint.parent, joint.origin)
        if joint.type != "fixed":
            body.append(_joint(joint))
    actuators = ET.SubElement(top, "actuator")
    for name in robot.u_names:
        ET.SubElement(actuators, "motor", name=name, joint=name, gear="1")
    return ET.tostring(top, encoding="unicode")


def _add_body(
    bodies: dict[str, ET.Element],
    robot: Robot,
    name: str,
    parent: str,
    at: tuple[float, float],
) -> ET.Element:
    link = next(link for link in robot.links if link.name == name)
    body = ET.SubElement(bodies[parent], "body", name=name, pos=_numbers(at[0], 0, at[1]))
    # A ball of the right inertia satisfies MuJoCo's triangle inequality; only that about y acts.
    ET.SubElement(
        body,
        "inertial",
        pos=_numbers(link.com[0], 0, link.com[1]),
        mass=_numbers(link.mass),
        diaginertia=_numbers(*[link.inertia] * 3),
    )
    bodies[name] = body
    return body


def _joint(joint: Joint) -> ET.Element:
    # A slide leaves the child parallel to its parent, so the axis is the same in both frames.
    slide = joint.type == "prismatic"
    axis = (math.cos(joint.axis), 0, math.sin(joint.axis)) if slide else (0, -1, 0)
    return ET.Element(
        "joint",
        name=joint.name,
        type="slide" if slide else "hinge",
        axis=_numbers(*axis),
        damping=_numbers(joint.damping),
        stiffness=_numbers(joint.stiffness),
        springref=_numbers(joint.rest),
        armature=_numbers(joint.armature),
    )


def _numbers(*values: float) -> str:
    return " ".join(repr(float(value)) for value in values)
