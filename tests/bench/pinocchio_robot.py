"""The same robot in Pinocchio: coordinates of a floating root as two slides and a turn."""

from typing import NamedTuple

import numpy as np
import pinocchio as pin

from codegen.description import Robot


class PinocchioRobot(NamedTuple):
    model: pin.Model
    order: list[int]  # of Pinocchio's coordinates, for each of ours
    actuated: list[int]  # Pinocchio's coordinate of each action


def pinocchio_robot(robot: Robot) -> PinocchioRobot:
    """``robot`` without passive forces.  Raises ValueError for what the benchmarks do not need:
    a fixed base, or joints that do not turn."""
    if robot.root is None or any(joint.type != "revolute" for joint in robot.joints):
        raise ValueError(f"{robot.name}: only a floating base and revolute joints are translated")
    model = pin.Model()
    model.name = robot.name
    model.gravity = pin.Motion(np.array([0.0, -robot.gravity, 0.0]), np.zeros(3))
    here = pin.SE3.Identity()
    x = model.addJoint(0, pin.JointModelPX(), here, "x")
    y = model.addJoint(x, pin.JointModelPY(), here, "y")
    joints = {robot.root.name: model.addJoint(y, pin.JointModelRZ(), here, "angle")}
    # Subtrees must be contiguous in Pinocchio's order of coordinates: depth first.
    waiting = [robot.root.name]
    while waiting:
        parent = waiting.pop()
        for joint in robot.joints:
            if joint.parent == parent:
                waiting.append(joint.child)
        if parent != robot.root.name:
            joint = next(joint for joint in robot.joints if joint.child == parent)
            at = pin.SE3(np.eye(3), np.array([*joint.at, 0.0]))
            joints[parent] = model.addJoint(
                joints[joint.parent], pin.JointModelRZ(), at, joint.name
            )
    for link in robot.links:
        # A ball of the right inertia, of which only that about z acts.
        inertia = pin.Inertia(link.mass, np.array([*link.com, 0.0]), link.inertia * np.eye(3))
        model.appendBodyToJoint(joints[link.name], inertia, here)
    for joint in robot.joints:
        if joint.armature:
            raise ValueError(f"{robot.name}: armature is not translated")
    order = [model.joints[model.getJointId(name)].idx_v for name in robot.q_names]
    actuated = [model.joints[model.getJointId(name)].idx_v for name in robot.u_names]
    return PinocchioRobot(model, order, actuated)
