"""Bodies and joints of a compiled MuJoCo model as links and joints of a robot file.

A link is a body with what is welded to it.  Its frame lies where its hinge turns, or at the body's
own frame where it slides.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from vgps.codegen.mjcf_plane import (
    Array,
    Frames,
    Part,
    Scene,
    Sentence,
    direction_of,
    is_across,
    is_parallel,
)

_SAME = 1e-9  # relative, of inertias and places that are meant to be equal


class Body(NamedTuple):
    """A link, and what holds it."""

    number: int  # of MuJoCo's body
    parent: int  # that of the link that holds it, 0 for the world
    joints: tuple[int, ...]  # one, or those of a floating base: to the right, up, and the turn
    signs: tuple[float, ...]  # of our coordinates in MuJoCo's
    origin: Array  # (2,) m, of its frame where all coordinates are 0

    @property
    def floats(self) -> bool:
        """Whether it is the root of a floating base."""
        return len(self.joints) == 3


def bodies_of(scene: Scene) -> list[Body]:
    """All links, parents before children.

    Raises:
        Sentence: when one has several joints and is not a floating base.
    """
    model = scene.model
    moving = [b for b in range(1, model.nbody) if model.body_weldid[b] == b]
    found = [_body(scene, b) for b in moving]
    roots = [body for body in found if body.parent == 0]
    if len(roots) > 1 and any(body.floats for body in roots):
        names = " and ".join(repr(model.body(body.number).name) for body in roots)
        raise Sentence(f"it holds several robots, {names}, of which one floats: keep one of them")
    return found


def frames_of(scene: Scene, bodies: Sequence[Body], names: Sequence[str]) -> Frames:
    """The frames of all moving bodies, those that are welded to others included."""
    link = {body.number: (name, body.origin) for body, name in zip(bodies, names, strict=True)}
    welded = scene.model.body_weldid
    return {b: link[w] for b in range(scene.model.nbody) if (w := int(welded[b])) in link}


def link_of(scene: Scene, body: Body, bodies: Sequence[Body]) -> Part:
    """Its mass, length, direction, centre of mass and inertia, about the normal alone."""
    _, model, data, plane = scene
    parts = _parts(scene, body)
    masses = model.body_mass[parts]  # (n,)
    mass = masses.sum()
    places = np.array([scene.plane.place(data.xipos[b]) for b in parts])  # (n, 2)
    com = masses @ places / mass
    inertia = masses @ ((places - com) ** 2).sum(axis=1)
    for b in parts:
        normal = data.ximat[b].reshape(3, 3).T @ plane.normal
        inertia += model.body_inertia[b] @ normal**2
    shape = _shape(scene, body, bodies)
    if scene.model.opt.density > 0.0 or scene.model.opt.viscosity > 0.0:
        shape |= _bar(scene, parts, shape)
    return {"mass": float(mass), **shape, "com": (com - body.origin).tolist(), "inertia": inertia}


def joint_of(scene: Scene, body: Body, bodies: Sequence[Body]) -> Part:
    """Its type, place, limits, spring and resistance, but for names and drives."""
    _, model, data, _ = scene
    (j,), (sign,) = body.joints, body.signs
    dof, address = model.jnt_dofadr[j], model.jnt_qposadr[j]
    part: Part = {}
    if scene.is_slide(j):
        along = scene.plane.place(data.xaxis[j])
        part |= {"type": "prismatic", "axis": direction_of(along)}
    above = next((b.origin for b in bodies if b.number == body.parent), np.zeros(2))
    part["at"] = (body.origin - above).tolist()
    low, high = sorted(sign * model.jnt_range[j])
    if model.jnt_limited[j] and low < high:
        part |= {"limits": [low, high], "limit_stiffness": _limit_stiffness(scene, j)}
        if (softness := float(f"{0.1 * (high - low):.1g}")) < 0.05:
            part["limit_softness"] = softness
    part["damping"] = float(model.dof_damping[dof])
    if model.jnt_stiffness[j]:
        part["stiffness"] = float(model.jnt_stiffness[j])
        part["rest"] = sign * float(model.qpos_spring[address])
    part["armature"] = float(model.dof_armature[dof])
    part["friction"] = float(model.dof_frictionloss[dof])
    return {key: value for key, value in part.items() if key == "at" or value != 0.0}


def _body(scene: Scene, b: int) -> Body:
    _, model, data, plane = scene
    joints = range(model.body_jntadr[b], model.body_jntadr[b] + model.body_jntnum[b])
    parent = int(model.body_weldid[model.body_parentid[b]])
    last = joints[-1]
    origin = scene.plane.place(data.xpos[b] if scene.is_slide(last) else data.xanchor[last])
    if len(joints) == 1:
        sign = 1.0 if scene.is_slide(last) else float(np.sign(data.xaxis[last] @ plane.normal))
        return Body(b, parent, (last,), (sign,), origin)
    base = _floating(scene, list(joints)) if parent == 0 else None
    if base is None:
        text = f"body {model.body(b).name!r} has {len(joints)} joints, and a link has one"
        slides = f"slides along {plane.name.replace('-', ' and ')}, then a hinge"
        raise Sentence(f"{text}; only the root of a floating base has several, {slides}")
    return Body(b, parent, *base, origin)


def _floating(scene: Scene, joints: list[int]) -> tuple[tuple[int, ...], tuple[float, ...]] | None:
    """The joints of a floating base, to the right, up and the turn, and their signs."""
    if len(joints) != 3 or [scene.is_slide(j) for j in joints] != [True, True, False]:
        return None
    plane, axes = scene.plane, scene.data.xaxis
    if not is_parallel(axes[joints[0]], plane.right):
        joints = [joints[1], joints[0], joints[2]]
    ours = plane.right, plane.up, plane.normal
    if not all(is_parallel(axes[j], axis) for j, axis in zip(joints, ours, strict=True)):
        return None
    signs = (float(np.sign(axes[j] @ axis)) for j, axis in zip(joints, ours, strict=True))
    return tuple(joints), tuple(signs)


def _limit_stiffness(scene: Scene, j: int) -> float:
    """That of MuJoCo's limit for what the joint moves where the model begins.

    Its constraint accelerates as a spring of stiffness 1/(d_max timeconst^2 dampratio^2) would
    (MuJoCo's documentation, "Solver parameters"), or of the one that is given with a minus.
    """
    model = scene.model
    time, damping = model.jnt_solref[j]
    if time > 0.0:
        time = max(time, 2.0 * model.opt.timestep)
        pull = 1.0 / (model.jnt_solimp[j, 1] * (time * damping) ** 2)  # 1/s^2
    else:
        pull = -time
    return float(f"{max(pull / model.dof_invweight0[model.jnt_dofadr[j]], 1.0):.1g}")


def _shape(scene: Scene, body: Body, bodies: Sequence[Body]) -> Part:
    """Where its long axis lies, for pictures: along its longest bar, or to its farthest end."""
    bars = sorted(_bars(scene, body), key=lambda ends: float(np.ptp(ends, axis=0) @ [1, 1]))
    for a, b in reversed(bars):
        c, s = (b - a) / np.linalg.norm(b - a)
        if abs(c * a[1] - s * a[0]) > _SAME:
            continue  # it does not pass through the frame's origin
        if np.linalg.norm(b) < np.linalg.norm(a):
            a, b, c, s = b, a, -c, -s
        start = c * a[0] + s * a[1]
        return {
            "length": c * b[0] + s * b[1] - start,
            **({"start": start} if abs(start) > _SAME else {}),
            "direction": direction_of(np.array([c, s])),
        }
    ends = [end for bar in bars for end in bar]
    ends += [other.origin - body.origin for other in bodies if other.parent == body.number]
    end = max(ends, key=lambda end: float(np.linalg.norm(end)), default=np.zeros(2))
    if np.linalg.norm(end) < _SAME:
        return {}
    return {"length": math.hypot(*end), "direction": direction_of(end)}


def _bars(scene: Scene, body: Body) -> list[tuple[Array, Array]]:
    """The ends (2,) m, in the link's frame, of its geoms that are long."""
    mujoco, model, data, _ = scene
    ends = []
    for g in np.flatnonzero(model.body_weldid[model.geom_bodyid] == body.number):
        axes, size = data.geom_xmat[g].reshape(3, 3).T, model.geom_size[g]
        kind = mujoco.mjtGeom(int(model.geom_type[g]))
        if kind in (mujoco.mjtGeom.mjGEOM_CAPSULE, mujoco.mjtGeom.mjGEOM_CYLINDER):
            half = size[1] * scene.plane.place(axes[2])
        elif kind == mujoco.mjtGeom.mjGEOM_BOX:
            half = max((size[i] * scene.plane.place(axes[i]) for i in range(3)), key=np.linalg.norm)
        else:
            continue
        if np.linalg.norm(half) > _SAME:
            middle = scene.plane.place(data.geom_xpos[g]) - body.origin
            ends.append((middle - half, middle + half))
    return ends


def is_rolled(scene: Scene, body: Body) -> bool:
    """Whether no principal axis of a bar stands on the plane, so that it lies on an edge there."""
    axes = scene.data.ximat[_parts(scene, body)[0]].reshape(3, 3).T
    return not any(is_parallel(axis, scene.plane.normal) for axis in axes)


def _parts(scene: Scene, body: Body) -> list[int]:
    """The bodies with a mass that make up a link, at least one."""
    model = scene.model
    has_mass = (model.body_weldid == body.number) & (model.body_mass > 0.0)
    return [int(b) for b in np.flatnonzero(has_mass)]


def _bar(scene: Scene, parts: list[int], shape: Part) -> Part:
    """The width and direction of the bar that MuJoCo's fluid sees; nothing where it is none."""
    if len(parts) != 1:
        return {}
    (b,) = parts
    inertia, axes = scene.model.body_inertia[b], scene.data.ximat[b].reshape(3, 3).T
    for i in range(3):
        j, k = {0, 1, 2} - {i}
        equal = abs(inertia[j] - inertia[k]) <= _SAME * inertia[j]
        if equal and inertia[i] <= inertia[j] and is_across(axes[i], scene.plane.normal):
            along = scene.plane.place(axes[i])
            turn = shape.get("direction", 0.0) - direction_of(along)
            bar = {} if abs(math.sin(turn)) < _SAME else {"direction": direction_of(along)}
            return bar | {"width": math.sqrt(6.0 * inertia[i] / scene.model.body_mass[b])}
    return {}
