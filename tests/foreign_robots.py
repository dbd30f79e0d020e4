"""Robots in MuJoCo's formats, with what people write there, and where our coordinates are in them."""

import mujoco
import mujoco_reference
import numpy as np

# A floating base whose slides are in another order and begin elsewhere; hinges both ways round, off
# their bodies' frames, with references and springs; turned bodies, bodies welded to others and away
# from the plane; drives of every kind.
LEG = """
<mujoco model="leg">
  <compiler angle="degree" autolimits="true"/>
  <option timestep="0.002"/>
  <worldbody>
    <geom name="floor" type="plane" size="5 5 1" pos="0 0 -0.1" friction="0.5"/>
    <body name="torso" pos="0.3 0.2 1.5">
      <joint name="rootz" type="slide" axis="0 0 1" ref="1.5" armature="0.2"/>
      <joint name="rootx" type="slide" axis="-1 0 0" armature="0.1"/>
      <joint name="rooty" type="hinge" axis="0 1 0" pos="0.05 0 -0.2" armature="0.03"/>
      <inertial pos="0.02 0.1 0.1" mass="3" diaginertia="0.07 0.05 0.03" quat="0.9 0.1 -0.3 0.2"/>
      <geom name="trunk" type="box" size="0.1 0.1 0.3" friction="0.7"/>
      <site name="nozzle" pos="0.1 0 0.2" euler="0 20 0"/>
      <body name="bag" pos="-0.1 0 0.2" euler="0 30 0">
        <inertial pos="0.1 0 0" mass="0.8" diaginertia="0.004 0.005 0.006"/>
      </body>
      <body name="thigh" pos="0.05 -0.3 -0.3" euler="0 25 0">
        <joint name="hip" axis="0 -1 0" pos="0.01 0 0.02" damping="0.7" armature="0.05"/>
        <geom name="thigh" type="capsule" fromto="0 0 0 0 0 -0.4" size="0.04" friction="0.7"/>
        <body name="shin" pos="0 0 -0.4">
          <joint name="knee" axis="0 1 0" ref="20" springref="-10" stiffness="12" damping="0.2"/>
          <geom name="shin" type="capsule" fromto="0 0 0 0.1 0.1 -0.4" size="0.03" friction="0.7"/>
          <body name="foot" pos="0.1 0 -0.4">
            <joint name="ankle" type="slide" axis="0.6 0 -0.8" stiffness="40" springref="0.02"/>
            <geom name="foot" type="sphere" size="0.06" friction="0.9"/>
          </body>
        </body>
      </body>
    </body>
  </worldbody>
  <tendon>
    <fixed name="belt"><joint joint="hip" coef="0.5"/><joint joint="knee" coef="-2"/></fixed>
  </tendon>
  <actuator>
    <motor name="m1" joint="hip" gear="30" ctrlrange="-2 2"/>
    <motor name="m2" joint="ankle" gear="-5" ctrlrange="-1 3"/>
    <position name="m3" joint="knee" gear="2" kp="8" kv="0.5"/>
    <motor name="m4" tendon="belt" gear="3"/>
    <motor name="m5" site="nozzle" gear="2 0 -3 0 0 0"/>
  </actuator>
</mujoco>
"""

# Seen from above, in a fluid, about -z.
FISH = """
<mujoco>
  <option gravity="0 0 -9.81" density="1000" viscosity="0.1"/>
  <worldbody>
    <body name="head">
      <joint name="a" type="slide" axis="1 0 0"/>
      <joint name="b" type="slide" axis="0 1 0"/>
      <joint name="c" type="hinge" axis="0 0 -1"/>
      <geom type="capsule" fromto="0 0 0 -1 0 0" size="0.1"/>
      <body name="tail" pos="-1 0 0" euler="0 0 25">
        <joint name="bend" axis="0 0 -1"/>
        <geom type="capsule" fromto="0 0 0 -0.7 0 0" size="0.08"/>
      </body>
    </body>
  </worldbody>
  <actuator><motor joint="bend" gear="4" ctrlrange="-1 1"/></actuator>
</mujoco>
"""

