"""The plane in which a compiled MuJoCo model moves, and the refusal of one that leaves it.

Every coordinate of MuJoCo is taken as 0, so that ours are the same ones, some with the other sign.
A body keeps its distance from the plane, and what lies off it has no part in the motion.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.description.unsupported import SPATIAL

Array = NDArray[np.float64]
Part = dict[str, Any]  # of a robot file, by its keys
# Of each moving body its link's name, and the place (2,) of the link's frame, m.
Frames = Mapping[int, tuple[str, Array]]

_PARALLEL = 1e-4  # sine between axes that count as parallel: rounded angles such as 1.5708 occur
_NORMALS = {"x": ("y", "z"), "y": ("x", "z"), "z": ("x", "y")}  # -> to the right, and up


class Sentence(Exception):
    """Why a model cannot be said in a robot file, without its place."""


class Plane(NamedTuple):
    """Two axes of the world; angles count from the first to the second."""

    right: Array  # (3,)
    up: Array  # (3,)
    name: str

    @property
    def normal(self) -> Array:
        """(3,): the axis of a counter-clockwise turn."""
        return np.cross(self.right, self.up)

    def place(self, vector: Array) -> Array:
        """(2,): what of a vector (3,) lies in the plane."""
        return np.array([vector @ self.right, vector @ self.up])


def direction_of(vector: Array) -> float:
    """The angle of a vector (2,), rad, above -pi even where its y is rounded to just below 0."""
    angle = math.atan2(vector[1], vector[0])
    return math.pi if angle < -math.pi + 1e-12 else angle


def is_parallel(a: Array, b: Array) -> bool:
    """Whether unit vectors (3,) point the same way or against each other."""
    return bool(np.linalg.norm(np.cross(a, b)) < _PARALLEL)


def is_across(a: Array, b: Array) -> bool:
    """Whether unit vectors (3,) stand at a right angle."""
    return bool(abs(a @ b) < _PARALLEL)


class Scene(NamedTuple):
    """A compiled model, and where everything is in it when its coordinates are all 0."""

    mujoco: Any  # the package
    model: Any
    data: Any
    plane: Plane

    def is_slide(self, j: int) -> bool:
        """Whether a joint slides; otherwise it turns."""
        return bool(self.model.jnt_type[j] == self.mujoco.mjtJoint.mjJNT_SLIDE)


def called(model: Any, j: int) -> str:
    """What sentences call a joint."""
    body = model.body(model.jnt_bodyid[j]).name
    return f"joint {name!r}" if (name := model.joint(j).name) else f"a joint of body {body!r}"


def scene_of(mujoco: Any, model: Any) -> Scene:
    """The model in its plane.

    Raises:
        Sentence: when it is not planar.
    """
    kinds = {mujoco.mjtJoint.mjJNT_FREE: "free", mujoco.mjtJoint.mjJNT_BALL: "ball"}
    for j in range(model.njnt):
        if (kind := kinds.get(mujoco.mjtJoint(int(model.jnt_type[j])))) is not None:
            raise Sentence(f"{called(model, j)} is a {kind} joint; {SPATIAL}")
    data = mujoco.MjData(model)
    data.qpos[:] = 0.0
    mujoco.mj_kinematics(model, data)
    turns = model.jnt_type == mujoco.mjtJoint.mjJNT_HINGE  # (njnt,)
    plane = _plane(data.xaxis, turns, model.opt.gravity)
    for j in range(model.njnt):
        fits = is_parallel if turns[j] else is_across
        if not fits(data.xaxis[j], plane.normal):
            motion = "turns" if turns[j] else "slides"
            text = f"{called(model, j)} {motion} out of the {plane.name} plane"
            raise Sentence(f"{text}; {SPATIAL}")
    return Scene(mujoco, model, data, plane)


def _plane(axes: Array, turns: NDArray[np.bool_], gravity: Array) -> Plane:
    """The plane of the first hinge or, of slides alone, the first that holds them all."""
    hinges, slides = axes[turns], axes[~turns]
    world = dict(zip("xyz", np.eye(3), strict=True))
    for normal in "yxz":
        axis = world[normal]
        if len(hinges) and not is_parallel(hinges[0], axis):
            continue
        if not len(hinges) and not all(is_across(slide, axis) for slide in slides):
            continue
        right, up = _NORMALS[normal]
        plane = Plane(world[right], world[up], f"{right}-{up}")
        if abs(gravity @ plane.right) > _PARALLEL * np.linalg.norm(gravity):
            raise Sentence(f"gravity pulls along {right}, and in a robot file along -y alone")
        return plane
    raise Sentence(f"its joints do not move along one of the planes x-z, y-z and x-y; {SPATIAL}")
