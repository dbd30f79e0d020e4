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
    """Second derivatives of L, by absolute coordinates, as expressions of w, w_dot, u, y, l."""

    multiplier: ca.SX  # (nv,), the symbol l
    L_zz: ca.SX  # (nz, nz)
    L_yz: ca.SX  # (nv, nz)

    def by_joints(self, c: Coordinates) -> "ResidualHessian":
        """The same by joint coordinates (q, v, u) and the y of joint coordinates."""
        upper = ca.triu(c.by_joints(c.by_joints(self.L_zz).T))
        L_yz = c.times_S(c.by_joints(self.L_yz).T).T
        return ResidualHessian(self.multiplier, ca.triu2symm(upper), L_yz)


def residual_hessian(c: Coordinates, residual: ca.SX, matrix: ca.SX) -> ResidualHessian:
    """Of ``residual`` (nv,), whose Jacobian by y is the symmetric ``matrix`` (nv, nv)."""
    multiplier = ca.SX.sym("l", c.robot.nv)
    z = ca.vertcat(c.w, c.w_dot, c.u)
    L_zz, _ = ca.hessian(ca.dot(multiplier, residual), z)
    return ResidualHessian(multiplier, L_zz, ca.jacobian(matrix @ multiplier, z))
