"""The same robot in MuJoCo, which derives its equations of motion in three dimensions.

Our plane is MuJoCo's x-z plane.  Seen with x to the right and z up, a turn about -y is
counter-clockwise.
"""

import math
from xml.etree import ElementTree as ET

import mujoco
import numpy as np

from codegen.description import Joint, Robot


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
        body = _add_body(bodies, robot, joint.child, joint.parent, joint.at)
        if joint.type != "fixed":
            body.append(_joint(joint))
    actuators = ET.SubElement(top, "actuator")
    for name in robot.u_names:
        ET.SubElement(actuators, "motor", name=name, joint=name, gear="1")
    return ET.tostring(top, encoding="unicode")


class Reference:
    """MuJoCo's answers in our coordinates, order of coordinates and plane."""

    def __init__(self, robot: Robot):
        self.model = mujoco.MjModel.from_xml_string(to_mjcf(robot))
        self.data = mujoco.MjData(self.model)
        self.order = [self.model.joint(name).dofadr[0] for name in robot.q_names]
        self.links = [link.name for link in robot.links]

    def forward(self, q, v, u) -> None:
        self.data.qpos[self.order], self.data.qvel[self.order] = q, v
        self.data.ctrl[:] = u
        mujoco.mj_forward(self.model, self.data)

    @property
    def mass_matrix(self):
        # Column by column: the call for the whole matrix differs between versions of MuJoCo.
        full = np.empty((self.model.nv, self.model.nv))
        for column, unit in zip(full.T, np.eye(self.model.nv), strict=True):
            product = np.empty(self.model.nv)
            mujoco.mj_mulM(self.model, self.data, product, unit)
            column[:] = product
        return full[np.ix_(self.order, self.order)]

    @property
    def bias_force(self):
        return self.data.qfrc_bias[self.order]

    @property
    def passive_force(self):
        return self.data.qfrc_passive[self.order]

    @property
    def acceleration(self):
        return self.data.qacc[self.order]

    @property
    def energy(self) -> float:
        """Kinetic energy plus that of gravity, J."""
        mujoco.mj_energyVel(self.model, self.data)
        height = self.data.xipos[1:, 2]
        return self.data.energy[1] - self.model.opt.gravity[2] * self.model.body_mass[1:] @ height

    def origin(self, link: str):
        """(2,) m."""
        return self.data.body(link).xpos[[0, 2]]

    @property
    def com(self):
        """(2,) m."""
        return self.model.body_mass @ self.data.xipos[:, [0, 2]] / self.model.body_mass.sum()


def _add_body(bodies: dict, robot: Robot, name: str, parent: str, at) -> ET.Element:
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
