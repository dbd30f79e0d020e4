"""Forces, acceleration, and what the integrators call, with derivatives.

The SymPy mechanics arrive in absolute coordinates w = S q and leave in the user's joint
coordinates.  The acceleration comes from an L D L^T factorisation that keeps the sparsity of the
tree (Featherstone 2008, sec. 6.5).  Its derivatives come from the implicit form
r(w, w', a, u) = M a + h - passive - B(w) u = 0,

    da/dz = -M^-1 dr/dz,     z in (w, w', u),

with the same factor: never an inverse, and never the derivative of a factorisation.  So do the
second derivatives (second_order.py).

Of a large robot all this is done in loops (systems.c, rigid.c), and generated is only what they
leave open, in absolute coordinates.
"""

from collections.abc import Callable
from typing import NamedTuple

import casadi as ca
import numpy as np
import sympy as sp

from vgps.codegen.description.robot import Robot
from vgps.codegen.errors import singular
from vgps.codegen.mechanics.coordinates import Coordinates
from vgps.codegen.mechanics.function import Filling, Function, Named, NumericSolve, filling
from vgps.codegen.mechanics.ldl import SparseFactor
from vgps.codegen.mechanics.second_order import residual_hessian
from vgps.codegen.mechanics.turning_tree import TurningTree, turning_tree

# A linear system whose solution would take more operations is solved in loops: as straight-line
# code it would leave the instruction cache, and take a compiler minutes.
MOST_OPERATIONS = 5000


def is_large(entries: int, nv: int, nu: int) -> bool:
    """Whether to solve in loops: with so many entries of L beside its diagonal."""
    return (4 * entries + nv) * (2 * nv + nu) > MOST_OPERATIONS


def bodies_in_loops(robot: Robot) -> TurningTree | None:
    """The bodies of a large robot whose joints turn; None where mass is written out in symbols.

    Raises:
        BuildError: when a coordinate moves no inertia.
    """
    tree = turning_tree(robot)
    if tree is None or not is_large(tree.coupled, robot.nv, robot.nu):
        return None
    C, _ = tree.pairs()
    armature = {joint.name for joint in robot.joints if joint.armature > 0.0}
    if robot.root is not None and robot.base_armature is not None:
        armature |= {name for name in ("x", "y", "angle") if getattr(robot.base_armature, name)}
    inertia = [tree.total_mass] * tree.first + np.diag(C).real.tolist()
    for name, amount in zip(robot.moving_names, inertia, strict=True):
        if amount == 0.0 and name not in armature:
            raise singular(robot.path or robot.name, name)
    return tree


class LinearSystem(NamedTuple):
    """A rate y in absolute coordinates and its derivatives by z = (q, v, u).

    matrix (y - offset) = rhs,     matrix dy/dz = derivatives_rhs
    """

    name: str  # of the function that gives y in joint coordinates
    output: str  # of its result
    output_derivatives: str  # of dy/dz in joint coordinates
    matrix: ca.SX  # (n, n)
    rhs: ca.SX  # (n,)
    offset: ca.SX  # (n,)
    y: ca.SX  # (n,), the symbol for the solution in the residual
    residual: ca.SX | None  # (n,), r(z, y) = matrix (y - offset) - rhs; None: no derivatives
    by_u: ca.SX  # (n, nu), -dr/du
    along_trajectories: bool  # solved at all steps of whole trajectories
    kappa: str = "1.0"  # what the bias is multiplied by, as C says it
    from_rate: bool = False  # whether the offset is w'


class _EquationOfMotion(NamedTuple):
    """M a + bias = B(w) u + passive, passive = spring - damping w', in absolute coordinates.

    Of a robot in loops, mass and bias are what these leave out.
    """

    mass: ca.SX
    bias: ca.SX  # h less the force of what lags
    passive: ca.SX
    spring: ca.SX
    damping: ca.SX
    B: ca.SX


class Dynamics(NamedTuple):
    """What is generated, what is solved with some of it, and the mass that rigid.c leaves out."""

    functions: list[Function]
    numeric_solves: list[NumericSolve]
    mass_rest: Filling | None  # None where mass is not in loops


