"""A planar robot from MJCF or URDF, as MuJoCo's own parser and compiler understand it.

What is read is the compiled model: masses, inertias and places are numbers there, whatever the file
wrote.  Where every coordinate of MuJoCo is 0, the frames of all links are parallel to the plane's
axes.  So a coordinate is MuJoCo's, with the other sign where a hinge turns clockwise; x and y of a
floating base are the place of its frame, which may differ by a constant.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from vgps.codegen.description.consistency import FLOATING
from vgps.codegen.errors import InputError, RobotFileError
from vgps.codegen.mjcf_bodies import Body, bodies_of, frames_of, is_rolled, joint_of, link_of
from vgps.codegen.mjcf_contact import contacts
from vgps.codegen.mjcf_drives import Coordinate, drives
from vgps.codegen.mjcf_names import Names
from vgps.codegen.mjcf_plane import Part, Scene, Sentence, called, scene_of


class MissingMujoco(InputError):
    """The package that reads the file is not installed.  One sentence."""


class Imported(NamedTuple):
    """What a robot file says, but for its name and its task."""

    robot: Part  # its keys, in the file's order
    initial: dict[str, float]  # rad or m, where the model begins, if not at 0
    timestep: float  # s, of MuJoCo's integrator
    plane: str  # of MuJoCo's world
    turned: list[str]  # coordinates that have the other sign in the model
    is_undriven: bool  # whether the model drives nothing, so that here all joints are actuated
    left_out: list[str]


def import_robot(path: Path) -> Imported:
    """The robot of a file.

    Raises:
        MissingMujoco: without the package mujoco.
        RobotFileError: when MuJoCo cannot read the file, or the robot is not planar.
    """
    try:
        import mujoco
    except ImportError:
        text = "to import a robot needs the package mujoco, which is not installed"
        raise MissingMujoco(f"{text}: pip install mujoco") from None
    try:
        path.read_bytes()
    except OSError as error:
        raise RobotFileError(path, None, None, f"cannot be read: {error.strerror}") from None
    mujoco.set_mju_user_warning(lambda _: None)  # or they go to a file in the current folder
    try:
        model = mujoco.MjModel.from_xml_path(str(path))
    except ValueError as error:
        text = f"MuJoCo cannot read it: {one_line(str(error))}"
        raise RobotFileError(path, None, None, text) from None
    finally:
        mujoco.set_mju_user_warning(None)
    try:
        return _imported(scene_of(mujoco, model))
    except Sentence as reason:
        raise RobotFileError(path, None, None, one_line(str(reason))) from None


def one_line(text: str) -> str:
    """A sentence that may hold anything, such as names of a foreign file, as one line."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _imported(scene: Scene) -> Imported:
    names, bodies = Names(), bodies_of(scene)
    links = [names.give(scene.model.body(body.number).name, "link") for body in bodies]
    joints = _joints(scene, names, bodies, links)
    frames = frames_of(scene, bodies, links)
    sign = {body.joints[0]: body.signs[0] for body in bodies}
    coordinates = {j: Coordinate(joint["name"], sign[j]) for j, joint in joints.items()}
    driven, touching = drives(scene, coordinates, frames), contacts(scene, frames)
    is_undriven = not driven.joints and not driven.actuators
    if is_undriven and not joints:
        raise Sentence("it has no actuator, and no joint that could be actuated")
    left_out: list[str] = []
    for j, joint in joints.items():
        joint |= {"actuated": True} if is_undriven else driven.joints.get(j, {})
        left_out += _bounded(scene, j, joint)
    described = [link_of(scene, body, bodies) for body in bodies]
    robot: Part = {"gravity": 0.0 - float(scene.model.opt.gravity @ scene.plane.up)}
    if scene.model.opt.disableflags & scene.mujoco.mjtDisableBit.mjDSBL_GRAVITY:
        robot["gravity"] = 0.0
    robot["base"] = "fixed"
    for body in (body for body in bodies if body.floats):
        robot["base"] = "floating"
        loads = scene.model.dof_armature[scene.model.jnt_dofadr[list(body.joints)]].tolist()
        robot |= {"base_armature": dict(zip(FLOATING, loads, strict=True))} if any(loads) else {}
        left_out += _of_the_base(scene, body)
    if any("width" in link for link in described):
        density, viscosity = scene.model.opt.density, scene.model.opt.viscosity
        robot["fluid"] = {"density": float(density), "viscosity": float(viscosity)}
    robot["links"] = [{"name": a, **link} for a, link in zip(links, described, strict=True)]
    robot["joints"] = list(joints.values())
    robot["actuators"] = _named(names, driven.actuators, "drive")
    robot["points"] = _named(names, touching.points, "point")
    robot["ground"] = touching.ground
    left_out += [*driven.left_out, *touching.left_out, *_left_out(scene)]
    left_out += _of_the_fluid(scene, bodies, robot["links"])
    return Imported(
        {key: value for key, value in robot.items() if value not in ([], None)},
        _initial(scene, bodies, joints),
        float(scene.model.opt.timestep),
        scene.plane.name,
        _turned(bodies, joints),
        is_undriven,
        list(dict.fromkeys(map(one_line, left_out))),
    )


