"""A robot as MJCF, the XML of MuJoCo, which derives its equations of motion in three dimensions.

Our plane is MuJoCo's x-z plane.  Seen with x to the right and z up, a turn about -y is
counter-clockwise.
"""

import math
from xml.etree import ElementTree as ET

from vgps.codegen.description.parts import unit_vector
from vgps.codegen.description.robot import BaseArmature, Joint, Link, Robot


def to_mjcf(robot: Robot) -> str:
    """MJCF of ``robot``: everything but the links' own drag, ground, limits and torque limits.

    MuJoCo's dry friction is a constraint, which is as ours at speeds far over `friction_speed`, and
    its fluid resists links without a width, too.
    """
    top = ET.Element("mujoco", model=robot.name)
    ET.SubElement(top, "compiler", angle="radian", balanceinertia="false", inertiafromgeom="false")
    option = ET.SubElement(top, "option", gravity=_numbers(0, 0, -robot.gravity))
    ET.SubElement(option, "flag", contact="disable")
    if robot.fluid is not None:
        option.set("density", _numbers(robot.fluid.density))
        option.set("viscosity", _numbers(robot.fluid.viscosity))
    bodies = {"world": ET.SubElement(top, "worldbody")}
    if robot.root is not None:
        body = _add_body(bodies, robot, robot.root.name, "world", (0.0, 0.0))
        loaded = robot.base_armature or BaseArmature()
        for name, kind, axis in (
            ("x", "slide", (1, 0, 0)),
            ("y", "slide", (0, 0, 1)),
            ("angle", "hinge", (0, -1, 0)),
        ):
            armature = _numbers(getattr(loaded, name))
            attributes = {"name": name, "type": kind, "axis": _numbers(*axis)}
            ET.SubElement(body, "joint", attributes, armature=armature)
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
    inertial = {"pos": _numbers(link.com[0], 0, link.com[1]), "mass": _numbers(link.mass)}
    if robot.fluid is not None and link.width > 0.0:
        inertial |= _bar(link)
    else:
        # A ball's inertia satisfies MuJoCo's triangle inequality; only that about y acts.
        inertial["diaginertia"] = _numbers(*[link.inertia] * 3)
    ET.SubElement(body, "inertial", inertial)
    bodies[name] = body
    return body


def _bar(link: Link) -> dict[str, str]:
    """The inertia of a bar, first about its long axis: the bar that MuJoCo's fluid then sees."""
    c, s = unit_vector(link.direction)
    return {
        "xyaxes": _numbers(c, 0, s, 0, 1, 0),
        "diaginertia": _numbers(link.mass * link.width**2 / 6, link.inertia, link.inertia),
    }


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
        frictionloss=_numbers(joint.friction),
    )


def _numbers(*values: float) -> str:
    return " ".join(repr(float(value)) for value in values)
