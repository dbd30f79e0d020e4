"""Plane kinematics of a tree of links in floating point: where everything is and how it moves.

For a frame at p that turns by the angle a at the rate w, and a point r in it,

    position = p + R(a) r,     velocity = p' + w J R(a) r,     J = quarter turn.

`mechanics` derives the same in symbols; this is for trying a robot's expressions before that.
"""

import math
from typing import NamedTuple

from vgps.codegen.description.blueprint import Blueprint
from vgps.codegen.description.parts import Joint, unit_vector

Pair = tuple[float, float]


class Frame(NamedTuple):
    """A frame, or a point, that moves in the plane."""

    x: float = 0.0  # m
    y: float = 0.0
    vx: float = 0.0  # m/s
    vy: float = 0.0
    angle: float = 0.0  # rad, counter-clockwise
    omega: float = 0.0  # rad/s

    def at(self, r: Pair, rate: Pair = (0.0, 0.0)) -> "Frame":
        """The parallel frame at `r` in this one, where it moves at `rate` (both (2,))."""
        c, s = math.cos(self.angle), math.sin(self.angle)
        x, y = c * r[0] - s * r[1], s * r[0] + c * r[1]
        vx, vy = c * rate[0] - s * rate[1], s * rate[0] + c * rate[1]
        return self._replace(
            x=self.x + x,
            y=self.y + y,
            vx=self.vx + vx - self.omega * y,
            vy=self.vy + vy + self.omega * x,
        )

    def turned(self, angle: float, omega: float) -> "Frame":
        """The frame at the same place that is turned against this one."""
        return self._replace(angle=self.angle + angle, omega=self.omega + omega)


def quantities_at(robot: Blueprint, x: list[float], u: list[float]) -> dict[str, float]:
    """What expressions may name but vectors and the time, at a state (nx,), action (nu,)."""
    q = dict(zip(robot.q_names, x[: robot.nq], strict=True))
    v = dict(zip(robot.q_names, x[robot.nq :], strict=True))
    frames = {"world": Frame()}
    named: dict[str, Frame] = {}
    if robot.root is not None:
        root = Frame(q["x"], q["y"], v["x"], v["y"], q["angle"], v["angle"])
        frames[robot.root.name] = root
    for joint in robot.ordered_joints:
        hinge = frames[joint.parent].at(joint.origin)
        named[joint.name] = hinge
        frames[joint.child] = _moved(hinge, joint, q.get(joint.name, 0.0), v.get(joint.name, 0.0))
    named |= {point.name: frames[point.link].at(point.at) for point in robot.points}
    total = sum(link.mass for link in robot.links)
    centres = [(link.mass / total, frames[link.name].at(link.com)) for link in robot.links]
    named["com"] = Frame(*(sum(m * centre[i] for m, centre in centres) for i in range(4)))
    names = {
        f"{name}.{part}": getattr(frame, part)
        for name, frame in named.items()
        for part in ("x", "y", "vx", "vy")
    }
    for link in robot.links:
        names |= {f"{link.name}.{part}": n for part, n in frames[link.name]._asdict().items()}
    for joint in robot.free_joints:
        names |= {f"{joint.name}.q": q[joint.name], f"{joint.name}.v": v[joint.name]}
    names |= {name: q[name] for name in robot.target_names}
    names |= {lag.name: v[lag.name] for lag in robot.lags}
    for last in robot.last_actions:
        names[last.name] = q[last.name]
        names[f"{robot.u_names[last.action]}.du"] = u[last.action] - q[last.name]
    return names | {f"{name}.u": action for name, action in zip(robot.u_names, u, strict=True)}


def _moved(hinge: Frame, joint: Joint, q: float, v: float) -> Frame:
    """The child's frame, from its place on the parent and the joint's coordinate."""
    if joint.type == "prismatic":
        x, y = unit_vector(joint.axis)
        return hinge.at((q * x, q * y), (v * x, v * y))
    return hinge.turned(q, v)
