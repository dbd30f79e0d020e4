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


class Filling(NamedTuple):
    """A generated function of what is not zero in one or two arrays, and where that belongs."""

    function: str  # its name; it gives the numbers of the first array, then those of the second
    inputs: str  # some of q, v, u, y, l
    entries: tuple[list[int], ...]  # of each array: row-major positions


class NumericSolve(NamedTuple):
    """A function that solves its linear system in loops, because its expression is too long.

    Only what it solves is generated:  matrix (y - offset) = rhs,  matrix dy/dz = derivatives_rhs.
    """

    name: str  # of the function of (q, v, u) that gives y, in joint coordinates
    force: Filling  # rhs and offset
    matrix: Filling | None  # None: mass alone, of articulated bodies
    derivatives_rhs: Filling | None = None  # None: no derivatives
    residual_hessian: Filling | None = None  # L_zz and L_yz (second_order)
    kappa: str = "1.0"  # in C: what the bias is multiplied by (rigid.c)
    from_rate: bool = False  # whether mass stands with the difference between y and the rate
    along_trajectories: bool = False
    by_state: bool = False  # whether derivatives_rhs has entries by the state

    @property
    def derivatives(self) -> str:
        """Name of the function that gives y and dy/dz."""
        return f"{self.name}_derivatives"

    @property
    def first_order(self) -> dict[str, Filling]:
        """What is generated of it but second derivatives, by the names of systems.c."""
        parts = {
            "matrix": self.matrix,
            "force": self.force,
            "derivatives_rhs": self.derivatives_rhs,
        }
        return {name: part for name, part in parts.items() if part is not None}


def filling(
    name: str, inputs: Named, arrays: list[ca.SX], **kinds: bool
) -> tuple[Function, Filling]:
    """The function of the nonzeros of ``arrays``, and where they belong."""
    values = ca.vertcat(*(array.nz[:] for array in arrays))
    entries = tuple(row_major(array.sparsity()) for array in arrays)
    of_all = Function(name, inputs, {"values": values}, **kinds)
    return of_all, Filling(name, "".join(inputs), entries)


def row_major(sparsity: ca.Sparsity) -> list[int]:
    """Dense row-major position of each nonzero."""
    return [i * sparsity.size2() + j for i, j in zip(*sparsity.get_triplet(), strict=True)]


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
