"""Forces of ours that act on a robot in MuJoCo, which has no such laws.

The drag of single links always acts; our ground and our joint stops do in place of MuJoCo's
constraints where they are asked for.  All have the form

    J^T (f - c J v),

with a row of J (n, nv) for each rate along which something acts, f the part of springs, and c >= 0
the coefficients of what resists.  The laws are those of `codegen.mechanics`, written out anew;
places, joints and velocities are MuJoCo's.

MuJoCo asks for these forces once in a step, and in each of the four stages of Runge-Kutta, where
they are those at v.  Its other integrators hold them over the whole step h.  There they are those
at the end of the step, as in our own integrator, at the velocity v + dv with

    (M + h (D + J^T c J)) dv = h (F + J^T (f - c J v)),

D the damping of joints and servos, and F all other forces.  Those at its beginning would need far
shorter steps: friction is thousands of N s/m on a foot of a kilogram.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.description.parts import unit_vector
from vgps.codegen.description.robot import Robot
from vgps.codegen.mechanics.resistance import NODES
from vgps.codegen.mjcf_export import GROUND
from vgps.codegen.model import Model
from vgps.experiments.transfer.ground_fit import spring

Array = NDArray[np.float64]


class Rows(NamedTuple):
    """Rates J v, and what acts along them."""

    J: Array  # (n, nv)
    f: Array  # (n,) N or N m
    c: Array  # (n,) N s/m or N m s


class Springs:
    """Called by MuJoCo with its model and its data, it sets `qfrc_applied`.

    act  whether there are any such forces
    """

    def __init__(self, model: Model, mujoco: Any, foreign: Any, whole: bool) -> None:
        """Of a robot that ``foreign`` is in MuJoCo; ``whole``: with ground and joint stops."""
        robot = model.robot
        self._model, self._mujoco = model, mujoco
        self._joints = [foreign.joint(name).id for name in robot.moving_names]
        self._order = foreign.jnt_dofadr[self._joints]
        self._hinges = foreign.jnt_type[self._joints] == mujoco.mjtJoint.mjJNT_HINGE
        runge_kutta = foreign.opt.integrator == mujoco.mjtIntegrator.mjINT_RK4
        self._h = None if runge_kutta else float(foreign.opt.timestep)
        self._damping = _damping(robot)
        self._drag = _Drag(robot)
        self._contact = _Contact(robot, foreign) if whole and robot.ground is not None else None
        self._stops = _Stops(robot) if whole else None
        places = self._drag.places + ([] if self._contact is None else self._contact.places)
        self._bodies = [foreign.body(link).id for link, _ in places]
        self._at = np.array([at for _, at in places]).reshape(-1, 2)  # (n, 2) in their frames
        self._carried = _carried(foreign, self._bodies, self._joints)  # (n, nv)
        self.act = bool(places) or self._stops is not None

    def __call__(self, foreign: Any, data: Any) -> None:
        """Set the forces at the state of ``data``."""
        order, n = self._order, len(self._order)
        q, v = data.qpos[order], data.qvel[order]
        J, f, c = self._rows(data, q, v)
        force = J.T @ (f - c * (J @ v))  # (n,)
        if self._h is not None:
            self._mujoco.mj_fwdActuation(foreign, data)
            others = (data.qfrc_actuator + data.qfrc_passive - data.qfrc_bias)[order]
            posture = np.zeros(self._model.nq)  # of which nothing but what moves matters
            posture[:n] = q
            mass = self._model.mass_matrix(posture)[:n, :n]
            resisting = J.T @ (c[:, None] * J)  # (n, n)
            implicit = mass + self._h * (self._damping + resisting)
            force -= resisting @ np.linalg.solve(implicit, self._h * (others + force))
        data.qfrc_applied[order] = force

    def _rows(self, data: Any, q: Array, v: Array) -> Rows:
        axes = data.xmat[self._bodies].reshape(-1, 3, 3)[:, ::2, ::2]  # (n, 2, 2), to the world
        place = data.xpos[self._bodies][:, ::2] + np.einsum("nij,nj->ni", axes, self._at)
        J = self._jacobians(data, place)
        dragged = len(self._drag.places)
        parts = [self._drag.rows(axes[:dragged], J[:dragged], v)]
        if self._contact is not None:
            turning = self._carried[dragged:] * self._hinges
            parts.append(self._contact.rows(place[dragged:, 1], J[dragged:], turning, v))
        if self._stops is not None:
            parts.append(self._stops.rows(q))
        return Rows(*map(np.concatenate, zip(*parts, strict=True)))

    def _jacobians(self, data: Any, place: Array) -> Array:
        """(n, 2, nv) of places (n, 2).  Our plane is MuJoCo's x-z plane; we turn about its -y."""
        lever = place[:, None] - data.xanchor[self._joints][:, ::2]  # (n, nv, 2)
        turning = np.stack([-lever[..., 1], lever[..., 0]], axis=-1)
        sliding = data.xaxis[self._joints][:, ::2]  # (nv, 2)
        columns = np.where(self._hinges[:, None], turning, sliding)  # (n, nv, 2)
        return np.asarray((self._carried[..., None] * columns).swapaxes(1, 2))


