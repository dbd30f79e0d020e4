"""Shapes of a compiled MuJoCo model as points that touch, and its floor as the ground."""

from collections import Counter
from typing import Any, NamedTuple

import numpy as np

from vgps.codegen.mjcf_plane import Array, Frames, Part, Scene, is_across, is_parallel

SINK = 0.02  # m, how far a point gives way that carries the whole robot


class Contacts(NamedTuple):
    """What touches, and what there is of MuJoCo's contact beside that."""

    ground: Part | None
    points: list[Part]  # names as they are in the model
    left_out: list[str]


def contacts(scene: Scene, frames: Frames) -> Contacts:
    """The floor, and the points that reach it."""
    mujoco, model, data, plane = scene
    left_out: list[str] = []
    if model.opt.disableflags & mujoco.mjtDisableBit.mjDSBL_CONTACT:
        return Contacts(None, [], left_out)
    moving = [g for g in range(model.ngeom) if int(model.geom_bodyid[g]) in frames]
    static = [g for g in range(model.ngeom) if int(model.geom_bodyid[g]) not in frames]
    static = [s for s in static if any(_collide(model, s, g) for g in moving)]
    floors = [g for g in static if _is_level(scene, g)]
    for g in static:
        if g not in floors[:1]:
            left_out.append(f"{_called(model, g)} of the world: only a level plane is a ground")
    if _touch_each_other(model, moving):
        left_out.append("contact between links, which only the ground touches")
    if not floors:
        return Contacts(None, [], left_out)
    floor, points = floors[0], []
    for g in (g for g in moving if _collide(model, floor, g)):
        link, origin = frames[int(model.geom_bodyid[g])]
        outline = _outline(scene, g)
        if outline is None:
            left_out.append(f"{_called(model, g)}, whose shape has no corners or round ends here")
        for at, radius in outline or ():
            place = (at - origin).round(6)  # m; contact is soft over millimetres
            point = {"name": model.geom(g).name or link, "link": link, "at": place.tolist()}
            point |= {"contact": True} | ({"radius": radius} if radius else {})
            points.append(point | {"friction": _friction(model, floor, g)})
    if not points:
        return Contacts(None, [], left_out)
    usual = Counter(point["friction"] for point in points).most_common(1)[0][0]
    for point in points:
        if point["friction"] == usual:
            del point["friction"]
    weight = model.body_mass.sum() * (np.linalg.norm(model.opt.gravity) or 9.81)  # N
    ground = {"height": float(data.geom_xpos[floor] @ plane.up)}
    ground |= {"stiffness": float(f"{weight / SINK:.1g}"), "softness": 0.01}
    ground |= {"damping_speed": 1.0, "friction": usual, "friction_speed": 0.2}
    return Contacts(ground, points, left_out)


def _called(model: Any, g: int) -> str:
    name = model.geom(g).name
    return f"the geom {name!r}" if name else f"a geom of the body {_body(model, g)!r}"


def _body(model: Any, g: int) -> str:
    return str(model.body(model.geom_bodyid[g]).name)


def _collide(model: Any, a: int, b: int) -> bool:
    kinds, partners = model.geom_contype, model.geom_conaffinity
    return bool(kinds[a] & partners[b] or kinds[b] & partners[a])


def _touch_each_other(model: Any, moving: list[int]) -> bool:
    """Whether two links collide that are not each other's parent."""
    link = model.body_weldid[model.geom_bodyid[moving]] if moving else []
    above = {int(a): int(model.body_weldid[model.body_parentid[a]]) for a in link}
    return any(
        a != b and above[int(a)] != b and above[int(b)] != a and _collide(model, g, h)
        for i, (g, a) in enumerate(zip(moving, link, strict=True))
        for h, b in zip(moving[:i], link[:i], strict=True)
    )


def _is_level(scene: Scene, g: int) -> bool:
    mujoco, model, data, plane = scene
    upwards = data.geom_xmat[g].reshape(3, 3)[:, 2]
    is_plane = model.geom_type[g] == mujoco.mjtGeom.mjGEOM_PLANE
    return bool(is_plane and is_parallel(upwards, plane.up) and upwards @ plane.up > 0)


def _friction(model: Any, floor: int, g: int) -> float:
    """Coefficient of sliding; of two geoms of equal priority the larger counts."""
    priority = model.geom_priority
    both = [floor, g] if priority[floor] == priority[g] else [max(floor, g, key=priority.item)]
    if max(model.geom_condim[both]) == 1:
        return 0.0
    return float(max(model.geom_friction[both, 0]))


def _outline(scene: Scene, g: int) -> list[tuple[Array, float]] | None:
    """Corners and round ends as places (2,) m with a radius m; None where there are no such."""
    mujoco, model, data, plane = scene
    kind, size = model.geom_type[g], model.geom_size[g]
    axes, middle = data.geom_xmat[g].reshape(3, 3).T, plane.place(data.geom_xpos[g])
    if kind == mujoco.mjtGeom.mjGEOM_SPHERE:
        return [(middle, float(size[0]))]
    if kind == mujoco.mjtGeom.mjGEOM_CAPSULE:
        half = size[1] * plane.place(axes[2])
        ends = [middle] if np.linalg.norm(half) < 1e-9 else [middle - half, middle + half]
        return [(end, float(size[0])) for end in ends]
    if kind == mujoco.mjtGeom.mjGEOM_CYLINDER:
        if is_parallel(axes[2], plane.normal):
            return [(middle, float(size[0]))]
        if is_across(axes[2], plane.normal):
            along = plane.place(axes[2])
            across = np.array([-along[1], along[0]])
            return _corners(middle, size[1] * along, size[0] * across)
    if kind == mujoco.mjtGeom.mjGEOM_BOX:
        flat = [i for i in range(3) if is_across(axes[i], plane.normal)]
        if len(flat) == 2:
            return _corners(middle, *(size[i] * plane.place(axes[i]) for i in flat))
    return None


def _corners(middle: Array, a: Array, b: Array) -> list[tuple[Array, float]]:
    return [(middle + i * a + j * b, 0.0) for i, j in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
