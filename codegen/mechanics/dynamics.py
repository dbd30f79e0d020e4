"""Forces, acceleration, and what the integrators call, with derivatives.

The SymPy mechanics arrive in absolute coordinates w = S q and leave in the user's joint
coordinates.  The acceleration comes from an L D L^T factorisation that keeps the sparsity of the
tree (Featherstone 2008, sec. 6.5).  Its derivatives come from the implicit form
r(w, w', a, u) = M a + h - passive - B(w) u = 0,

    da/dz = -M^-1 dr/dz,     z in (w, w', u),

with the same factor: never an inverse, and never the derivative of a factorisation.  So do the
second derivatives (second_order.py).
"""

from typing import NamedTuple

import casadi as ca
import sympy as sp

from vgps.codegen.errors import singular
from vgps.codegen.mechanics.coordinates import Coordinates
from vgps.codegen.mechanics.function import Function, Named, NumericSolve
from vgps.codegen.mechanics.ldl import SparseFactor
from vgps.codegen.mechanics.second_order import residual_hessian

# A linear system whose solution would take more operations is solved numerically: as straight-line
# code it would leave the instruction cache, and take a compiler minutes.
MOST_OPERATIONS = 5000


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
    y: ca.SX  # (n,), the symbol for the solution in derivatives_rhs
    residual: ca.SX | None  # (n,), r(z, y) = matrix (y - offset) - rhs; None: no derivatives
    derivatives_rhs: ca.SX | None  # (n, nz), -dr/dz
    along_trajectories: bool  # solved at all steps of whole trajectories


class _EquationOfMotion(NamedTuple):
    """M a + bias = B(w) u + passive, passive = spring - damping w', in absolute coordinates."""

    mass: ca.SX
    bias: ca.SX  # h less the force of what lags
    passive: ca.SX
    spring: ca.SX
    damping: ca.SX
    B: ca.SX


def dynamics_functions(c: Coordinates) -> tuple[list[Function], list[NumericSolve]]:
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
    functions = [
        Function("mass_matrix", q, {"M": ca.triu2symm(ca.triu(c.times_S(c.times_S(mass).T)))}),
        Function("bias_force", qv, {"h": c.times_S(bias.T).T}),
        Function("passive_force", qv, {"f": c.times_S(passive.T).T}),
        Function("energy", qv, {"E": energy}),
    ]
    if robot.ground is not None:
        functions.append(Function("contact_forces", qv, {"f": contact.forces}))
    numeric_solves = []
    for system in systems:
        factor = _factor(c, system)
        if factor.operations * (2 * robot.nv + robot.nu) > MOST_OPERATIONS:
            parts, solve = _solved_numerically(c, system, qvu)
            functions += parts
            numeric_solves.append(solve)
        else:
            functions += _solved_symbolically(c, system, factor, qvu)
    in_q = [f._replace(outputs=c.in_joint_coordinates(f.outputs)) for f in functions]
    return in_q, numeric_solves


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
        derivatives_rhs=_derivatives_rhs(c, residual, m.B) if of_integrator else None,
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
        derivatives_rhs=_derivatives_rhs(c, residual, h * m.B),
        along_trajectories=True,
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
        derivatives_rhs=None,
        along_trajectories=True,
    )


def _derivatives_rhs(c: Coordinates, residual: ca.SX, by_u: ca.SX) -> ca.SX:
    """-d(residual)/dz, z = (q, v, u)."""
    by_state = (-c.times_S(ca.jacobian(residual, w)) for w in (c.w, c.w_dot))
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
    if system.derivatives_rhs is not None:
        y_z = factor.solve(ca.substitute(system.derivatives_rhs, system.y, y))
        result = result | {system.output_derivatives: c.S_inverse @ y_z}
        functions.append(Function(f"{system.name}_derivatives", inputs, result, True))
    if system.residual is not None:
        p = ca.SX.sym("p", c.robot.nv)
        multiplier = factor.solve(c.S_inverse.T @ p)
        H = residual_hessian(c, system.residual, system.matrix)
        L_zz, L_yz = ca.substitute([H.L_zz, H.L_yz], [system.y, H.multiplier], [y, multiplier])
        outputs = {"L_zz": L_zz, "L_yz": L_yz}
        name = f"{system.name}_residual_hessian"
        functions.append(Function(name, inputs | {"p": p}, outputs, second_order=True))
    return functions


def _solved_numerically(
    c: Coordinates, system: LinearSystem, inputs: Named
) -> tuple[list[Function], NumericSolve]:
    """The system and the right-hand sides of the derivatives, and what is to be made of them."""
    along = system.along_trajectories
    parts = {
        "matrix": ca.densify(system.matrix),
        "rhs": ca.densify(system.rhs),
        "offset": ca.densify(system.offset),
    }
    solve = NumericSolve(system.name, f"{system.name}_system", along_trajectories=along)
    functions = [Function(solve.system, inputs, parts, along)]
    if system.derivatives_rhs is not None:
        name = f"{system.name}_derivatives_rhs"
        rhs_z = {"rhs_z": ca.densify(system.derivatives_rhs)}
        functions.append(Function(name, inputs | {"y": system.y}, rhs_z, along))
        solve = solve._replace(derivatives_rhs=name)
    if system.residual is not None:
        H = residual_hessian(c, system.residual, system.matrix)
        name = f"{system.name}_residual_hessian_parts"
        known = inputs | {"y": system.y, "l": H.multiplier}
        outputs = {"L_zz": ca.densify(H.L_zz), "L_yz": ca.densify(H.L_yz)}
        functions.append(Function(name, known, outputs, second_order=True))
        solve = solve._replace(residual_hessian=name)
    return functions, solve