class _Drag:
    """Of links, by Gauss's rule along them, which is exact for what is linear in the velocity."""

    def __init__(self, robot: Robot) -> None:
        nodes, weights = np.polynomial.legendre.leggauss(NODES)
        links = [link for link in robot.links if link.drag is not None and link.length]
        self.places = [(link.name, link.at(0.5 + 0.5 * s)) for link in links for s in nodes]
        n = len(self.places)
        along = np.repeat([unit_vector(link.direction) for link in links], NODES, axis=0)
        self._along = along.reshape(n, 2)  # in the frames of the links
        linear, quadratic = np.zeros((2, n)), np.zeros((2, n))  # across, along
        for i, link in enumerate(links):
            at = slice(i * NODES, (i + 1) * NODES)
            share = 0.5 * weights * link.length  # (NODES,) m
            assert link.drag is not None
            for drag, coefficients in ((link.drag, linear), (link.drag.quadratic, quadratic)):
                if drag is not None:
                    coefficients[:, at] = np.outer([drag.normal, drag.tangential], share)
        self._linear, self._quadratic = linear.ravel(), quadratic.ravel()  # (2 n,)

    def rows(self, axes: Array, J: Array, v: Array) -> Rows:
        along = np.einsum("nij,nj->ni", axes, self._along)  # (n, 2) in the world
        across = along[:, ::-1] * (-1.0, 1.0)
        directions = np.concatenate([across, along])
        rates = np.einsum("ni,nij->nj", directions, np.concatenate([J, J]))  # (2 n, nv)
        c = self._linear + self._quadratic * np.abs(rates @ v)
        return Rows(rates, np.zeros_like(c), c)


class _Contact:
    """With level ground."""

    def __init__(self, robot: Robot, foreign: Any) -> None:
        assert robot.ground is not None
        points = robot.contact_points
        self.places = [(point.link, point.at) for point in points]
        self._ground = robot.ground
        self._level = float(foreign.geom(GROUND).pos[2]) if points else 0.0
        self._radius = np.array([point.radius for point in points])
        self._mu = np.array([self._ground.friction_at(point) for point in points])

    def rows(self, height: Array, J: Array, turning: Array, v: Array) -> Rows:
        ground = self._ground
        J_n, J_t = J[:, 1], J[:, 0] + self._radius[:, None] * turning
        v_n, v_t = J_n @ v, J_t @ v
        f_0 = spring(ground, self._level + self._radius - height)
        c_n = f_0 / np.hypot(v_n, ground.damping_speed)
        c_t = self._mu * (f_0 - c_n * v_n) / np.hypot(v_t, ground.friction_speed)
        along = np.concatenate([J_n, J_t])
        return Rows(along, np.concatenate([f_0, np.zeros_like(f_0)]), np.concatenate([c_n, c_t]))


class _Stops:
    """Of joints, which are springs that set in at their limits."""

    def __init__(self, robot: Robot) -> None:
        joints = [joint for joint in robot.free_joints if joint.limits is not None]
        self._at = [robot.moving_names.index(joint.name) for joint in joints]
        self._J = np.eye(len(robot.moving_names))[self._at]
        self._limits = np.array([joint.limits for joint in joints]).reshape(-1, 2).T
        self._stiffness = np.array([joint.limit_stiffness for joint in joints])
        self._softness = np.array([joint.limit_softness for joint in joints])

    def rows(self, q: Array) -> Rows:
        (low, high), s = self._limits, self._softness
        beyond = np.logaddexp(0.0, (low - q[self._at]) / s)
        beyond -= np.logaddexp(0.0, (q[self._at] - high) / s)
        return Rows(self._J, self._stiffness * s * beyond, np.zeros_like(s))


def _carried(foreign: Any, bodies: list[int], joints: list[int]) -> Array:
    """(n, nv), 1 where the joint of a column carries the body of a row."""
    chains = [set(_chain(foreign, body)) for body in bodies]
    owners = foreign.jnt_bodyid[joints]
    flags = [[float(owner in chain) for owner in owners] for chain in chains]
    return np.array(flags).reshape(-1, len(owners))


def _chain(foreign: Any, body: int) -> Iterator[int]:
    """A body and those that it hangs from, but for the world."""
    while body:
        yield body
        body = int(foreign.body_parentid[body])


def _damping(robot: Robot) -> Array:
    """(nv, nv) of joints and servos, which MuJoCo takes at the end of a step as well."""
    names = robot.moving_names
    D = np.zeros((len(names), len(names)))
    for joint in robot.free_joints:
        i = names.index(joint.name)
        D[i, i] += joint.damping
    for actuator in robot.actuators:
        slopes = np.zeros(len(names))
        for name, slope in actuator.coefficients.items():
            slopes[names.index(name)] = slope
        D += actuator.gear * actuator.kd * np.outer(slopes, slopes)
    return D
