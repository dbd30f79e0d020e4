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

from vgps.codegen.errors import singular
from vgps.codegen.mechanics.coordinates import Coordinates
from vgps.codegen.mechanics.function import Function, Named
from vgps.codegen.mechanics.ldl import SparseFactor

# Operations of a solution in straight-line code above which it is done in loops (dense.c): there code
# leaves the instruction cache, and compilers take minutes.
MOST_OPERATIONS = 5000


class System(NamedTuple):
    """A (y - y_0) = b with a rate y in absolute coordinates, and what its derivatives solve."""

    name: str  # of the function that gives y in joint coordinates
    output: str  # of its result
    A: ca.SX  # (n, n)
    b: ca.SX  # (n,)
    y_0: ca.SX  # (n,)
    y: ca.SX  # (n,), the symbol for the solution in the columns
    columns: ca.SX  # (n, nz): A dy/dz, z = (q, v, u)
    derivatives: bool  # whether anybody asks for dy/dz


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
    terms = _Terms(mass, bias, passive, spring, damping, B)
    runge_kutta = robot.task.integrator == "rk4"
    systems = [_acceleration(c, terms, derivatives=runge_kutta)]
    if not runge_kutta:
        systems.append(_velocity_update(c, terms))
    q, qv, qvu = {"q": c.q}, {"q": c.q, "v": c.v}, {"q": c.q, "v": c.v, "u": c.u}
    functions = [
        Function("mass_matrix", q, {"M": ca.triu2symm(ca.triu(c.times_S(c.times_S(mass).T)))}),
        Function("bias_force", qv, {"h": c.times_S(bias.T).T}),
        Function("passive_force", qv, {"f": c.times_S(passive.T).T}),
        Function("energy", qv, {"E": energy}),
    ]
    if robot.ground is not None:
        functions.append(Function("contact_forces", qv, {"f": touch.forces}))
    for system in systems:
        factor = _factor(c, system)
        if factor.operations * (2 * robot.nv + robot.nu) > MOST_OPERATIONS:
            functions += _parts(system, qvu)
        else:
            functions += _solved(c, system, factor, qvu)
    return [f._replace(outputs=c.in_joint_coordinates(f.outputs)) for f in functions]


class _Terms(NamedTuple):
    """M a + bias = B u + passive, passive = spring - damping w', in absolute coordinates."""

    mass: ca.SX
    bias: ca.SX
    passive: ca.SX
    spring: ca.SX
    damping: ca.SX
    B: ca.DM


def _acceleration(c: Coordinates, d: _Terms, derivatives: bool) -> System:
    y = ca.SX.sym("y", c.robot.nv)
    residual = d.mass @ y + d.bias - d.passive
    b = d.B @ c.u + d.passive - d.bias
    columns = _columns(c, residual, d.B)
    return System("acceleration", "a", d.mass, b, ca.SX(c.robot.nv, 1), y, columns, derivatives)


def _velocity_update(c: Coordinates, d: _Terms) -> System:
    """v+ of one substep h, with all that is linear in the velocity taken at its end:

        (M + h D) w+ = M w' + h (B u + spring - bias),

    D frozen at the start.  M and D are symmetric and positive, so any h is stable against damping.
    """
    h = c.robot.task.dt / c.robot.task.substeps
    y = ca.SX.sym("y", c.robot.nv)
    residual = d.mass @ (y - c.w_dot) + h * (d.damping @ y - d.spring + d.bias)
    b = h * (d.B @ c.u + d.spring - d.bias - d.damping @ c.w_dot)
    A, columns = d.mass + h * d.damping, _columns(c, residual, h * d.B)
    return System("velocity_update", "v_next", A, b, c.w_dot, y, columns, derivatives=True)


def _columns(c: Coordinates, residual: ca.SX, of_u: ca.DM) -> ca.SX:
    """-d(residual)/dz, z = (q, v, u)."""
    by_state = (-c.times_S(ca.jacobian(residual, w)) for w in (c.w, c.w_dot))
    return ca.horzcat(*by_state, of_u)


def _factor(c: Coordinates, system: System) -> SparseFactor:
    factor = SparseFactor(system.A)
    for i, pivot in zip(factor.order, factor.D, strict=True):
        if pivot.is_zero():
            raise singular(c.robot.path or c.robot.name, c.robot.q_names[i])
    return factor


def _solved(c: Coordinates, system: System, factor: SparseFactor, inputs: Named) -> list[Function]:
    """The solution, and it with its derivatives, in straight-line code."""
    y = system.y_0 + factor.solve(system.b)
    result = {system.output: c.S_inverse @ ca.densify(y)}
    functions = [Function(system.name, inputs, result)]
    if system.derivatives:
        y_z = factor.solve(ca.substitute(system.columns, system.y, y))
        result = result | {f"{system.output[0]}_z": c.S_inverse @ y_z}
        functions.append(Function(f"{system.name}_derivatives", inputs, result))
    return functions


def _parts(system: System, inputs: Named) -> list[Function]:
    """What the loops of dense.c solve."""
    parts = {"A": ca.densify(system.A), "b": ca.densify(system.b), "y_0": ca.densify(system.y_0)}
    functions = [Function(f"{system.name}_system", inputs, parts)]
    if system.derivatives:
        columns = {"C": ca.densify(system.columns)}
        functions.append(Function(f"{system.name}_columns", inputs | {"y": system.y}, columns))
    return functions
