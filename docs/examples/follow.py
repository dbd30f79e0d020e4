"""A cost term that no robot file can say: actions near recorded ones, w/2 |u - u_t|^2."""

import numpy as np
from numba import carray

import vgps
from vgps.solver.ilqr import Settings, ilqr
from vgps.solver.native import callback
from vgps.solver.objective import CostTerm, cleared, task_objective, with_extra


# data holds nx, nu and w, the same at every step; step_data the u_t of the step.
@callback(5, set())
def value(x_, u_, data_, step_data_, c_):
    """c at one step, for every trial of a line search."""
    nu, w = int(data_[1]), data_[2]
    error = carray(u_, nu) - carray(step_data_, nu)
    c_[0] = 0.5 * w * np.sum(error * error)


@callback(10, set())
def expansion(x_, u_, data_, step_data_, c_, c_x_, c_u_, c_xx_, c_ux_, c_uu_):
    """c and its derivatives at one step."""
    nx, nu, w = int(data_[0]), int(data_[1]), data_[2]
    error = carray(u_, nu) - carray(step_data_, nu)
    _, c_u, _, _, c_uu = cleared(nx, nu, c_x_, c_u_, c_xx_, c_ux_, c_uu_)
    c_[0] = 0.5 * w * np.sum(error * error)
    for i in range(nu):
        c_u[i], c_uu[i, i] = w * error[i], w


model = vgps.build(vgps.load("swimmer"))
recorded = vgps.optimize(model).U  # (T, nu)
for w in (0.0, 1e-2):
    data = np.array([model.nx, model.nu, w])
    term = CostTerm(value.address, expansion.address, data, recorded)
    objective = with_extra(task_objective(model, len(recorded), alpha=0.5), term)
    found = ilqr(model, objective, model.x0, np.zeros_like(recorded) + 1.0, Settings())
    print(
        f"w {w:g}: root mean square distance {np.sqrt(np.mean((found.U - recorded) ** 2)):.1f} N·m"
    )
