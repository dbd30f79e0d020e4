"""A spring between a place in the plane and a point of a robot, as a hand that pulls at a link.

Over a control period dt the spring of stiffness k gives the point the impulse i.  It acts through
the mass matrix before the step, as in `push`, and the spring is taken where the point will be
after the kick, so that it never overshoots, however light the link is:

    v <- v + M^-1 J^T i,     i = k dt (e - dt J (v + M^-1 J^T i)),

with J the point's Jacobian (2, nv) and e (2,) from the point to the place.  This is linear in i:

    (1 + k dt^2 J M^-1 J^T) i = k dt (e - dt J v).
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.model import Model

Array = NDArray[np.float64]


class Grip(NamedTuple):
    """A point of a link, wherever on it."""

    link: str
    r: Array  # (2,) m, from the link's start in a frame that turns with it
    turning: Array  # (nq,) 1 where a coordinate turns the link, else 0

    def place(self, model: Model, q: Array) -> Array:
        """Where it is, (2,) m, at q (nq,)."""
        return model.points(q)[f"{self.link}.start"] + self._arm(q)

    def jacobian(self, model: Model, q: Array) -> Array:
        """Its derivative by q, (2, nv)."""
        x, y = self._arm(q)
        J = model.point_jacobians(q)[f"{self.link}.start"]  # (2, nv)
        return np.asarray(J + np.outer([-y, x], self.turning))

    def _arm(self, q: Array) -> Array:
        return rotation(float(self.turning @ q)) @ self.r


class Pulled(NamedTuple):
    """What a spring does in a step."""

    dv: Array  # (nv,), the change of v
    impulse: Array  # (2,) N s, on the point


def nearest_grip(model: Model, q: Array, place: Array) -> Grip:
    """The point on the line of a link, from its start to its end, that is nearest to ``place``."""
    points = model.points(q)
    found = []
    for link in model.robot.links:
        start, end = points[f"{link.name}.start"], points[f"{link.name}.end"]
        along = end - start
        length2 = along @ along
        share = np.clip(along @ (place - start) / length2, 0.0, 1.0) if length2 > 0.0 else 0.0
        arm = share * along
        found.append((np.linalg.norm(place - start - arm), link.name, arm))
    _, name, arm = min(found, key=lambda one: one[0])
    names = model.robot.turning(name)
    turning = np.array([float(coordinate in names) for coordinate in model.q_names])
    return Grip(name, rotation(-float(turning @ q)) @ arm, turning)


def pull(model: Model, x: Array, grip: Grip, place: Array, stiffness: float) -> Pulled:
    """What a spring from ``grip`` to ``place`` (2,) does to x (nx,) before a step.

    Args:
        model: the robot.
        x: state.
        grip: where the spring holds the robot.
        place: (2,) m, of its other end.
        stiffness: N/m.
    """
    q, v, dt = x[: model.nq], x[model.nq :], model.dt
    J = grip.jacobian(model, q)  # (2, nv)
    jumps = model.velocity_jumps(np.array([q, q]), J)  # (2, nv), rows of (M^-1 J^T)^T
    mobility = J @ jumps.T  # (2, 2) 1/kg
    e = place - grip.place(model, q)
    A = np.eye(2) + stiffness * dt**2 * mobility
    i = np.asarray(np.linalg.solve(A, stiffness * dt * (e - dt * J @ v)), dtype=np.float64)
    return Pulled(i @ jumps, i)


def rotation(angle: float) -> Array:
    """(2, 2)."""
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, -s], [s, c]])
