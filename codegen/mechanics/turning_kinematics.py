"""Kinematics of a large robot whose joints turn, in CasADi's expressions.

A point is a sum of rotated arms, of which those of a chain have all but the last in common; such
sums are made once.
"""

import casadi as ca

from vgps.codegen.mechanics.kinematics import Kinematics, Tree, TreePoint

# (m, m) in the frame that turns with an angle, by its coordinate, from the root on.
Arms = tuple[tuple[int, tuple[float, float]], ...]


class TurningKinematics:
    """Points of a tree as expressions of w and w_dot."""

    def __init__(self, tree: Tree, w: ca.SX, w_dot: ca.SX) -> None:
        """``tree`` has no sliding joint."""
        self.tree, self.w, self.w_dot = tree, ca.vertsplit(w), ca.vertsplit(w_dot)
        self.cosines, self.sines = ca.vertsplit(ca.cos(w)), ca.vertsplit(ca.sin(w))
        self.floats = tree.robot.root is not None
        self.sums: dict[Arms, tuple[ca.SX, ca.SX]] = {}

    def links(self) -> dict[str, Kinematics]:
        """Of the frame of each link."""
        frames = {}
        for link in self.tree.robot.links:
            origin, i = self.at(self.tree.origins[link.name]), self.tree.angle_index[link.name]
            turned = (ca.SX(0), ca.SX(0)) if i is None else (self.w[i], self.w_dot[i])
            frames[link.name] = Kinematics(origin.position, origin.velocity, *turned)
        return frames

    def points(self) -> dict[str, Kinematics]:
        """Of all named points."""
        return {name: self.at(point) for name, point in self.tree.named_points()}

    def arms(self) -> list[Arms]:
        """Those of each named point that turn."""
        return [_arms(point) for _, point in self.tree.named_points()]

    def at(self, point: TreePoint) -> Kinematics:
        """Of a point."""
        position, velocity = self._sum(_arms(point))
        if self.floats:  # then what does not turn is where the root is
            position = ca.vertcat(*self.w[:2]) + position
            velocity = ca.vertcat(*self.w_dot[:2]) + velocity
        else:
            position = position + ca.DM(point.arms.get(None, (0.0, 0.0)))
        return Kinematics(position, velocity, ca.SX(0), ca.SX(0))

    def _sum(self, arms: Arms) -> tuple[ca.SX, ca.SX]:
        """Position and velocity (2,) of the end of these arms about the first of their joints."""
        if not arms:
            return ca.SX(2, 1), ca.SX(2, 1)
        if arms not in self.sums:
            position, velocity = self._sum(arms[:-1])
            a, (x, y) = arms[-1]
            c, s = self.cosines[a], self.sines[a]
            arm_x, arm_y = x * c - y * s, x * s + y * c
            turning = self.w_dot[a] * ca.vertcat(-arm_y, arm_x)
            self.sums[arms] = position + ca.vertcat(arm_x, arm_y), velocity + turning
        return self.sums[arms]


def _arms(point: TreePoint) -> Arms:
    return tuple((angle, arm) for angle, arm in point.arms.items() if angle is not None)
