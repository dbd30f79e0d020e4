"""A policy as the flat array of numbers that kernels read, and its mean action from there.

    nx  n_in  n_hidden  nu  S  |  observed  |  W1  b1  W2  b2  log_sigma  |  ...

S is the number of displacements that a cost term averages over, and the dots are what it appends to
the policy (`policy.cost_term`); a policy alone has S = 0 and nothing there.  Matrices
stand row by row.  A kernel that takes a policy like this is compiled once for all of them.
"""

import numpy as np
from numpy.typing import NDArray

from vgps.policy.gaussian import Policy
from vgps.solver.native import kernel

Array = NDArray[np.float64]

FAST = {"contract", "reassoc"}  # a sum over displacements is taken in whatever order is fastest

HEADER = 5  # numbers before `observed`


def pack(policy: Policy, nx: int, nu: int, displacements: int = 0) -> Array:
    """The array of a policy for a robot with nx coordinates of the state and nu actions.

    Raises:
        ValueError: when the policy does not fit such a robot.
    """
    policy.require_fit(nx, nu)
    sizes = [nx, *policy.shape, displacements]
    return np.concatenate([sizes, policy.observed, policy.theta]).astype(float)


@kernel
def offsets(header: Array) -> tuple[int, int, int, int, int]:
    """Where W1, b1, W2, b2 and what follows log_sigma begin, from the ``header`` alone."""
    n_in, n_hidden, nu = int(header[1]), int(header[2]), int(header[3])
    W1 = HEADER + n_in
    b1 = W1 + n_hidden * n_in
    W2 = b1 + n_hidden
    b2 = W2 + nu * n_hidden
    return W1, b1, W2, b2, b2 + 2 * nu


@kernel
def preactivation(packed: Array, W1: int, b1: int, x: Array, z: Array) -> None:
    """Fill ``z`` (n_hidden,) with W1 x[observed] + b1; W1 and b1 begin where `offsets` says.

    Where the policy sees expressions, ``x`` is what they give.
    """
    n_in = int(packed[1])
    for h in range(len(z)):
        total = packed[b1 + h]
        for j in range(n_in):
            total += packed[W1 + h * n_in + j] * x[int(packed[HEADER + j])]
        z[h] = total
