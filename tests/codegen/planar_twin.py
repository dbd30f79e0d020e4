"""Mechanics of a planar tree the plain way: joint by joint, with numbers only.

Every function is analytic in q and v, so that a complex step differentiates it to rounding.
"""

from typing import NamedTuple

import numpy as np

from vgps.codegen.description.robot import Robot


class Frame(NamedTuple):
    """Where a link is and how it moves, in the world's frame."""

    origin: np.ndarray  # (2,) m
    angle: complex  # rad
    velocity: np.ndarray  # (2,) m/s, of the origin
    omega: complex  # rad/s

    def at(self, point) -> tuple[np.ndarray, np.ndarray]:
        """Position and velocity (2,) of a point of the link."""
        arm = turned(point, self.angle)
        return self.origin + arm, self.velocity + self.omega * quarter_turn(arm)


def turned(vector, angle) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([c * vector[0] - s * vector[1], s * vector[0] + c * vector[1]])


def quarter_turn(vector) -> np.ndarray:
    return np.array([-vector[1], vector[0]])


def frames(robot: Robot, q, v) -> dict[str, Frame]:
    """The frame of every link."""
    q, v = dict(zip(robot.q_names, q, strict=True)), dict(zip(robot.q_names, v, strict=True))
    known = {"world": Frame(np.zeros(2), 0.0, np.zeros(2), 0.0)}
    if robot.base == "floating":
        known[robot.root.name] = Frame(
            np.array([q["x"], q["y"]]), q["angle"], np.array([v["x"], v["y"]]), v["angle"]
        )
    waiting = list(robot.joints)
    while waiting:
        joint = waiting.pop(0)
        if joint.parent not in known:
            waiting.append(joint)
            continue
        parent = known[joint.parent]
        origin, velocity = parent.at(joint.at)
        angle, omega = parent.angle, parent.omega
        if joint.type == "revolute":
            angle, omega = angle + q[joint.name], omega + v[joint.name]
        if joint.type == "prismatic":
            axis = turned((np.cos(joint.axis), np.sin(joint.axis)), parent.angle)
            slide = q[joint.name] * axis
            origin = origin + slide
            velocity = velocity + v[joint.name] * axis + omega * quarter_turn(slide)
        known[joint.child] = Frame(origin, angle, velocity, omega)
    return known