# In the y-z plane, on a slanted rail.
CRANE = """
<mujoco>
  <worldbody>
    <body name="cart" pos="0.1 0.2 0.3">
      <joint name="rail" type="slide" axis="0 0.8 0.6" damping="0.5"/>
      <geom type="box" size="0.1 0.1 0.1" density="300"/>
      <body name="pole" pos="0.2 0.1 0">
        <joint name="swivel" axis="-1 0 0" damping="0.1" armature="0.02"/>
        <geom type="capsule" fromto="0 0 0 0 0.3 -0.5" size="0.03"/>
      </body>
    </body>
  </worldbody>
  <actuator><motor joint="rail" ctrlrange="-20 20"/></actuator>
</mujoco>
"""

# A robot of ROS: only a revolute joint with an effort, a fixed one, and no actuator.
ARM = """
<robot name="arm">
  <link name="base"/>
  <link name="upper">
    <inertial>
      <origin xyz="0 0.02 0.25" rpy="0.1 0.2 0"/><mass value="1"/>
      <inertia ixx="0.02" iyy="0.03" izz="0.015" ixy="0.001" ixz="0.002" iyz="0"/>
    </inertial>
  </link>
  <link name="hand">
    <inertial>
      <origin xyz="0.1 0 0"/><mass value="0.4"/>
      <inertia ixx="0.002" iyy="0.003" izz="0.0025" ixy="0" ixz="0" iyz="0"/>
    </inertial>
  </link>
  <joint name="shoulder" type="revolute">
    <parent link="base"/><child link="upper"/>
    <origin xyz="0 0.1 0.5" rpy="0 0.3 0"/><axis xyz="0 1 0"/>
    <limit lower="-1" upper="2" effort="12" velocity="3"/><dynamics damping="0.2"/>
  </joint>
  <joint name="wrist" type="fixed">
    <parent link="upper"/><child link="hand"/><origin xyz="0 0 0.5" rpy="0 0.7 0"/>
  </joint>
</robot>
"""

NORMALS = {"x-z": (0, -1, 0), "x-y": (0, 0, 1), "y-z": (1, 0, 0)}  # of counter-clockwise turns


class Foreign:
    """MuJoCo's answers about a file in our coordinates, which are its joints from the root on.

    Where the slides of a floating base come in another order, ours are x and then y.
    """

    def __init__(self, path, plane, floating=False):
        mujoco.set_mju_user_warning(lambda _: None)  # or they go to a file in the current folder
        self.model = mujoco.MjModel.from_xml_path(str(path))
        mujoco.set_mju_user_warning(None)
        self.model.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_CONTACT
        self.data = mujoco.MjData(self.model)
        mujoco.mj_kinematics(self.model, self.data)
        right, up = np.eye(3)[["xyz".index(axis) for axis in plane.split("-")]]
        turns = self.model.jnt_type == mujoco.mjtJoint.mjJNT_HINGE
        along = self.data.xaxis @ np.array([right, up]).T  # (nv, 2)
        turned = self.data.xaxis @ np.array(NORMALS[plane])
        self.sign = np.where(turns, turned, 1.0)
        self.order = list(range(self.model.nv))
        if floating:
            self.order[:2] = sorted(self.order[:2], key=lambda j: abs(along[j, 1]))
            self.sign[:2] = along[:2].sum(axis=1)
        self.sign = self.sign[self.order]

    def forward(self, q, v, ctrl=()):
        self.data.qpos[self.order], self.data.qvel[self.order] = self.sign * q, self.sign * v
        self.data.ctrl[:] = ctrl if len(ctrl) else 0.0
        mujoco.mj_forward(self.model, self.data)

    @property
    def mass_matrix(self):
        full = mujoco_reference.mass_matrix(self.model, self.data)
        return full[np.ix_(self.order, self.order)] * np.outer(self.sign, self.sign)

    @property
    def bias_force(self):
        return self.sign * self.data.qfrc_bias[self.order]

    @property
    def passive_force(self):
        return self.sign * self.data.qfrc_passive[self.order]

    @property
    def drive_force(self):
        return self.sign * self.data.qfrc_actuator[self.order]
