"""Second derivatives of what solves a linear system, by the implicit form.

Of y with r(z, y) = 0, r linear in y, and a multiplier p,

    p^T y_zz = -(L_zz + L_yz^T y_z + y_z^T L_yz),     L = l^T r,   r_y^T l = p,

so that only the scalar L is differentiated twice: never a solution, and never a factorisation
(for the mass matrix Singh, Russell & Wensing, RA-L 2022, have the recursions).  In the mechanics
z = (q, v, u), and r_y = r_y^T is the mass matrix, or that of an implicit step.
"""

from typing import NamedTuple

import casadi as ca

from vgps.codegen.mechanics.coordinates import Coordinates


class ResidualHessian(NamedTuple):
    """Second derivatives of L in joint coordinates, as expressions of w, w_dot, u, y and l.

    y and the multiplier l are in absolute coordinates, L_yz is by the y of joint coordinates.
    """

    multiplier: ca.SX  # (nv,), the symbol l
    L_zz: ca.SX  # (nz, nz)
    L_yz: ca.SX  # (nv, nz)


def residual_hessian(c: Coordinates, residual: ca.SX, matrix: ca.SX) -> ResidualHessian:
    """Of ``residual`` (nv,), whose Jacobian by y is the symmetric ``matrix`` (nv, nv)."""
    multiplier = ca.SX.sym("l", c.robot.nv)
    z = ca.vertcat(c.w, c.w_dot, c.u)
    L_zz, _ = ca.hessian(ca.dot(multiplier, residual), z)
    L_yz = ca.jacobian(matrix @ multiplier, z)
    rows_in_q = _columns_in_q(c, L_zz).T
    upper = ca.triu(_columns_in_q(c, rows_in_q))
    return ResidualHessian(multiplier, ca.triu2symm(upper), c.times_S(_columns_in_q(c, L_yz).T).T)


def _columns_in_q(c: Coordinates, matrix: ca.SX) -> ca.SX:
    """``matrix`` (n, nz), whose columns are by (w, w_dot, u), by (q, v, u)."""
    by_w, by_w_dot, by_u = ca.horzsplit(
        matrix, [0, c.robot.nq, c.robot.nx, c.robot.nx + c.robot.nu]
    )
    return ca.horzcat(c.times_S(by_w), c.times_S(by_w_dot), by_u)
