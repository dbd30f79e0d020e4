"""Symbolic equations of motion of a planar tree of rigid bodies (SymPy).

    M(q) v' + h(q, v) = B(q) u + C(q) r + passive(q, v)

are derived by Kane's method, written out (Featherstone, *Rigid Body Dynamics Algorithms*, 2008,
ch. 3 and 8): with p_b(q) the centre of mass of body b, the columns of J_b = dp_b/dq its partial
velocities, and e_b the row that picks the body's turning rate,

    M = sum_b  m_b J_b^T J_b + I_b e_b^T e_b
    h = sum_b  m_b J_b^T (J_b' v + g y)

**Coordinates.** Users work in joint angles relative to the parent, ``q``.  The derivation works
in *absolute* coordinates ``w = S q``: the entry of a revolute joint is the angle of its child
against the world.  ``S`` is a constant matrix of zeros and ones, so the change of coordinates
costs only additions, and it halves the operation count of a seven-link chain, because a body's
velocity is then a sum with one term for each angle instead of a sum of sums.

**Rotated vectors.** With R(w) a rotation, every point is a sum of vectors that turn with one angle
each, p = sum_a R(w_a) r_a, and so are its derivatives.  A product of two of them,

    (R(w_a) r) . (R(w_b) s) = (r . s) cos(w_b - w_a) + (r . s') sin(w_b - w_a),   s' = R(90 deg) s,

has coefficients that are numbers, and those of all bodies are summed before a symbol is written.
Nothing is simplified or solved; only sliding joints bring symbols into the coefficients, which are
then expanded.

**Lags.** What an actuator remembers is the rate r of a coordinate of its own, of unit inertia, that
moves no body.  The action drives r, and r does to the robot what the action would do without a lag:

    r' = (gain u - r) / time_constant,     a column C r in place of B u.
"""

from collections.abc import Hashable, Iterator
from typing import NamedTuple

import sympy as sp

from vgps.codegen.description.parts import unit_vector
from vgps.codegen.description.robot import Actuator, Joint, Link, Robot
from vgps.codegen.mechanics.kinematics import Kinematics, RotatedVector, Tree
from vgps.codegen.mechanics.resistance import Resistance, link_axes, resistances
from vgps.codegen.mechanics.turning_tree import TurningTree


class softplus(sp.Function):
    """log(1 + exp(z)), kept symbolic: CasADi gets a form that does not overflow."""


class cos_between(sp.Function):
    """cos(b - a) of two coordinates (a, b), kept whole.

    CasADi gets it from the sine and cosine of each, which every angle has anyway.
    """


class sin_between(sp.Function):
    """sin(b - a)."""


class Mechanics(NamedTuple):
    """Symbolic mechanics in absolute coordinates w, with rates w_dot (n of each)."""

    w: list[sp.Symbol]  # (n,)
    w_dot: list[sp.Symbol]  # (n,)
    S: list[list[int]]  # (n, n): w = S q, w_dot = S v
    # The bodies in numbers, where loops compute what their mass does; then the next two and the
    # energy are without it.
    rigid: TurningTree | None
    mass_matrix: sp.Matrix  # (n, n); rows of what moves no body are those of the identity
    bias_force: sp.Matrix  # (n,): Coriolis, centrifugal and gravity forces
    # (n,): linear drag, joint springs, damping and limits, servos at a target 0, the decay of lags
    passive_force: sp.Matrix
    resistances: list[Resistance]  # all other passive forces but contact
    B: sp.Matrix  # (n, nu): generalised force of the actions in w; constant without turning forces
    C: sp.Matrix  # (n, n_lags): that of what lags
    energy: sp.Expr  # J, kinetic and gravitational
    # Both are empty where the robot is `rigid`: there are too many of them for SymPy.
    links: dict[str, Kinematics]  # frame origin and angle of each link
    points: dict[str, Kinematics]  # joints, link ends, named points and `com`
    tree: Tree  # that they are of


