"""The same robot in MuJoCo, which derives its equations of motion in three dimensions."""

import mujoco
import numpy as np

from vgps.codegen.description.robot import Robot
from vgps.codegen.mjcf import to_mjcf


def mass_matrix(model, data):
    """MuJoCo's (nv, nv), in its own order."""
    # Column by column: the call for the whole matrix differs between versions of MuJoCo.
    full = np.empty((model.nv, model.nv))
    for column, unit in zip(full.T, np.eye(model.nv), strict=True):
        product = np.empty(model.nv)
        mujoco.mj_mulM(model, data, product, unit)
        column[:] = product
    return full


class Reference:
    """MuJoCo's answers in our coordinates, order of coordinates and plane."""

    def __init__(self, robot: Robot):
        self.model = mujoco.MjModel.from_xml_string(to_mjcf(robot))
        self.data = mujoco.MjData(self.model)
        self.order = [self.model.joint(name).dofadr[0] for name in robot.moving_names]
        self.lagging = [lag.coordinate for lag in robot.lags]
        self.gains = np.array([lag.gain for lag in robot.lags])
        self.links = [link.name for link in robot.links]

    def forward(self, q, v, u) -> None:
        n = len(self.order)
        self.data.qpos[self.order], self.data.qvel[self.order] = q[:n], v[:n]
        self.data.act[:] = v[self.lagging] / self.gains  # MuJoCo's lags come before the gear
        self.data.ctrl[:] = u
        mujoco.mj_forward(self.model, self.data)

    @property
    def mass_matrix(self):
        return mass_matrix(self.model, self.data)[np.ix_(self.order, self.order)]

    @property
    def bias_force(self):
        return self.data.qfrc_bias[self.order]

    @property
    def passive_force(self):
        return self.data.qfrc_passive[self.order]

    @property
    def acceleration(self):
        return np.concatenate([self.data.qacc[self.order], self.gains * self.data.act_dot])

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
