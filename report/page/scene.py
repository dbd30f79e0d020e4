"""A robot as the numbers that `scene.js` draws: what it is made of, and where that is in a frame.

What is rigid is written once, in the frames of the links: outlines, discs, hinges, contact points.
A frame then has a place and an angle for each link, which is little enough to hold every step of a
motion, and to send one as a robot moves.  Positions are in m, angles in rad, forces in N.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vgps.codegen.description.robot import Robot
from vgps.codegen.model import Model
from vgps.report.depth import link_depths
from vgps.report.page.columns import packed
from vgps.report.profile import ground_line
from vgps.report.skeleton import link_angle, skeleton, target_places

Array = NDArray[np.float64]
_GIRTH = 0.13  # width of a link that has none of its own, as a share of the longest
_FINEST = 2000.0  # positions are rounded to the power of ten below a robot's size over this
_SURFACE = 400  # points of a ground that is not level


def scene_of(model: Model) -> dict[str, Any]:
    """What `Scene.draw` of scene.js needs to know of a robot beside its frames.

    Returns:
        unit      m, to which positions are rounded
        girth     m, width of a link that is drawn as a line
        newton    m, length of the arrow of a force of 1 N
        follows   whether a camera follows the robot
        links     of each its name, its depth (`link_depths`), and in its own frame a segment of two
                  ends and an outline of corners, either of which may be empty
        discs     link, place in its frame and radius of each
        joints    link and place of each hinge
        contacts  name, link, place and radius of each point that touches the ground
        targets   names
        rails     a point and an angle of each line along which the robot slides
    """
    robot = model.robot
    q = model.x0[: model.nq]
    shown, points = skeleton(model, q), model.points(q)
    angles = [link_angle(robot, q, link) for link in robot.links]
    numbers = {link.name: i for i, link in enumerate(robot.links)}
    starts = shown.links[:, 0]  # (n, 2)
    lengths = [link.length for link in robot.links]
    reach = sum(lengths) or float(np.ptp(shown.corners(), axis=0).max()) or 1.0
    unit = 10.0 ** math.floor(math.log10(reach / _FINEST))
    digits = 1 - round(math.log10(unit))

    def local(places: Array, i: int) -> list[list[float]]:
        """Points (n, 2) of the world in the frame of link i."""
        c, s = math.cos(angles[i]), math.sin(angles[i])
        inside = (places - starts[i]) @ np.array([[c, -s], [s, c]])
        return [[round(value, digits) for value in place] for place in inside.tolist()]

    def fixed(name: str, link: str) -> dict[str, Any]:
        """Where a named point is, and with which link it moves."""
        return {"link": numbers[link], "at": local(points[name][None], numbers[link])[0]}

    links = []
    for i, (link, depth) in enumerate(zip(robot.links, link_depths(robot), strict=True)):
        is_line = link.length > 0.0 and link.width == 0.0
        segment = local(shown.links[i], i) if is_line else []
        outline = local(shown.shapes[i], i) if len(shown.shapes[i]) else []
        parts = {"segment": segment, "outline": outline}
        links.append({"name": link.name, "depth": round(float(depth), 3)} | parts)
    weight = sum(link.mass for link in robot.links) * 9.81
    return {
        "unit": unit,
        "girth": _GIRTH * (max(lengths) or reach),
        "newton": 0.5 * reach / weight,
        "follows": robot.base == "floating",
        "links": links,
        "discs": [
            fixed(point.name, point.link) | {"radius": point.radius}
            for point in robot.points
            if point.radius > 0.0
        ],
        "joints": [
            fixed(joint.name, joint.child) for joint in robot.joints if joint.type == "revolute"
        ],
        "contacts": [
            {"name": point.name} | fixed(point.name, point.link) | {"radius": point.radius}
            for point in robot.contact_points
        ],
        "targets": [target.name for target in robot.targets],
        "rails": [
            {"at": list(joint.at or (0.0, 0.0)), "angle": joint.axis}
            for joint in robot.joints
            if joint.parent == "world" and joint.type == "prismatic"
        ],
    }


def frame_of(model: Model, x: ArrayLike) -> dict[str, list[list[float]]]:
    """The robot in the state x (nx,), as `Scene.draw` shows it.

    Returns:
        poses    x, y and angle of each link
        com      the centre of mass, the only row
        targets  place of each
        forces   of the ground on each contact point
    """
    parts = frames_of(model, np.asarray(x, dtype=float)[None])
    return {name: part[0].tolist() for name, part in parts.items()}


def frames_of(model: Model, X: Array) -> dict[str, Array]:
    """The parts of ``frame_of`` along X (N, nx), each (N, rows, 2 or 3)."""
    robot, N = model.robot, len(X)
    Q, V = X[:, : model.nq], X[:, model.nq :]
    # Absolute angles are linear in the coordinates.
    slopes = [[link_angle(robot, e, link) for link in robot.links] for e in np.eye(model.nq)]
    points = [model.points(q) for q in Q]
    starts = [[at[f"{link.name}.start"] for link in robot.links] for at in points]  # (N, n, 2)
    forces = [list(model.contact_forces(q, v).values()) for q, v in zip(Q, V, strict=True)]
    return {
        "poses": np.concatenate([starts, (Q @ np.array(slopes))[..., None]], axis=2),
        "com": np.array([at["com"] for at in points])[:, None],
        "targets": np.array([target_places(robot, x) for x in X]),
        "forces": np.array(forces).reshape(N, -1, 2),
    }


def motion_of(model: Model, X: Array, stride: int, unit: float) -> dict[str, Any]:
    """Every ``stride``-th state of X (T+1, nx) for `Scene.decode` of scene.js.

    Returns:
        step    s, from frame to frame
        frames  of each part of ``frame_of`` a list of columns: whole numbers, the first and then
                the change from frame to frame, of units of length, mrad, or N
    """
    columns, places = {}, (unit, unit)
    scales = {"poses": (*places, 1e-3), "com": places, "targets": places, "forces": (1.0, 1.0)}
    for part, values in frames_of(model, X[::stride]).items():
        scaled = (values / scales[part]).reshape(len(values), -1)  # (N, rows * (2 or 3))
        columns[part] = [packed(column) for column in scaled.T]
    return {"step": stride * model.dt, "frames": columns}


def ground_of(robot: Robot, low: float, high: float) -> list[list[float | None]]:
    """The surface from x = low to high, in m, as points of a line; two of them where it is level.

    A height without a value is None.  Without ground there is no point.
    """
    line = ground_line(robot, np.linspace(low, high, _SURFACE))
    if len(line) and np.ptp(line[:, 1]) == 0.0:
        line = line[[0, -1]]
    return [[round(x, 3), None if math.isnan(y) else round(y, 4)] for x, y in line.tolist()]
