"""Rigid bodies that turn about each other, as numbers: what the loops of `rigid.c` run over.

With absolute angles w, and the plane as complex numbers, a body's centre of mass is

    p_b = z + sum_a e^(i w_a) r_ba,

z being the root's origin and r_ba constants.  So all that mass contributes to the equations of
motion is a sum over pairs of angles with the constants

    C_ac = sum_b m_b conj(r_ba) r_bc,      mu_a = sum_b m_b r_ba

(`derive` writes the same sums out in symbols).  Written out, it is O(n^2) terms of code, of which a
compiler takes minutes for a long chain, and which does not fit into the instruction cache.

Only sliding joints do not fit into this form, since their r_ba change.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.description.robot import Robot

Array = NDArray[np.float64]


class TurningTree(NamedTuple):
    """A tree of n angles.  Each stands for the links that turn with it, welded together.

    Vectors are complex, in the frame of their angle, whose origin is the joint that turns it.
    """

    first: int  # the coordinate that is the first angle; a floating root's x and y come before it
    carrier: list[int]  # (n,) the angle that carries each; -1 for the root's, and on the world
    order: list[int]  # (n,) each after the one that carries it
    arm: NDArray[np.complex128]  # (n,) m, its joint in the frame of its carrier
    mass: Array  # (n,) kg
    moment: NDArray[np.complex128]  # (n,) kg m, mass times centre of mass
    inertia: Array  # (n,) kg m^2, about the joint

    @property
    def floats(self) -> bool:
        """Whether the root moves freely."""
        return self.first > 0

    @property
    def total_mass(self) -> float:
        """Of all that moves, kg."""
        return float(self.mass.sum())

    @property
    def coupled(self) -> int:
        """Pairs of coordinates between which the mass matrix has an entry."""
        return sum(len(each) - 1 for each in self.before()) + self.first * len(self.carrier)

    def before(self) -> list[list[int]]:
        """Of each angle, itself and those that carry it."""
        lists: list[list[int]] = [[] for _ in self.carrier]
        for i in self.order:
            lists[i] = [i, *(lists[self.carrier[i]] if self.carrier[i] >= 0 else [])]
        return lists

    def beyond(self) -> list[list[int]]:
        """Of each angle, itself and those that it carries."""
        lists: list[list[int]] = [[] for _ in self.carrier]
        for i, before in enumerate(self.before()):
            for carrier in before:
                lists[carrier].append(i)
        return lists

    def children(self) -> list[list[int]]:
        """Of each angle, those that it carries without another between."""
        n = range(len(self.carrier))
        return [[c for c in n if self.carrier[c] == i] for i in n]

    def pairs(self) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
        """C (n, n), inertia of the links on its diagonal included, and mu (n,)."""
        beyond, mu, own = self.mass.copy(), self.moment.copy(), self.inertia.copy()
        for i in reversed(self.order):
            if (carrier := self.carrier[i]) >= 0:
                beyond[carrier] += beyond[i]
                mu[carrier] += beyond[i] * self.arm[i]
                own[carrier] += beyond[i] * abs(self.arm[i]) ** 2
        C = np.diag(own).astype(complex)
        for c, (_, *carriers) in enumerate(self.before()):
            towards = c
            for a in carriers:
                C[a, c] = np.conj(self.arm[towards]) * mu[c]
                C[c, a] = np.conj(C[a, c])
                towards = a
        return C, mu


def turning_tree(robot: Robot) -> TurningTree | None:
    """The tree of ``robot``; None where a joint slides."""
    if any(joint.type == "prismatic" for joint in robot.joints):
        return None
    first = 0 if robot.root is None else 2
    n = len(robot.moving_names) - first
    index = {name: i - first for i, name in enumerate(robot.moving_names)}
    carrier, order = [-1] * n, []
    arm, moment = np.zeros(n, dtype=complex), np.zeros(n, dtype=complex)
    mass, inertia = np.zeros(n), np.zeros(n)
    # Of each link, the angle that it turns with, -1 on the world, and its origin in that frame.
    frames: dict[str, tuple[int, complex]] = {"world": (-1, 0j)}
    if robot.root is not None:
        frames[robot.root.name] = (index["angle"], 0j)
        order.append(index["angle"])
    for joint in robot.ordered_joints:
        angle, origin = frames[joint.parent]
        place = origin + complex(*joint.origin)
        if joint.type == "fixed":
            frames[joint.child] = (angle, place)
            continue
        i = index[joint.name]
        frames[joint.child] = (i, 0j)
        carrier[i] = angle
        order.append(i)
        if angle >= 0:
            arm[i] = place
    for link in robot.links:
        i, origin = frames[link.name]
        if i >= 0:
            com = origin + complex(*link.com)
            mass[i] += link.mass
            moment[i] += link.mass * com
            inertia[i] += link.inertia + link.mass * abs(com) ** 2
    return TurningTree(first, carrier, order, arm, mass, moment, inertia)
