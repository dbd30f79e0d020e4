"""Contact with the ground the plain way: point by point, with numbers only."""

import math
from typing import NamedTuple

import numpy as np
import planar_twin as twin
from scipy.special import spence

from vgps.codegen.description.robot import Robot


def level(x):
    """Height and slope of flat ground."""
    return 0.0, 0.0


def frame(profile, position):
    """Distance from the profile to first order, its normal and its tangent (2,)."""
    height, slope = profile(position[0])
    length = math.hypot(1.0, slope)
    normal = np.array([-slope, 1.0]) / length
    return (position[1] - height) / length, normal, np.array([normal[1], -normal[0]])


class Contact(NamedTuple):
    """Where the ground may touch a point's disc, and what the law says there."""

    normal: np.ndarray  # (2,)
    tangent: np.ndarray  # (2,)
    J: np.ndarray  # (2, nv): velocities of the touching place when one coordinate moves
    spring: float  # N, f_0
    c_n: float  # N s/m
    c_t: float  # N s/m
    force: np.ndarray  # (2,) N, as the docstring of the law says it


def contacts(robot: Robot, q, v, profile=level) -> dict[str, Contact]:
    """The contact of each point."""
    ground, points, result = robot.ground, twin.points(robot, q, v), {}
    k, s = ground.stiffness, ground.softness
    for point in robot.contact_points:
        phi, n, t = frame(profile, points[point.name][0])
        # The place of the link that touches, in the world and in the link's frame.
        arm = twin.turned(-point.radius * n, -twin.frames(robot, q, v)[point.link].angle)
        place = np.asarray(point.at) + arm
        velocity = twin.frames(robot, q, v)[point.link].at(place)[1]
        columns = [twin.frames(robot, q, unit)[point.link].at(place)[1] for unit in np.eye(len(q))]
        v_n, v_t = n @ velocity, t @ velocity
        mu = ground.friction if point.friction is None else point.friction
        f_0 = k * s * np.logaddexp(0.0, -(phi - point.radius) / s)
        f_n = f_0 * (1 - v_n / math.hypot(v_n, ground.damping_speed))
        f_t = -mu * f_n * v_t / math.hypot(v_t, ground.friction_speed)
        c_n = f_0 / math.hypot(v_n, ground.damping_speed)
        c_t = mu * f_n / math.hypot(v_t, ground.friction_speed)
        force = f_n * n + f_t * t
        result[point.name] = Contact(n, t, np.column_stack(columns), f_0, c_n, c_t, force)
    return result


def forces(robot: Robot, q, v, profile=level) -> dict[str, np.ndarray]:
    """Force (2,) N of the ground on each contact point."""
    return {name: c.force for name, c in contacts(robot, q, v, profile).items()}


def contact_force(robot: Robot, q, v, profile=level) -> np.ndarray:
    """Generalised force (nv,) of the ground: the sum of J^T f."""
    return sum(c.J.T @ c.force for c in contacts(robot, q, v, profile).values())


def spring_and_damping(robot: Robot, q, v, profile=level) -> tuple[np.ndarray, np.ndarray]:
    """Generalised passive force at rest (nv,), and the damping matrix D (nv, nv) at (q, v).

    D collects joint damping and friction and, at each contact point, the matrix of
    f_n n + f_t t = f_0 n - (c_n n n^T + c_t t t^T) v.
    """
    spring = twin.joint_force(robot, q, np.zeros(robot.nv))
    D = np.zeros((robot.nv, robot.nv))
    for joint in robot.free_joints:
        i = robot.q_names.index(joint.name)
        D[i, i] = joint.damping + joint.friction / math.hypot(v[i], joint.friction_speed)
    for c in contacts(robot, q, v, profile).values():
        spring = spring + c.J.T @ (c.spring * c.normal)
        n, t = c.normal, c.tangent
        D += c.J.T @ (c.c_n * np.outer(n, n) + c.c_t * np.outer(t, t)) @ c.J
    return spring, D


def elastic_energy(robot: Robot, q) -> float:
    """J stored on level ground, in joint limits and in the joints' springs.

    Ground and limits are springs k s log(1 + exp(z / s)) in the depth z; their energy is the
    integral -k s^2 Li_2(-exp(z / s)), where Li_2(-e) is SciPy's spence(1 + e).
    """
    ground, points = robot.ground, twin.points(robot, q, np.zeros(robot.nv))
    springs = [
        (ground.stiffness, ground.softness, -points[point.name][0][1])
        for point in robot.contact_points
    ]
    linear = 0.0
    for joint in robot.free_joints:
        angle = q[robot.q_names.index(joint.name)]
        linear += 0.5 * joint.stiffness * (angle - joint.rest) ** 2
        if joint.limits is not None:
            low, high = joint.limits
            for depth in (low - angle, angle - high):
                springs.append((joint.limit_stiffness, joint.limit_softness, depth))
    soft = sum(-k * s**2 * spence(1 + np.exp(depth / s)) for k, s, depth in springs)
    return float(linear + soft)
