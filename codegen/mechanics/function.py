"""A function of a robot: named CasADi expressions in named symbols."""

from typing import NamedTuple

import casadi as ca

Named = dict[str, ca.SX]


class Function(NamedTuple):
    """A function to be generated; outputs keep their structural zeros."""

    name: str
    inputs: Named
    outputs: Named


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
