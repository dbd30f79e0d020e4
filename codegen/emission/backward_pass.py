"""What Numba hands to the compiled backward pass (riccati.c), declared once for both sides.

`solver/backward.py` fills `Arguments` by name, and the C file of a robot declares the struct of the
same fields in the same order.
"""

from enum import IntEnum
from typing import NamedTuple

from vgps.codegen.emission.arguments import Count, Filled, Read, struct


class Arguments(NamedTuple):
    """Arrays of the backward pass over T steps: one row for each step unless a shape is given."""

    T: Count
    limits: Read  # (2, nu) least and largest U + k
    U: Read  # (T, nu)
    f_x: Read  # (T, nx, nx)
    f_u: Read  # (T, nx, nu)
    c_x: Read  # (T, nx)
    c_u: Read  # (T, nu)
    c_xx: Read  # (T, nx, nx)
    c_ux: Read  # (T, nu, nx)
    c_uu: Read  # (T, nu, nu)
    final_x: Read  # (nx,)
    final_xx: Read  # (nx, nx)
    k: Filled  # (T, nu)
    K: Filled  # (T, nu, nx)
    Q_u: Filled  # (T, nu)
    R_uu: Filled  # (T, nu, nu)
    V_x: Filled  # (T, nx)
    V_xx: Filled  # (T, nx, nx)
    expected: Filled  # (2,): the cost is expected to change by size * [0] + size^2 * [1]


class Stop(IntEnum):
    """Why the backward pass ends at a step."""

    DONE = 0
    NOT_CONVEX = 1
    OUT_OF_LIMITS = 2


def declarations() -> str:
    """Both in C: the struct ``BackwardArguments`` and the constants."""
    constants = ", ".join(f"{stop.name} = {stop.value}" for stop in Stop)
    return "\n".join([struct("BackwardArguments", Arguments), "", f"enum {{ {constants} }};"])
