"""The walker on its feet in MuJoCo: its MJCF, with spheres for the contact points."""

from xml.etree import ElementTree as ET

import mujoco

from vgps.codegen.description.robot import Robot
from vgps.codegen.mjcf import to_mjcf

RADIUS = 0.01  # m of the spheres, whose centres are the contact points


def mujoco_model(robot: Robot) -> mujoco.MjModel:
    """``robot`` with MuJoCo's own contact law, if it has contacts, and one step every task.dt.

    The plane lies one radius below our ground, so that contact begins at the same height on both
    sides.  Joint limits and drag are not translated.
    """
    top = ET.fromstring(to_mjcf(robot))
    option = _child(top, "option")
    option.set("timestep", repr(robot.task.dt))
    option.set("integrator", "implicitfast")
    if robot.ground is not None:
        option.remove(_child(option, "flag"))
        bodies = {body.get("name"): body for body in top.iter("body")}
        friction = f"{robot.ground.friction} 0 0"
        for point in robot.contact_points:
            place = f"{point.at[0]} 0 {point.at[1]}"
            # The plane collides with the spheres, which do not collide with each other.
            ET.SubElement(
                bodies[point.link],
                "geom",
                type="sphere",
                size=repr(RADIUS),
                pos=place,
                contype="0",
                conaffinity="1",
                friction=friction,
            )
        ET.SubElement(
            _child(top, "worldbody"),
            "geom",
            type="plane",
            size="0 0 1",
            pos=f"0 0 {float(robot.ground.height) - RADIUS}",
            contype="1",
            conaffinity="0",
            friction=friction,
        )
    return mujoco.MjModel.from_xml_string(ET.tostring(top, encoding="unicode"))


def _child(parent: ET.Element, tag: str) -> ET.Element:
    child = parent.find(tag)
    assert child is not None, tag  # `to_mjcf` writes it
    return child
