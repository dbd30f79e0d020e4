"""The same robot in Pinocchio, its floating root on two prismatic joints and a revolute one.

One composite joint of the three would be wrong: Pinocchio's derivatives leave out how a composite
joint's axes move with it.  A planar joint has other coordinates, with velocities in the root's own
frame; it costs Pinocchio 15 % less, and is what Crocoddyl takes for a root without actuators.
"""

from typing import NamedTuple

import numpy as np
import pinocchio as pin

from vgps.codegen.description.robot import Robot


class PinocchioRobot(NamedTuple):
    """A model of Pinocchio, and how its coordinates correspond to ours."""

    model: pin.Model
    order: list[int]  # (nv,): for each of our coordinates the index of Pinocchio's
    actuated: list[int]  # (nu,): for each action the index of Pinocchio's coordinate


def pinocchio_robot(robot: Robot, planar: bool = False) -> PinocchioRobot:
    """``robot`` without passive forces; ``planar`` puts its root on a planar joint instead.

    Raises:
        ValueError: for a fixed base, joints that are not revolute, and armature: no benchmark
            has any.
    """
    if robot.root is None or any(j.type != "revolute" or j.armature for j in robot.joints):
        raise ValueError(f"{robot.name}: only a floating base and plain hinges are translated")
    model = pin.Model()
    model.name = robot.name
    model.gravity = pin.Motion(np.array([0.0, -robot.gravity, 0.0]), np.zeros(3))
    here = pin.SE3.Identity()
    if planar:
        root = model.addJoint(0, pin.JointModelPlanar(), here, "root_joint")
    else:
        root = 0
        for name, joint in (
            ("x", pin.JointModelPX()),
            ("y", pin.JointModelPY()),
            ("angle", pin.JointModelRZ()),
        ):
            root = model.addJoint(root, joint, here, name)
    joints = {robot.root.name: root}
    # Pinocchio wants the coordinates of a subtree to be contiguous: depth first.
    waiting = [joint for joint in robot.joints if joint.parent == robot.root.name]
    while waiting:
        joint = waiting.pop(0)
        assert joint.at is not None  # a loaded robot has it, given or by default
        at = pin.SE3(np.eye(3), np.array([*joint.at, 0.0]))
        parent = joints[joint.parent]
        joints[joint.child] = model.addJoint(parent, pin.JointModelRZ(), at, joint.name)
        waiting = [below for below in robot.joints if below.parent == joint.child] + waiting
    for link in robot.links:
        # A ball of the right inertia: in the plane only that about z matters.
        inertia = pin.Inertia(link.mass, np.array([*link.com, 0.0]), link.inertia * np.eye(3))
        model.appendBodyToJoint(joints[link.name], inertia, here)
    place = {joint.name: model.joints[joints[joint.child]].idx_v for joint in robot.joints}
    order = [0, 1, 2, *(place[joint.name] for joint in robot.joints)]
    return PinocchioRobot(model, order, [place[name] for name in robot.u_names])