def dynamics_functions(c: Coordinates) -> Dynamics:
    """Forces, acceleration and what the integrator calls.

    They are derived in absolute coordinates w and then moved to joint coordinates q.
    """
    m, robot = c.mechanics, c.robot
    mass, bias, passive, energy, B = c.convert(
        m.mass_matrix, m.bias_force, m.passive_force, sp.Matrix([m.energy]), m.B
    )
    # The passive forces of the mechanics are linear in the velocity: passive = spring - D w'.
    damping = -ca.jacobian(passive, c.w_dot)
    spring = ca.substitute(passive, c.w_dot, ca.SX.zeros(robot.nv))
    # All others have a D that depends on the velocity, too.
    contact = c.contact()
    nonlinear = contact.damping + c.resistance()
    damping, spring = damping + nonlinear, spring + contact.spring
    passive = passive + contact.spring - nonlinear @ c.w_dot

    # Its force is linear in the velocity as well, but would make the damping matrix unsymmetric.
    motion = _EquationOfMotion(mass, bias - c.lagging_force(), passive, spring, damping, B)
    runge_kutta = robot.task.integrator == "rk4"
    systems = [_acceleration(c, motion, of_integrator=runge_kutta)]
    if not runge_kutta:
        systems.append(_velocity_update(c, motion))
    systems.append(_velocity_jump(c, mass))
    q, qv, qvu = {"q": c.q}, {"q": c.q, "v": c.v}, {"q": c.q, "v": c.v, "u": c.u}
    passive_force = Function("passive_force", qv, {"f": c.times_S(passive.T).T})
    rest = None
    if m.rigid is None:
        M = ca.triu2symm(ca.triu(c.times_S(c.times_S(mass).T)))
        functions = [
            Function("mass_matrix", q, {"M": M}),
            Function("bias_force", qv, {"h": c.times_S(bias.T).T}),
            passive_force,
            Function("energy", qv, {"E": energy}),
        ]
    else:
        mass_rest, rest = filling("mass_rest", q, [mass])
        functions = [mass_rest, passive_force, Function("energy_rest", qv, {"E": energy})]
    if robot.ground is not None:
        functions.append(Function("contact_forces", qv, {"f": contact.forces}))
    numeric_solves = []
    for system in systems:
        factor = None if m.rigid else _factor(c, system)
        if factor is None or is_large(factor.entries, robot.nv, robot.nu):
            parts, solve = _solved_in_loops(c, system, qvu)
            functions += parts
            numeric_solves.append(solve)
        else:
            functions += _solved_symbolically(c, system, factor, qvu)
    in_q = [f._replace(outputs=c.in_joint_coordinates(f.outputs)) for f in functions]
    return Dynamics(in_q, numeric_solves, rest)


def _acceleration(c: Coordinates, m: _EquationOfMotion, of_integrator: bool) -> LinearSystem:
    """M a = B u + passive - bias."""
    a = ca.SX.sym("y", c.robot.nv)
    residual = m.mass @ a + m.bias - m.passive - m.B @ c.u
    return LinearSystem(
        name="acceleration",
        output="a",
        output_derivatives="a_z",
        matrix=m.mass,
        rhs=m.B @ c.u + m.passive - m.bias,
        offset=ca.SX(c.robot.nv, 1),
        y=a,
        residual=residual if of_integrator else None,
        by_u=m.B,
        along_trajectories=of_integrator,
    )


def _velocity_update(c: Coordinates, m: _EquationOfMotion) -> LinearSystem:
    """v+ of one substep h, with all that is linear in the velocity taken at its end.

        (M + h D) w+ = M w' + h (B u + spring - bias),

    D frozen at the start.  M and D are symmetric and positive, so any h is stable against damping.
    """
    h = c.robot.task.dt / c.robot.task.substeps
    w_next = ca.SX.sym("y", c.robot.nv)
    force = m.damping @ w_next - m.spring + m.bias - m.B @ c.u
    residual = m.mass @ (w_next - c.w_dot) + h * force
    return LinearSystem(
        name="velocity_update",
        output="v_next",
        output_derivatives="v_z",
        matrix=m.mass + h * m.damping,
        rhs=h * (m.B @ c.u + m.spring - m.bias - m.damping @ c.w_dot),
        offset=c.w_dot,
        y=w_next,
        residual=residual,
        by_u=h * m.B,
        along_trajectories=True,
        kappa=repr(h),
        from_rate=True,
    )


def _velocity_jump(c: Coordinates, mass: ca.SX) -> LinearSystem:
    """M dv = p, what a generalised impulse p (nv,) does to the velocity; p stands where v does."""
    return LinearSystem(
        name="velocity_jump",
        output="dv",
        output_derivatives="dv_z",
        matrix=mass,
        rhs=c.S_inverse.T @ c.v,
        offset=ca.SX(c.robot.nv, 1),
        y=ca.SX.sym("y", c.robot.nv),
        residual=None,
        by_u=ca.SX(c.robot.nv, c.robot.nu),
        along_trajectories=True,
        kappa="0.0",
    )