def derive(robot: Robot, rigid: TurningTree | None = None) -> Mechanics:
    """Equations of motion of ``robot``: every number is a float, every symbol w or w_dot.

    ``rigid`` are its bodies in numbers where their mass is left to loops.
    """
    tree = Tree(robot)
    n = robot.nq
    mass_matrix, bias, passive = sp.zeros(n, n), sp.zeros(n, 1), sp.zeros(n, 1)
    potential = sp.Float(0)
    inertia, coriolis, weight = _DotProducts(), _DotProducts(), _DotProducts()
    upwards = RotatedVector(None, (0.0, robot.gravity))

    for link in robot.links:
        passive += _drag(tree, link)
        i = tree.angle_index[link.name]
        com = tree.point(link, link.com)
        if rigid is not None:
            if not rigid.floats:  # loops count heights from the joints that turn
                _, height = com.arms.get(None, (0.0, 0.0))
                potential += link.mass * robot.gravity * height
            continue
        partials, accelerations = tree.partial_velocities(com), tree.velocity_products(com)
        for c, partial in partials.items():
            for d, other in partials.items():
                if c <= d:
                    inertia.add(c, d, link.mass, partial, other)
            for rates, acceleration in accelerations.items():
                coriolis.add(c, rates, link.mass, partial, acceleration)
            weight.add(c, None, link.mass, partial, upwards)
        potential += link.mass * robot.gravity * tree.position(com)[1]
        if i is not None:
            mass_matrix[i, i] += link.inertia

    for (c, d), product in inertia.sums(tree.w):
        mass_matrix[c, d] += product
        mass_matrix[d, c] = mass_matrix[c, d]
    for (c, rates), product in coriolis.sums(tree.w):
        bias[c] += product * sp.prod(tree.w_dot[i] for i in rates)
    for (c, _), product in weight.sums(tree.w):
        bias[c] += product

    if robot.root is not None and robot.base_armature is not None:
        for name in ("x", "y", "angle"):
            i = tree.index[name]
            mass_matrix[i, i] += getattr(robot.base_armature, name)
    for joint, i in tree.moving_joints():
        directions = tree.joint_direction(joint, i)  # [(row, sign)]: d(joint coordinate)/dw
        for row, sign in directions:
            passive[row] += sign * _joint_force(tree, joint, directions)
            for column, other_sign in directions:
                mass_matrix[row, column] += sign * other_sign * joint.armature
    for actuator in robot.actuators:
        passive += _servo(tree, actuator)

    upper = mass_matrix.upper_triangular(1) + sp.diag(*mass_matrix.diagonal()) / 2
    kinetic = (tree.w_dot.T * (upper * tree.w_dot))[0, 0]
    for i in range(len(robot.moving_names), n):  # which move no body: no energy, but a unit inertia
        mass_matrix[i, i] = sp.Integer(1)
    for lag in robot.lags:
        passive[lag.coordinate] -= tree.w_dot[lag.coordinate] / lag.time_constant
    B, C = _actuation(tree)
    return Mechanics(
        w=list(tree.w),
        w_dot=list(tree.w_dot),
        S=tree.S,
        rigid=rigid,
        mass_matrix=mass_matrix,
        bias_force=bias,
        passive_force=passive,
        resistances=resistances(tree),
        B=B,
        C=C,
        energy=kinetic + potential,
        links={} if rigid else {link.name: tree.frame(link) for link in robot.links},
        points={} if rigid else {at: tree.kinematics(point) for at, point in tree.named_points()},
        tree=tree,
    )


class _DotProducts:
    """Sums of dot products of rotated vectors, under keys."""

    def __init__(self) -> None:
        self._sums: dict[tuple, list] = {}

    def add(
        self, row: int, key: Hashable, factor: float, a: RotatedVector, b: RotatedVector
    ) -> None:
        """Add factor (R a) . (R b) under (row, key), whose terms must all have these two angles."""
        (ax, ay), (bx, by) = a.vector, b.vector
        entry = self._sums.setdefault((row, key), [a.angle, b.angle, 0.0, 0.0])
        entry[2] += factor * (ax * bx + ay * by)
        entry[3] += factor * (ay * bx - ax * by)

    def sums(self, w: sp.Matrix) -> Iterator[tuple[tuple, sp.Expr]]:
        """Each key with its sum."""
        for key, (a, b, parallel, across) in self._sums.items():
            parallel, across = sp.expand(sp.sympify(parallel)), sp.expand(sp.sympify(across))
            cosine, sine = _between(w, a, b)
            yield key, parallel * cosine + across * sine


def _between(w: sp.Matrix, a: int | None, b: int | None) -> tuple[sp.Expr, sp.Expr]:
    """cos and sin of w_b - w_a, in one order of a and b."""
    if a == b:
        return sp.Integer(1), sp.Integer(0)
    if a is None:
        return sp.cos(w[b]), sp.sin(w[b])
    if b is None:
        return sp.cos(w[a]), -sp.sin(w[a])
    if a > b:
        return cos_between(w[b], w[a]), -sin_between(w[b], w[a])
    return cos_between(w[a], w[b]), sin_between(w[a], w[b])


