"""A robot in MuJoCo, a control step at a time, in our coordinates.

What moves is MuJoCo's: the model that `codegen.mjcf_export` writes, its equations of motion, its
integrator and, unless ours are asked for, its contact and its joint stops.  A state x = [q, v] is
put into MuJoCo before each step and read after it, so that noise may act in between.  Of what lags
MuJoCo has the activation r / gain; the integral of r is added by the trapezoidal rule.  Targets
stay where they are.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal
from xml.etree import ElementTree as ET

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.description.robot import Robot
from vgps.codegen.mjcf import numbers
from vgps.codegen.mjcf_export import GROUND, export_mjcf
from vgps.codegen.mjcf_import import MissingMujoco, one_line
from vgps.codegen.model import Model
from vgps.experiments.errors import TransferError
from vgps.experiments.transfer.ground_fit import STEP, GroundFit, fit_ground
from vgps.experiments.transfer.springs import Springs

Array = NDArray[np.float64]
GroundKind = Literal["fitted", "default", "ours"]


class Engine:
    """A robot in MuJoCo.

    fit       of its contact to the robot's ground; None where none was asked for or there is none
    timestep  s, of its integrator
    """

    def __init__(self, model: Model, ground: GroundKind) -> None:
        """Load it.

        Raises:
            MissingMujoco: without the package mujoco.
            TransferError: when MuJoCo cannot represent the robot.
        """
        robot = model.robot
        self._mujoco = mujoco = mujoco_package()
        text, left_out = export_mjcf(robot)
        top = ET.fromstring(text)
        if robot.ground is not None and _plane(top) is None:
            # What else is left out acts as a force of ours, or does not move.
            raise TransferError(f"{robot.name} cannot go to MuJoCo without {left_out[0]}")
        flags = {"autoreset": "disable"}  # a rollout that diverges has failed
        self.fit: GroundFit | None = None
        if ground == "ours":
            flags |= {"contact": "disable", "limit": "disable"}
        elif ground == "fitted" and robot.ground is not None and robot.gravity > 0.0:
            weight = robot.gravity * sum(link.mass for link in robot.links)
            self.fit = fit_ground(robot.ground, weight, robot.gravity)
            _fit_contacts(top, robot, self.fit, _loaded(mujoco, robot, top))
        ET.SubElement(_option(top), "flag", flags)
        self._model = _loaded(mujoco, robot, top)
        self._data = mujoco.MjData(self._model)
        self._springs = Springs(model, mujoco, self._model, whole=ground == "ours")
        self.timestep = float(self._model.opt.timestep)
        self._dt, self._substeps = model.dt, round(model.dt / self.timestep)
        n, nq = len(robot.moving_names), model.nq
        self._order = [self._model.joint(name).dofadr[0] for name in robot.moving_names]
        self._q, self._v = slice(n), slice(nq, nq + n)
        self._integrals = np.array([lag.coordinate for lag in robot.lags], dtype=int)
        self._r = nq + self._integrals
        self._gains = np.array([lag.gain for lag in robot.lags])

    @contextmanager
    def running(self) -> Iterator[None]:
        """While MuJoCo's callbacks, of which a process has one of each kind, are this engine's."""
        if self._springs.act:
            self._mujoco.set_mjcb_control(self._springs)
        self._mujoco.set_mju_user_warning(lambda _: None)  # or they go to a file in this folder
        try:
            yield
        finally:
            self._mujoco.set_mju_user_warning(None)
            self._mujoco.set_mjcb_control(None)

    def reset(self) -> None:
        """Forget the last step, whose forces MuJoCo's solver begins with."""
        self._mujoco.mj_resetData(self._model, self._data)

    def step(self, x: Array, u: Array) -> Array:
        """The state (nx,) one control step after x (nx,) under u (nu,), while `running`.

        It is not finite where the simulation diverges.
        """
        data, order = self._data, self._order
        data.qpos[order], data.qvel[order] = x[self._q], x[self._v]
        data.act[:] = x[self._r] / self._gains
        data.ctrl[:] = u
        self._mujoco.mj_step(self._model, data, self._substeps)
        after = x.copy()
        after[self._q], after[self._v] = data.qpos[order], data.qvel[order]
        after[self._r] = self._gains * data.act
        after[self._integrals] += 0.5 * self._dt * (x[self._r] + after[self._r])
        return after


def mujoco_package() -> Any:
    """The module.

    Raises:
        MissingMujoco: with what to install.
    """
    try:
        import mujoco
    except ImportError:
        text = "--engine mujoco needs the package mujoco, which is not installed"
        raise MissingMujoco(f"{text}: pip install mujoco") from None
    return mujoco


def _loaded(mujoco: Any, robot: Robot, top: ET.Element) -> Any:
    try:
        return mujoco.MjModel.from_xml_string(ET.tostring(top, encoding="unicode"))
    except ValueError as error:
        text = f"MuJoCo cannot load {robot.name}: {one_line(str(error))}"
        raise TransferError(text) from None


def _fit_contacts(top: ET.Element, robot: Robot, fit: GroundFit, bare: Any) -> None:
    """Contacts of the plane and the points that give as the robot's ground does.

    MuJoCo's forces act halfway between the surfaces.  With spheres that are larger by half of what
    they sink in under half the robot's weight, that is where ours act.

    Args:
        top: the MJCF, which is changed.
        robot: that it is of.
        fit: to its ground.
        bare: the MJCF as MuJoCo has loaded it.
    """
    plane, option = _plane(top), _option(top)
    assert plane is not None and robot.ground is not None
    larger = 0.5 * fit.penetration
    x, y, height = map(float, plane.get("pos", "").split())
    plane.set("pos", numbers(x, y, height + fit.lift - larger))
    spheres = {geom.get("name"): geom for geom in top.iter("geom")}
    contact = ET.SubElement(top, "contact")
    for point in robot.contact_points:
        spheres[point.name].set("size", numbers(point.radius + larger))
        A = float(bare.body_invweight0[bare.body(point.link).id, 0])
        values = fit.contact(A, robot.ground.friction_at(point))
        pair = {"geom1": GROUND, "geom2": point.name, "condim": "3"}
        pair |= {key: numbers(*value) for key, value in values.items()}
        ET.SubElement(contact, "pair", pair)
    substeps = max(robot.task.substeps, math.ceil(robot.task.dt / STEP))
    option.set("timestep", numbers(robot.task.dt / substeps))
    option.set("cone", "elliptic")
    option.set("impratio", numbers(fit.impratio))


def _option(top: ET.Element) -> ET.Element:
    option = top.find("option")
    assert option is not None
    return option


def _plane(top: ET.Element) -> ET.Element | None:
    return top.find("worldbody/geom")