def _derivatives_rhs(
    c: Coordinates,
    residual: ca.SX,
    by_u: ca.SX,
    moved: Callable[[ca.SX], ca.SX] = lambda matrix: matrix,
) -> ca.SX:
    """-d(residual)/dz, (n, nz), by absolute coordinates unless ``moved`` (`times_S`)."""
    by_state = (-moved(ca.jacobian(residual, w)) for w in (c.w, c.w_dot))
    return ca.horzcat(*by_state, by_u)


def _factor(c: Coordinates, system: LinearSystem) -> SparseFactor:
    factor = SparseFactor(system.matrix)
    for i, pivot in zip(factor.order, factor.D, strict=True):
        if pivot.is_zero():
            raise singular(c.robot.path or c.robot.name, c.robot.q_names[i])
    return factor


def _solved_symbolically(
    c: Coordinates, system: LinearSystem, factor: SparseFactor, inputs: Named
) -> list[Function]:
    """The solution, and it with its derivatives, in straight-line code."""
    # Where no force acts on a coordinate, its row is a structural zero.
    y = ca.densify(system.offset + factor.solve(system.rhs))
    result = {system.output: c.S_inverse @ y}
    functions = [Function(system.name, inputs, result, system.along_trajectories)]
    if system.residual is not None:
        rhs_z = ca.substitute(
            _derivatives_rhs(c, system.residual, system.by_u, c.times_S), system.y, y
        )
        y_z = factor.solve(rhs_z)
        result = result | {system.output_derivatives: c.S_inverse @ y_z}
        functions.append(Function(f"{system.name}_derivatives", inputs, result, True))
        p = ca.SX.sym("p", c.robot.nv)
        multiplier = factor.solve(c.S_inverse.T @ p)
        H = residual_hessian(c, system.residual, system.matrix).by_joints(c)
        L_zz, L_yz = ca.substitute([H.L_zz, H.L_yz], [system.y, H.multiplier], [y, multiplier])
        outputs = {"L_zz": L_zz, "L_yz": L_yz}
        name = f"{system.name}_residual_hessian"
        functions.append(Function(name, inputs | {"p": p}, outputs, second_order=True))
    return functions


def _solved_in_loops(
    c: Coordinates, system: LinearSystem, inputs: Named
) -> tuple[list[Function], NumericSolve]:
    """What the loops leave open of the system and its derivatives, and what is made of it."""
    along = system.along_trajectories

    def open_part(what: str, more: Named, *arrays: ca.SX, second_order: bool = False) -> Filling:
        name = f"{system.name}_{what}"
        first_order = along and not second_order
        function, part = filling(
            name,
            inputs | more,
            [ca.sparsify(array) for array in arrays],
            along_trajectories=first_order,
            second_order=second_order,
        )
        functions.append(function)
        return part

    functions: list[Function] = []
    articulated = c.mechanics.rigid is not None and _is_of_bodies_alone(c, system.matrix)
    solve = NumericSolve(
        system.name,
        force=open_part("force", {}, system.rhs, system.offset),
        matrix=None if articulated else open_part("matrix", {}, system.matrix),
        kappa=system.kappa,
        from_rate=system.from_rate,
        along_trajectories=along,
    )
    if system.residual is not None:
        known = {"y": system.y}
        open_rhs_z = ca.sparsify(_derivatives_rhs(c, system.residual, system.by_u))
        rhs_z = open_part("derivatives_rhs", known, open_rhs_z)
        H = residual_hessian(c, system.residual, system.matrix)
        known |= {"l": H.multiplier}
        L = open_part("residual_hessian_rest", known, ca.triu(H.L_zz), H.L_yz, second_order=True)
        by_state = open_rhs_z[:, : c.robot.nx].nnz() > 0
        solve = solve._replace(derivatives_rhs=rhs_z, residual_hessian=L, by_state=by_state)
    return functions, solve


def _is_of_bodies_alone(c: Coordinates, matrix: ca.SX) -> bool:
    """Whether what loops leave open of a matrix is the unit inertia of what moves no body."""
    moving = len(c.robot.moving_names)
    unit = ca.diag(ca.DM([0.0] * moving + [1.0] * (c.robot.nv - moving)))
    return ca.sparsify(matrix - unit).nnz() == 0