def _drag(tree: Tree, link: Link) -> sp.Matrix:
    """Generalised force (n,) of linear anisotropic drag, integrated along the link in closed form.

    Each metre of the link resists its velocity with ``normal`` and ``tangential`` N s/m^2.  The
    normal velocity varies linearly along the link, so the integral is the force at the middle
    (length times coefficient) and the couple -normal * length^3 / 12 * omega.
    """
    if link.drag is None or link.length == 0.0:
        return sp.zeros(tree.robot.nq, 1)
    i = tree.angle_index[link.name]
    middle = tree.point(link, link.at(0.5))
    velocity = tree.velocity(middle)
    force = sp.zeros(2, 1)
    along, across = link_axes(tree, link)
    for axis, coefficient in ((across, link.drag.normal), (along, link.drag.tangential)):
        force -= coefficient * link.length * velocity.dot(axis) * axis
    generalised = sp.zeros(tree.robot.nq, 1)
    for c, partial in tree.partial_velocities(middle).items():
        generalised[c] = tree.rotate(partial).dot(force)
    if i is not None:
        generalised[i] -= link.drag.normal * link.length**3 / 12 * tree.w_dot[i]
    return generalised


def _joint_force(tree: Tree, joint: Joint, directions: list[tuple[int, int]]) -> sp.Expr:
    """Spring, damping and soft limits of a joint along its own coordinate, N m or N.

    A limit is a spring of ``limit_stiffness`` that engages smoothly over ``limit_softness``, so
    that the equations of motion stay differentiable.
    """
    coordinate = sum(sign * tree.w[row] for row, sign in directions)
    rate = sum(sign * tree.w_dot[row] for row, sign in directions)
    force = -joint.stiffness * (coordinate - joint.rest) - joint.damping * rate
    if joint.limits is not None and joint.limit_stiffness is not None:
        low, high = joint.limits
        scale = joint.limit_softness
        force += joint.limit_stiffness * scale * softplus((low - coordinate) / scale)
        force -= joint.limit_stiffness * scale * softplus((coordinate - high) / scale)
    return force


def _actuation(tree: Tree) -> tuple[sp.Matrix, sp.Matrix]:
    """B (n, nu) and C (n, n_lags): what a unit of each action, and of what lags, does in w.

    A torque turns the child forwards and, by reaction, the parent backwards.  A force along
    R(w_a) d acts on w_c with (dp/dw_c) . R(w_a) d, p being where it acts.
    """
    robot = tree.robot
    B, forces = sp.zeros(robot.nq, robot.nu), _DotProducts()
    column = {name: k for k, name in enumerate(robot.u_names)}
    for joint, i in tree.moving_joints():
        if joint.actuated:
            for row, sign in tree.joint_direction(joint, i):
                B[row, column[joint.name]] = sign
    for actuator in robot.actuators:
        k = column[actuator.name]
        for row, slope in _coordinate(tree, actuator).items():
            B[row, k] = actuator.strength * slope
        if actuator.link is not None and actuator.direction is not None:
            link = tree.links[actuator.link]
            along = RotatedVector(tree.angle_index[link.name], unit_vector(actuator.direction))
            for c, partial in tree.partial_velocities(tree.point(link, actuator.at)).items():
                forces.add(c, k, actuator.strength, partial, along)
    for (c, k), product in forces.sums(tree.w):
        B[c, k] = product
    C = sp.zeros(robot.nq, len(robot.lags))
    for i, lag in enumerate(robot.lags):
        C[:, i], B[:, lag.action] = B[:, lag.action], sp.zeros(robot.nq, 1)
        B[lag.coordinate, lag.action] = lag.gain / lag.time_constant
    return B, C


def _servo(tree: Tree, actuator: Actuator) -> sp.Matrix:
    """Generalised force (n,) of a servo whose target is zero; what the target adds is B's."""
    force = sp.zeros(tree.robot.nq, 1)
    if actuator.kp is None:
        return force
    slopes = _coordinate(tree, actuator)
    coordinate = sum(slope * tree.w[row] for row, slope in slopes.items())
    rate = sum(slope * tree.w_dot[row] for row, slope in slopes.items())
    for row, slope in slopes.items():
        force[row] = -actuator.gear * slope * (actuator.kp * coordinate + actuator.kd * rate)
    return force


def _coordinate(tree: Tree, actuator: Actuator) -> dict[int, float]:
    """What an actuator on joints, or between links, turns or moves, as a sum of w: its slopes."""
    terms = []
    for joint, i in tree.moving_joints():
        if joint.name in actuator.coefficients:
            factor = actuator.coefficients[joint.name]
            terms += [(row, factor * sign) for row, sign in tree.joint_direction(joint, i)]
    if actuator.between is not None:
        a, b = (tree.angle_index[link] for link in actuator.between)
        terms += [(row, sign) for row, sign in ((a, -1.0), (b, 1.0)) if row is not None]
    slopes: dict[int, float] = {}
    for row, slope in terms:
        slopes[row] = slopes.get(row, 0.0) + slope
    return slopes