def points(robot: Robot, q, v) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Position and velocity of joints, link ends, named points and the centre of mass."""
    known = frames(robot, q, v)
    named = {joint.name: known[joint.parent].at(joint.at) for joint in robot.joints}
    for link in robot.links:
        along = np.array([np.cos(link.direction), np.sin(link.direction)])
        named[f"{link.name}.start"] = known[link.name].at(link.start * along)
        named[f"{link.name}.end"] = known[link.name].at((link.start + link.length) * along)
    named |= {point.name: known[point.link].at(point.at) for point in robot.points}
    masses = np.array([link.mass for link in robot.links])
    each = np.array([known[link.name].at(link.com) for link in robot.links])  # (n, 2, 2)
    named["com"] = tuple(np.tensordot(masses / masses.sum(), each, 1))
    return named


def momenta(robot: Robot, q, v) -> tuple[np.ndarray, complex]:
    """Linear momentum (2,) N·s, and angular momentum about the centre of mass, N·m·s."""
    known = frames(robot, q, v)
    com, com_velocity = points(robot, q, v)["com"]
    linear, angular = np.zeros(2), 0.0
    for link in robot.links:
        position, velocity = known[link.name].at(link.com)
        linear = linear + link.mass * velocity
        arm, relative = position - com, velocity - com_velocity
        angular = angular + link.mass * (arm[0] * relative[1] - arm[1] * relative[0])
        angular = angular + link.inertia * known[link.name].omega
    return linear, angular


def drag_force(robot: Robot, q, v) -> np.ndarray:
    """Generalised force (nv,) of linear drag, summed over pieces of every link.

    A piece at p feels F = -(c_n n n^T + c_t t t^T) p', and (dp/dq)^T F is its share.  Both factors
    are linear along the link, so two Gauss points integrate their product exactly.
    """

    def force(drag, v_n, v_t):
        return -drag.normal * v_n, -drag.tangential * v_t

    nodes, weights = np.polynomial.legendre.leggauss(2)
    return _along_links(robot, q, v, nodes, weights, force)


def quadratic_drag_force(robot: Robot, q, v, pieces=2000) -> np.ndarray:
    """Generalised force (nv,) of quadratic drag, by the midpoint rule over pieces of every link."""

    def force(drag, v_n, v_t):
        if drag.quadratic is None:
            return 0.0, 0.0
        return -drag.quadratic.normal * abs(v_n) * v_n, -drag.quadratic.tangential * abs(v_t) * v_t

    nodes = (2.0 * np.arange(pieces) + 1.0) / pieces - 1.0
    return _along_links(robot, q, v, nodes, np.full(pieces, 2.0 / pieces), force)


def _along_links(robot: Robot, q, v, nodes, weights, force_of) -> np.ndarray:
    """Sum (nv,) of (dp/dq)^T F with F of (drag, normal, tangential velocity), N/m, at nodes."""
    known = frames(robot, q, v)
    # The frames when one coordinate moves at unit rate: their velocities are columns of dp/dq.
    columns = [frames(robot, q, unit) for unit in np.eye(robot.nv)]
    total = np.zeros(robot.nv)
    for link in robot.links:
        if link.drag is None:
            continue
        along = np.array([np.cos(link.direction), np.sin(link.direction)])
        tangent = turned(along, known[link.name].angle)
        normal = quarter_turn(tangent)
        for node, weight in zip(nodes, weights, strict=True):
            at = (link.start + 0.5 * link.length * (1 + node)) * along
            _, velocity = known[link.name].at(at)
            f_n, f_t = force_of(link.drag, normal.dot(velocity), tangent.dot(velocity))
            force = f_n * normal + f_t * tangent
            jacobian = np.column_stack([frame[link.name].at(at)[1] for frame in columns])
            total += 0.5 * link.length * weight * jacobian.T @ force
    return total


def joint_force(robot: Robot, q, v) -> np.ndarray:
    """Springs, damping, friction, soft limits (nv,): each acts on its own joint's coordinate."""
    total = np.zeros(robot.nv)
    for joint in robot.free_joints:
        i = robot.q_names.index(joint.name)
        total[i] = -joint.stiffness * (q[i] - joint.rest) - joint.damping * v[i]
        total[i] -= joint.friction * v[i] / np.sqrt(v[i] ** 2 + joint.friction_speed**2)
        if joint.limits is not None:
            low, high = joint.limits
            k, s = joint.limit_stiffness, joint.limit_softness
            below, above = np.logaddexp(0, [(low - q[i]) / s, (q[i] - high) / s])
            total[i] += k * s * (below - above)
    return total


def actuator_force(robot: Robot, q, v, u) -> np.ndarray:
    """Generalised force (nv,) of all actions: what it does when one coordinate moves at unit rate."""
    rates = dict(zip(robot.q_names, np.eye(robot.nv), strict=True))  # of a coordinate, by it
    known = frames(robot, q, np.zeros(robot.nv))
    columns = [frames(robot, q, unit) for unit in np.eye(robot.nv)]
    actions = dict(zip(robot.u_names, u, strict=True))
    total = np.zeros(robot.nv)
    for joint in robot.actuated_joints:
        total += actions[joint.name] * rates[joint.name]
    for actuator in robot.actuators:
        force = actuator.gear * actions[actuator.name]
        if actuator.link is not None:
            along = np.cos(actuator.direction), np.sin(actuator.direction)
            along = turned(along, known[actuator.link].angle)
            moved = np.array([frame[actuator.link].at(actuator.at)[1] for frame in columns])
            total += force * moved @ along
        elif actuator.between is not None:
            a, b = actuator.between
            total += force * np.array([frame[b].omega - frame[a].omega for frame in columns])
        else:
            numbers = actuator.joints or {actuator.joint: 1.0}
            slope = sum(number * rates[name] for name, number in numbers.items())
            if actuator.kp is not None:
                force *= actuator.kp
                force -= actuator.gear * (actuator.kp * slope @ q + actuator.kd * slope @ v)
            total += force * slope
    return total
