"""The walker on its feet in MuJoCo: the MJCF of the tests with the contact points as spheres."""

from xml.etree import ElementTree as ET

import mujoco

from vgps.codegen.description.robot import Robot
from vgps.codegen.mjcf import to_mjcf

RADIUS = 0.01  # m of the spheres, whose centres are the contact points


def mujoco_model(robot: Robot) -> mujoco.MjModel:
    """``robot`` with MuJoCo's own contact, if it has any, stepping once every task.dt.

    The plane lies one radius below our ground, so that both touch it at the same height.  Joint
    limits are not translated, nor is drag.
    """
    top = ET.fromstring(to_mjcf(robot))
    option = top.find("option")
    option.set("timestep", repr(robot.task.dt))
    option.set("integrator", "implicitfast")
    if robot.ground is not None:
        option.remove(option.find("flag"))
        bodies = {body.get("name"): body for body in top.iter("body")}
        friction = f"{robot.ground.friction} 0 0"
        for point in robot.contact_points:
            place = f"{point.at[0]} 0 {point.at[1]}"
            # The plane collides with the spheres and those not with each other.
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
            top.find("worldbody"),
            "geom",
            type="plane",
            size="0 0 1",
            pos=f"0 0 {float(robot.ground.height) - RADIUS}",
            contype="1",
            conaffinity="0",
            friction=friction,
        )
    return mujoco.MjModel.from_xml_string(ET.tostring(top, encoding="unicode"))
