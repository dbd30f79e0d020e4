"""Contact with compliant ground: a smooth function of the state alone, without memory.

With phi the distance of a contact point from the ground, n and t the ground's normal and tangent
there, and v_n, v_t the point's velocity along them,

    f_0 = k s log(1 + exp(-phi / s))                 spring that sets in over the softness s
    f_n = f_0 (1 - v_n / sqrt(v_n^2 + v_d^2))        damped; between 0 and 2 f_0, never pulling
    f_t = -mu f_n v_t / sqrt(v_t^2 + v_s^2)          regularised friction, inside its cone

Both velocity terms are a positive coefficient times a velocity.  Held fixed over a substep, the
coefficients form a positive semidefinite damping matrix D, which an integrator can take implicitly:
the force is  spring - D v.

A point with a radius is the centre of a disc, which the ground touches at r below it along n: phi
is that of the centre less r, and a link that turns at omega adds r omega to v_t.  So a wheel rolls.
The distance is of first order, for discs that are small against the radius of a curve.
"""

from typing import NamedTuple

import casadi as ca

from vgps.codegen.description.expression import parse
from vgps.codegen.description.robot import Ground, Point
from vgps.codegen.mechanics.operators import FUNCTIONS, softplus


class Contact(NamedTuple):
    """Generalised contact force  spring - damping v  and the forces at the points."""

    spring: ca.SX  # (n,)
    damping: ca.SX  # (n, n)
    forces: ca.SX  # (n_contacts, 2) N in the world's frame


class Touch(NamedTuple):
    """A point that may touch the ground, as a function of w and w'."""

    point: Point
    position: ca.SX  # (2,) m
    velocity: ca.SX  # (2,) m/s
    angle: int | None  # the coordinate that is its link's angle; None where that cannot turn


def contact(
    ground: Ground,
    parameters: dict[str, float],
    w: ca.SX,
    w_dot: ca.SX,
    touching: list[Touch],
) -> Contact:
    """Contact of all points, as functions of w and w'."""
    n = w.numel()
    spring, damping, forces = ca.SX(n, 1), ca.SX(n, n), []
    for point, position, velocity, angle in touching:
        mu = ground.friction_at(point)
        J = ca.jacobian(position, w)  # (2, n)
        phi, normal = _distance(ground, parameters, position)
        tangent = ca.vertcat(normal[1], -normal[0])
        v_n, v_t = ca.dot(normal, velocity), ca.dot(tangent, velocity)
        J_n, J_t = normal.T @ J, tangent.T @ J  # (1, n)
        if point.radius > 0.0:
            phi -= point.radius
            if angle is not None:
                v_t += point.radius * w_dot[angle]
                J_t[angle] += point.radius
        f_0 = ground.stiffness * ground.softness * softplus(-phi / ground.softness)
        c_n = f_0 / ca.sqrt(v_n**2 + ground.damping_speed**2)
        f_n = f_0 - c_n * v_n
        c_t = mu * f_n / ca.sqrt(v_t**2 + ground.friction_speed**2)
        forces.append((f_n * normal - c_t * v_t * tangent).T)
        spring += J_n.T * f_0
        damping += c_n * J_n.T @ J_n + c_t * J_t.T @ J_t
    return Contact(spring, damping, ca.vertcat(*forces))


def _distance(ground: Ground, parameters: dict[str, float], position: ca.SX) -> tuple[ca.SX, ca.SX]:
    """First-order distance from the profile, and its unit normal at the point's x."""
    x = ca.SX.sym("x")
    height = ca.SX(parse(ground.height).evaluate(parameters | {"x": x}, FUNCTIONS))
    slope = ca.jacobian(height, x)
    height, slope = ca.substitute([height, slope], [x], [position[0]])
    length = ca.sqrt(1 + slope**2)
    return (position[1] - height) / length, ca.vertcat(-slope, 1) / length
