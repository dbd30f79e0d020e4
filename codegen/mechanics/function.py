"""A function of a robot: named CasADi expressions in named symbols."""

from typing import NamedTuple

import casadi as ca

Named = dict[str, ca.SX]


class Function(NamedTuple):
    """A function to be generated; outputs keep their structural zeros."""

    name: str
    inputs: Named
    outputs: Named
    along_trajectories: bool = False  # whether it is evaluated at all steps of whole trajectories
    second_order: bool = False  # whether it is evaluated so, and only there: second derivatives


class NumericSolve(NamedTuple):
    """A function that solves its linear system numerically, because its expression is too long.

    Only what it solves is generated:  matrix (y - offset) = rhs,  matrix dy/dz = derivatives_rhs.
    """

    name: str  # of the function of (q, v, u) that gives y, in joint coordinates
    system: str  # name of the generated function that gives matrix, rhs and offset
    derivatives_rhs: str | None = None  # of what gives it from (q, v, u, y); None: no derivatives
    residual_hessian: str | None = (
        None  # of what gives L_zz, L_yz from (q, v, u, y, l) (second_order)
    )
    along_trajectories: bool = False

    @property
    def derivatives(self) -> str:
        """Name of the function that gives y and dy/dz."""
        return f"{self.name}_derivatives"

    @property
    def parts(self) -> list[str]:
        """Names of the generated functions."""
        return [self.system] + ([self.derivatives_rhs] if self.derivatives_rhs else [])


def compile_expressions(function: Function) -> ca.Function:
    """The CasADi function itself, with common subexpressions merged."""
    return ca.Function(
        function.name,
        list(function.inputs.values()),
        list(function.outputs.values()),
        list(function.inputs),
        list(function.outputs),
        {"cse": True},
    )


def operation_count(f: ca.Function) -> int:
    """Arithmetic instructions, without loads, stores and constants."""
    free = (ca.OP_INPUT, ca.OP_OUTPUT, ca.OP_CONST)
    return sum(f.instruction_id(k) not in free for k in range(f.n_instructions()))
