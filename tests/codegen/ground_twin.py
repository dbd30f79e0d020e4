"""Contact with the ground the plain way: point by point, with numbers only."""

import math

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


def forces(robot: Robot, q, v, profile=level) -> dict[str, np.ndarray]:
    """Force (2,) N of the ground on each contact point, as the docstring of the law says it."""
    ground, points, result = robot.ground, twin.points(robot, q, v), {}
    k, s = ground.stiffness, ground.softness
    for point in robot.contact_points:
        position, velocity = points[point.name]
        phi, n, t = frame(profile, position)
        v_n, v_t = n @ velocity, t @ velocity
        f_0 = k * s * np.logaddexp(0.0, -phi / s)
        f_n = f_0 * (1 - v_n / math.hypot(v_n, ground.damping_speed))
        f_t = -ground.friction * f_n * v_t / math.hypot(v_t, ground.friction_speed)
        result[point.name] = f_n * n + f_t * t
    return result


def jacobians(robot: Robot, q) -> dict[str, np.ndarray]:
    """(2, nv) of every point: its velocities when one coordinate moves at unit rate."""
    columns = [twin.points(robot, q, unit) for unit in np.eye(robot.nv)]
    return {name: np.column_stack([c[name][1] for c in columns]) for name in columns[0]}


def contact_force(robot: Robot, q, v, profile=level) -> np.ndarray:
    """Generalised force (nv,) of the ground: the sum of J^T f."""
    return generalised(robot, q, forces(robot, q, v, profile))


def generalised(robot: Robot, q, at_points: dict[str, np.ndarray]) -> np.ndarray:
    """The sum of J^T f (nv,) of forces f (2,) at points."""
    J = jacobians(robot, q)
    return sum(J[name].T @ force for name, force in at_points.items())


def spring_and_damping(robot: Robot, q, v, profile=level) -> tuple[np.ndarray, np.ndarray]:
    """Generalised passive force at rest (nv,), and the damping matrix D (nv, nv) at (q, v).

    D collects joint damping and, at each contact point, the matrix of
    f_n n + f_t t = f_0 n - (c_n n n^T + c_t t t^T) v.
    """
    ground, points, J = robot.ground, twin.points(robot, q, v), jacobians(robot, q)
    spring = twin.joint_force(robot, q, np.zeros(robot.nv))
    D = np.zeros((robot.nv, robot.nv))
    for joint in robot.free_joints:
        i = robot.q_names.index(joint.name)
        D[i, i] = joint.damping
    for point in robot.contact_points:
        position, velocity = points[point.name]
        phi, n, t = frame(profile, position)
        v_n, v_t = n @ velocity, t @ velocity
        f_0 = ground.stiffness * ground.softness * np.logaddexp(0.0, -phi / ground.softness)
        c_n = f_0 / math.hypot(v_n, ground.damping_speed)
        c_t = ground.friction * (f_0 - c_n * v_n) / math.hypot(v_t, ground.friction_speed)
        spring = spring + J[point.name].T @ (f_0 * n)
        D += J[point.name].T @ (c_n * np.outer(n, n) + c_t * np.outer(t, t)) @ J[point.name]
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
