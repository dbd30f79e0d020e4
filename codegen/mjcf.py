"""A robot as MJCF, the XML of MuJoCo, which derives its equations of motion in three dimensions.

Our plane is MuJoCo's x-z plane.  Seen with x to the right and z up, a turn about -y is
counter-clockwise.
"""

import math
from xml.etree import ElementTree as ET

from vgps.codegen.description.parts import unit_vector
from vgps.codegen.description.robot import Actuator, BaseArmature, Joint, Link, Robot


def to_mjcf(robot: Robot) -> str:
    """MJCF of ``robot``, without links' own drag, ground, targets, limits of joints and actions.

    MuJoCo's dry friction is a constraint, which is as ours at speeds far over `friction_speed`, and
    its fluid resists links without a width, too.
    """
    top = ET.Element("mujoco", model=robot.name)
    ET.SubElement(top, "compiler", angle="radian", balanceinertia="false", inertiafromgeom="false")
    option = ET.SubElement(top, "option", gravity=numbers(0, 0, -robot.gravity))
    ET.SubElement(option, "flag", contact="disable")
    if robot.fluid is not None:
        option.set("density", numbers(robot.fluid.density))
        option.set("viscosity", numbers(robot.fluid.viscosity))
    bodies = {"world": ET.SubElement(top, "worldbody")}
    if robot.root is not None:
        body = _add_body(bodies, robot, robot.root.name, "world", (0.0, 0.0))
        loaded = robot.base_armature or BaseArmature()
        for name, kind, axis in (
            ("x", "slide", (1, 0, 0)),
            ("y", "slide", (0, 0, 1)),
            ("angle", "hinge", (0, -1, 0)),
        ):
            armature = numbers(getattr(loaded, name))
            attributes = {"name": name, "type": kind, "axis": numbers(*axis)}
            ET.SubElement(body, "joint", attributes, armature=armature)
    for joint in robot.ordered_joints:
        body = _add_body(bodies, robot, joint.child, joint.parent, joint.origin)
        if joint.type != "fixed":
            body.append(_joint(joint))
    tendons, actuators = (ET.SubElement(top, tag) for tag in ("tendon", "actuator"))
    for joint in robot.actuated_joints:
        motor = ET.Element("motor", name=joint.name, joint=joint.name, gear="1")
        actuators.append(_lagging(motor, joint.lag))
    for actuator in robot.actuators:
        actuators.append(_lagging(_actuator(bodies, tendons, actuator), actuator.lag))
    return ET.tostring(top, encoding="unicode")


def _add_body(
    bodies: dict[str, ET.Element],
    robot: Robot,
    name: str,
    parent: str,
    at: tuple[float, float],
) -> ET.Element:
    link = next(link for link in robot.links if link.name == name)
    body = ET.SubElement(bodies[parent], "body", name=name, pos=numbers(at[0], 0, at[1]))
    inertial = {"pos": numbers(link.com[0], 0, link.com[1]), "mass": numbers(link.mass)}
    if robot.fluid is not None and link.width > 0.0:
        inertial |= _bar(link)
    else:
        # A ball's inertia satisfies MuJoCo's triangle inequality; only that about y acts.
        inertial["diaginertia"] = numbers(*[link.inertia] * 3)
    ET.SubElement(body, "inertial", inertial)
    bodies[name] = body
    return body


def _bar(link: Link) -> dict[str, str]:
    """The inertia of a bar, first about its long axis: the bar that MuJoCo's fluid then sees."""
    c, s = unit_vector(link.direction)
    return {
        "xyaxes": numbers(c, 0, s, 0, 1, 0),
        "diaginertia": numbers(link.mass * link.width**2 / 6, link.inertia, link.inertia),
    }


def _joint(joint: Joint) -> ET.Element:
    # A slide leaves the child parallel to its parent, so the axis is the same in both frames.
    slide = joint.type == "prismatic"
    axis = (math.cos(joint.axis), 0, math.sin(joint.axis)) if slide else (0, -1, 0)
    return ET.Element(
        "joint",
        name=joint.name,
        type="slide" if slide else "hinge",
        axis=numbers(*axis),
        damping=numbers(joint.damping),
        stiffness=numbers(joint.stiffness),
        springref=numbers(joint.rest),
        armature=numbers(joint.armature),
        frictionloss=numbers(joint.friction),
    )


def _actuator(bodies: dict[str, ET.Element], tendons: ET.Element, actuator: Actuator) -> ET.Element:
    """An actuator; the sites that it needs go to the bodies, its transmission to the tendons."""
    name, gear = actuator.name, actuator.gear
    if actuator.link is not None and actuator.direction is not None:
        x, y = actuator.at
        ET.SubElement(bodies[actuator.link], "site", name=name, pos=numbers(x, 0, y))
        along = math.cos(actuator.direction), 0, math.sin(actuator.direction)
        force = numbers(*(gear * part for part in along), 0, 0, 0)
        return ET.Element("motor", name=name, site=name, gear=force)
    if actuator.between is not None:
        a, b = actuator.between
        ET.SubElement(bodies[a], "site", name=f"{name} from")
        ET.SubElement(bodies[b], "site", name=name)
        torque = numbers(0, 0, 0, 0, -gear, 0)
        return ET.Element("motor", name=name, site=name, refsite=f"{name} from", gear=torque)
    tendon = ET.SubElement(tendons, "fixed", name=name)
    for joint, coefficient in actuator.coefficients.items():
        ET.SubElement(tendon, "joint", joint=joint, coef=numbers(coefficient))
    if actuator.kp is None:
        return ET.Element("motor", name=name, tendon=name, gear=numbers(gear))
    # MuJoCo's own servo would take the target times the gear for the length.
    return ET.Element(
        "general",
        name=name,
        tendon=name,
        gainprm=numbers(actuator.gain),
        biastype="affine",
        biasprm=numbers(0, -actuator.gain, -gear * actuator.kd),
    )


def _lagging(actuator: ET.Element, lag: float) -> ET.Element:
    """The actuator; its activation follows the control with a lag, where there is one."""
    if lag > 0.0:
        actuator.tag = "general"  # of which a motor is the one without an activation
        actuator.attrib |= {"dyntype": "filter", "dynprm": numbers(lag)}
    return actuator


def numbers(*values: float) -> str:
    """As an attribute, from which the same doubles are read."""
    return " ".join(repr(float(value)) for value in values)
