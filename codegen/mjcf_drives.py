"""Actuators of a compiled MuJoCo model as those of a robot file.

A force is gear gain ctrl; a position servo, with its length l = gear q, is gear (kp (ctrl - l) - kd
l').  A force with symmetric limits that is alone on its joint makes it an actuated one.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from vgps.codegen.mjcf_plane import Array, Frames, Part, Scene, direction_of, is_parallel

_KNOWN = "of its drives only forces and position servos, at once or behind a filter, are known"


class Coordinate(NamedTuple):
    """One of our joints, by what it is to MuJoCo's: q = sign qpos."""

    joint: str
    sign: float


class Drives(NamedTuple):
    """What acts on a robot."""

    joints: dict[int, Part]  # keys of actuated joints, by MuJoCo's number of the joint
    actuators: list[Part]  # without a name, but for that of the model, which may be no name
    left_out: list[str]


class _Left(Exception):
    """Why an actuator is left out."""


def drives(scene: Scene, coordinates: Mapping[int, Coordinate], frames: Frames) -> Drives:
    """All actuators; ``coordinates`` are those of the joints that a robot file can drive."""
    model = scene.model
    found = Drives({}, [], [])
    joints = [_joint_of(scene, a) for a in range(model.nu)]
    for a, j in enumerate(joints):
        name = model.actuator(a).name or (model.joint(j).name if j is not None else str(a))
        try:
            force = _force(scene, a)
            acts = _on_what(scene, coordinates, frames, a)
            if "kp" in force and not acts.keys() & {"joint", "joints"}:
                raise _Left("a servo needs a joint or a fixed tendon")
        except _Left as reason:
            found.left_out.append(f"the actuator {name!r}: {reason}")
            continue
        limits = force.pop("limits", None)
        scale = acts.pop("scale", 1.0) * force.pop("gain", 1.0)
        alone = j is not None and joints.count(j) == 1 and "kp" not in force
        if j is not None and alone and (limits is None or limits[0] == -limits[1]):
            part: Part = {"actuated": True}
            if limits is not None:
                part["torque_limit"] = abs(scale) * limits[1]
            found.joints[j] = part | force
        else:
            bounds = {} if limits is None else {"limits": limits}
            if "kp" in force:
                acts, scale = _servo(acts, scale), 1.0
            gear = {} if scale == 1.0 else {"gear": scale}
            found.actuators.append({"name": name, **acts, **gear, **force, **bounds})
        if model.actuator_forcelimited[a] and ("kp" in force or "lag" in force):
            text = f"the force range of the actuator {name!r}, since only actions have limits"
            found.left_out.append(text)
    return found


def _servo(acts: Part, scale: float) -> Part:
    """What a servo acts on: its length is the coordinate times the gear of MuJoCo."""
    if scale == 1.0:
        return acts
    coefficients = acts["joints"] if "joints" in acts else {acts["joint"]: 1.0}
    return {"joints": {joint: scale * number for joint, number in coefficients.items()}}


def _joint_of(scene: Scene, a: int) -> int | None:
    mujoco, model = scene.mujoco, scene.model
    kinds = mujoco.mjtTrn.mjTRN_JOINT, mujoco.mjtTrn.mjTRN_JOINTINPARENT
    return (
        int(model.actuator_trnid[a, 0])
        if mujoco.mjtTrn(int(model.actuator_trntype[a])) in kinds
        else None
    )


