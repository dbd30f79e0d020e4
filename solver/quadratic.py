"""A quadratic that pulls each coordinate of the state and each action to a value of its own.

    e_t(x, u) = 1/2 sum_i w_ti (z_i - z_ti)^2,     z = [x, u]

as a term of a cost.  What the kernels read is nx and nu, and at each step the values, then the
weights.
"""

import numpy as np
from numba import carray
from numpy.typing import NDArray

from vgps.solver.native import Pointer, callback
from vgps.solver.objective import CostTerm, cleared

Array = NDArray[np.float64]

_SIZES = 2  # numbers in the data


def quadratic(X: Array, U: Array, W_x: Array, W_u: Array) -> CostTerm:
    """The term e_t.

    Args:
        X: (T, nx) values of the state.
        U: (T, nu) values of the actions.
        W_x: (T, nx) weights of the former, not negative.
        W_u: (T, nu) weights of the latter, positive.
    """
    sizes = np.array([X.shape[1], U.shape[1]], dtype=float)
    step_data = np.concatenate([X, U, W_x, W_u], axis=1)  # (T, 2 (nx + nu))
    return CostTerm(_value.address, _expansion.address, sizes, step_data)


@callback(5, {"contract"})
def _value(x_: Pointer, u_: Pointer, data_: Pointer, step_data_: Pointer, c_: Pointer) -> None:
    sizes = carray(data_, _SIZES)
    nx, nu = int(sizes[0]), int(sizes[1])
    x, u, values = carray(x_, nx), carray(u_, nu), carray(step_data_, 2 * (nx + nu))
    weights = values[nx + nu :]
    c = 0.0
    for i in range(nx):
        c += 0.5 * weights[i] * (x[i] - values[i]) ** 2
    for j in range(nu):
        c += 0.5 * weights[nx + j] * (u[j] - values[nx + j]) ** 2
    carray(c_, 1)[0] = c


@callback(10, {"contract"})
def _expansion(
    x_: Pointer,
    u_: Pointer,
    data_: Pointer,
    step_data_: Pointer,
    c_: Pointer,
    c_x_: Pointer,
    c_u_: Pointer,
    c_xx_: Pointer,
    c_ux_: Pointer,
    c_uu_: Pointer,
) -> None:
    sizes = carray(data_, _SIZES)
    nx, nu = int(sizes[0]), int(sizes[1])
    x, u, values = carray(x_, nx), carray(u_, nu), carray(step_data_, 2 * (nx + nu))
    weights = values[nx + nu :]
    c_x, c_u, c_xx, c_ux, c_uu = cleared(nx, nu, c_x_, c_u_, c_xx_, c_ux_, c_uu_)
    c = 0.0
    for i in range(nx):
        c_x[i] = weights[i] * (x[i] - values[i])
        c_xx[i, i] = weights[i]
        c += 0.5 * c_x[i] * (x[i] - values[i])
    for j in range(nu):
        c_u[j] = weights[nx + j] * (u[j] - values[nx + j])
        c_uu[j, j] = weights[nx + j]
        c += 0.5 * c_u[j] * (u[j] - values[nx + j])
    carray(c_, 1)[0] = c