def _joints(scene: Scene, names: Names, bodies: list[Body], links: list[str]) -> dict[int, Part]:
    """Joints by MuJoCo's number, but for those of a floating base."""
    above = {0: "world"} | {b.number: name for b, name in zip(bodies, links, strict=True)}
    joints: dict[int, Part] = {}
    for body in bodies:
        if not body.floats:
            name = names.give(scene.model.joint(body.joints[0]).name, "joint")
            ends = {"parent": above[body.parent], "child": above[body.number]}
            part = joint_of(scene, body, bodies)
            kind: Part = {key: part.pop(key) for key in ("type", "axis") if key in part}
            joints[body.joints[0]] = {"name": name, **kind, **ends, **part}
    return joints


def _named(names: Names, parts: list[Part], kind: str) -> list[Part]:
    given = [part["name"] for part in parts]
    return [
        part | {"name": names.give(name, kind, numbered=given.count(name) > 1)}
        for part, name in zip(parts, given, strict=True)
    ]


def _bounded(scene: Scene, j: int, joint: Part) -> Iterator[str]:
    """Bound what drives a joint as the joint itself does, such as by the effort of a URDF."""
    model = scene.model
    if not model.jnt_actfrclimited[j]:
        return
    low, high = model.jnt_actfrcrange[j].tolist()
    if joint.get("actuated") and low == -high and "lag" not in joint:
        joint["torque_limit"] = min(high, joint.get("torque_limit", high))
    else:
        yield f"the force range of {called(model, j)}, since only actions have limits"


def _of_the_base(scene: Scene, root: Body) -> Iterator[str]:
    """What a floating base does not have."""
    model = scene.model
    for j in root.joints:
        dof = model.jnt_dofadr[j]
        for what, value in (
            ("limits", model.jnt_limited[j]),
            ("stiffness", model.jnt_stiffness[j]),
            ("damping", model.dof_damping[dof]),
            ("friction", model.dof_frictionloss[dof]),
        ):
            if value:
                yield f"the {what} of {called(model, j)}, which a floating base does not have"


def _of_the_fluid(scene: Scene, bodies: list[Body], links: list[Part]) -> Iterator[str]:
    if not (scene.model.opt.density > 0.0 or scene.model.opt.viscosity > 0.0):
        return
    for body, link in zip(bodies, links, strict=True):
        name = link["name"]
        if "width" not in link:
            yield f"the force of the fluid on {name!r}, which is no bar in the plane"
        elif is_rolled(scene, body):
            # MuJoCo takes the drag across along two axes: |cos|^3 + |sin|^3 of it are left.
            text = "about its long axis: MuJoCo's drag across it is up to 29 % less"
            yield f"the roll of {name!r} {text}"


def _left_out(scene: Scene) -> Iterator[str]:
    model = scene.model
    if np.any(model.eq_active0):
        yield "equality constraints: a robot file has no closed loops and no coupled joints"
    if np.any(model.tendon_stiffness) or np.any(model.tendon_limited):
        yield "stiffness and limits of tendons"
    if np.any(model.body_gravcomp):
        yield "gravity compensation"
    # Newer versions of MuJoCo let these grow with the speed and the angle.
    for what in ("dof_dampingpoly", "jnt_stiffnesspoly"):
        if np.any(getattr(model, what, 0.0)):
            yield f"what of {what.removesuffix('poly').partition('_')[2]} is not linear"


def _initial(scene: Scene, bodies: list[Body], joints: dict[int, Part]) -> dict[str, float]:
    """Of the first keyframe, or the model's own."""
    model = scene.model
    qpos = model.key_qpos[0] if model.nkey else model.qpos0
    initial: dict[str, float] = {}
    for body in bodies:
        q = [s * qpos[model.jnt_qposadr[j]] for j, s in zip(body.joints, body.signs, strict=True)]
        if body.floats:
            initial |= dict(zip(FLOATING, q + np.append(body.origin, 0.0), strict=True))
        else:
            initial[joints[body.joints[0]]["name"]] = q[0]
    return {name: float(value) for name, value in initial.items() if abs(value) > 1e-12}


def _turned(bodies: list[Body], joints: dict[int, Part]) -> list[str]:
    named = [
        (name, sign)
        for body in bodies
        for name, sign in zip(
            FLOATING if body.floats else [joints[body.joints[0]]["name"]], body.signs, strict=True
        )
    ]
    return [name for name, sign in named if sign < 0.0]