def _force(scene: Scene, a: int) -> Part:
    """What of its force does not depend on where it acts: gain or kp and kd, limits, lag."""
    mujoco, model = scene.mujoco, scene.model
    gain, bias = float(model.actuator_gainprm[a, 0]), model.actuator_biasprm[a]
    part: Part = {}
    if model.actuator_gaintype[a] != mujoco.mjtGain.mjGAIN_FIXED or gain == 0.0:
        raise _Left(_KNOWN)
    if model.actuator_biastype[a] == mujoco.mjtBias.mjBIAS_NONE:
        part["gain"] = gain
    elif model.actuator_biastype[a] == mujoco.mjtBias.mjBIAS_AFFINE:
        if gain < 0.0 or bias[0] != 0.0 or bias[1] != -gain or bias[2] > 0.0:
            raise _Left(_KNOWN)
        part |= {"kp": gain} | ({"kd": -float(bias[2])} if bias[2] else {})
    else:
        raise _Left(_KNOWN)
    filters = mujoco.mjtDyn.mjDYN_FILTER, mujoco.mjtDyn.mjDYN_FILTEREXACT
    if mujoco.mjtDyn(int(model.actuator_dyntype[a])) in filters:
        part["lag"] = float(model.actuator_dynprm[a, 0])
    elif model.actuator_dyntype[a] != mujoco.mjtDyn.mjDYN_NONE:
        raise _Left(_KNOWN)
    ranges = []
    if model.actuator_ctrllimited[a]:
        ranges.append(model.actuator_ctrlrange[a])
    if model.actuator_forcelimited[a] and "gain" in part and "lag" not in part:
        ranges.append(np.sort(model.actuator_forcerange[a] / gain))
    if ranges:
        low, high = max(float(r[0]) for r in ranges), min(float(r[1]) for r in ranges)
        if low >= high:
            raise _Left("its ranges leave it nothing to do")
        part["limits"] = (low, high)
    return part


def _on_what(scene: Scene, coordinates: Mapping[int, Coordinate], frames: Frames, a: int) -> Part:
    """The keys that say what it acts on, and as ``scale`` how much of the force acts there."""
    mujoco, model = scene.mujoco, scene.model
    gear, (at, reference) = model.actuator_gear[a], model.actuator_trnid[a]
    if (j := _joint_of(scene, a)) is not None:
        if j not in coordinates:
            raise _Left("it acts on the floating base, which only forces on links move")
        coordinate = coordinates[j]
        return {"joint": coordinate.joint, "scale": coordinate.sign * float(gear[0])}
    if model.actuator_trntype[a] == mujoco.mjtTrn.mjTRN_TENDON:
        start = model.tendon_adr[at]
        wraps = range(start, start + model.tendon_num[at])
        if any(
            model.wrap_type[w] != mujoco.mjtWrap.mjWRAP_JOINT
            or model.wrap_objid[w] not in coordinates
            for w in wraps
        ):
            raise _Left("of tendons only fixed ones, of joints, are known")
        sums: dict[str, float] = {}
        for w in wraps:
            joint, sign = coordinates[int(model.wrap_objid[w])]
            sums[joint] = sums.get(joint, 0.0) + sign * float(model.wrap_prm[w])
        return {"joints": sums, "scale": float(gear[0])}
    if model.actuator_trntype[a] == mujoco.mjtTrn.mjTRN_SITE:
        return _on_link(scene, frames, int(at), int(reference), gear)
    raise _Left("it acts neither on joints nor on a site")


def _on_link(scene: Scene, frames: Frames, site: int, reference: int, gear: Array) -> Part:
    """A force at a site, or a torque on its link."""
    _, model, data, plane = scene
    axes = data.site_xmat[site if reference < 0 else reference].reshape(3, 3)
    force, torque = axes @ gear[:3], axes @ gear[3:]
    link, origin = frames.get(int(model.site_bodyid[site]), ("world", np.zeros(2)))
    if np.any(force) and not np.any(torque) and reference < 0 and link != "world":
        along = plane.place(force)
        strength = float(np.linalg.norm(along))
        if strength > 0.0 and abs(force @ plane.normal) < 1e-6 * strength:
            at = plane.place(data.site_xpos[site]) - origin
            placed = {"link": link, "at": at.tolist(), "direction": direction_of(along)}
            return placed | {"scale": strength}
    turns = float(np.linalg.norm(torque))
    if turns > 0.0 and not np.any(force) and is_parallel(torque / turns, plane.normal):
        body = 0 if reference < 0 else int(model.site_bodyid[reference])
        other, _ = frames.get(body, ("world", origin))
        if other != link:
            return {"between": [other, link], "scale": float(torque @ plane.normal)}
    raise _Left("it is no force in the plane, and no torque about its normal")
