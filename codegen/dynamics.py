"""Forces, acceleration, and what the integrators call, with derivatives.

The SymPy mechanics arrive in absolute coordinates w = S q and leave in the user's joint
coordinates.  The acceleration comes from an L D L^T factorisation that keeps the sparsity of the
tree (Featherstone 2008, sec. 6.5).  Its derivatives come
from the implicit form r(w, w', a, u) = M a + h - passive - B u = 0,

    da/dz = -M^-1 dr/dz,     z in (w, w', u),

with the same factor: never an inverse, and never the derivative of a factorisation.
"""

from typing import NamedTuple

import casadi as ca
import numpy as np
import sympy as sp

from codegen.coordinates import Coordinates
from codegen.emit import Function, Named
from codegen.errors import singular
from codegen.factor import SparseFactor


def dynamics_functions(c: Coordinates) -> list[Function]:
    """Forces, acceleration and what the integrator calls; dynamics in w, then moved to q."""
    m, robot = c.mechanics, c.robot
    mass, bias, passive, energy = c.convert(
        m.mass_matrix, m.bias_force, m.passive_force, sp.Matrix([m.energy])
    )
    # All passive forces of the mechanics are linear in the velocity: passive = spring - D w'.
    damping = -ca.jacobian(passive, c.w_dot)
    spring = ca.substitute(passive, c.w_dot, ca.SX.zeros(robot.nv))
    touch = c.contact()
    damping, spring = damping + touch.damping, spring + touch.spring
    passive = passive + touch.spring - touch.damping @ c.w_dot

    B = ca.sparsify(ca.DM(np.array(m.B, dtype=float).reshape(robot.nv, robot.nu)))
    terms = _Dynamics(mass, bias, passive, spring, damping, B)
    factor = SparseFactor(mass)
    for i, pivot in zip(factor.order, factor.D, strict=True):
        if pivot.is_zero():
            raise singular(robot.path or robot.name, robot.q_names[i])
    a = ca.densify(factor.solve(B @ c.u + passive - bias))

    if robot.task.integrator == "rk4":
        used = _acceleration_derivatives(c, terms, factor, a)
    else:
        used = _velocity_update(c, terms)
    q, qv, qvu = {"q": c.q}, {"q": c.q, "v": c.v}, {"q": c.q, "v": c.v, "u": c.u}
    functions = [
        Function("mass_matrix", q, {"M": c.times_S(c.times_S(mass).T)}),
        Function("bias_force", qv, {"h": c.times_S(bias.T).T}),
        Function("passive_force", qv, {"f": c.times_S(passive.T).T}),
        Function("energy", qv, {"E": energy}),
        Function("acceleration", qvu, {"a": c.S_inverse @ a}),
        *(Function(name, qvu, outputs) for name, outputs in used),
    ]
    if robot.ground is not None:
        functions.append(Function("contact_forces", qv, {"f": touch.forces}))
    return [f._replace(outputs=c.in_joint_coordinates(f.outputs)) for f in functions]


class _Dynamics(NamedTuple):
    """M a + bias = B u + passive, passive = spring - damping w', in absolute coordinates."""

    mass: ca.SX
    bias: ca.SX
    passive: ca.SX
    spring: ca.SX
    damping: ca.SX
    B: ca.DM


def _acceleration_derivatives(
    c: Coordinates, d: _Dynamics, factor: SparseFactor, a: ca.SX
) -> list[tuple[str, Named]]:
    symbol = ca.SX.sym("a", c.robot.nv)
    residual = d.mass @ symbol + d.bias - d.passive
    columns = ca.horzcat(
        -c.times_S(ca.jacobian(residual, c.w)), -c.times_S(ca.jacobian(residual, c.w_dot)), d.B
    )
    a_z = c.S_inverse @ factor.solve(ca.substitute(columns, symbol, a))
    return [("acceleration_derivatives", {"a": c.S_inverse @ a, "a_z": a_z})]  # z = (q, v, u)


def _velocity_update(c: Coordinates, d: _Dynamics) -> list[tuple[str, Named]]:
    """v+ of one substep h, with all that is linear in the velocity taken at its end:

        (M + h D) w+ = M w' + h (B u + spring - bias),

    D frozen at the start.  M and D are symmetric and positive, so any h is stable against damping.
    """
    h = c.robot.task.dt / c.robot.task.substeps
    factor = SparseFactor(d.mass + h * d.damping)
    forces = d.B @ c.u + d.spring - d.bias
    after = ca.densify(c.w_dot + factor.solve(h * (forces - d.damping @ c.w_dot)))

    symbol = ca.SX.sym("after", c.robot.nv)
    residual = d.mass @ (symbol - c.w_dot) + h * (d.damping @ symbol - d.spring + d.bias)
    columns = ca.horzcat(
        -c.times_S(ca.jacobian(residual, c.w)), -c.times_S(ca.jacobian(residual, c.w_dot)), h * d.B
    )
    v_z = c.S_inverse @ factor.solve(ca.substitute(columns, symbol, after))
    after = c.S_inverse @ after
    return [
        ("velocity_update", {"v_next": after}),
        ("velocity_update_derivatives", {"v_next": after, "v_z": v_z}),  # z = (q, v, u)
    ]
