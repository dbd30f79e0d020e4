"""Statements of C for the instructions of a CasADi function, in single-assignment form.

Divisions by one value share its reciprocal.
"""

from collections import Counter
from typing import NamedTuple

import casadi as ca

from vgps.codegen.emission.c_syntax import Dialect


class Statement(NamedTuple):
    """`name = expression`, where a name that is not declared is an element of an array."""

    name: str
    op: int  # CasADi's code for what it does
    expression: str
    uses: tuple[str, ...]  # names in the expression that earlier statements declare

    @property
    def declares(self) -> bool:
        return "[" not in self.name

    def text(self, dialect: Dialect) -> str:
        declaration = f"const {dialect.type} " if self.declares else ""
        return f"{declaration}{self.name} = {self.expression};"


def statements_of(f: ca.Function, dialect: Dialect) -> list[Statement]:
    """In CasADi's order; structural zeros of the outputs last.

    Raises NotImplementedError for an instruction that the dialect does not know.
    """
    divisors = _shared_divisors(f)
    statements: list[Statement] = []
    value: dict[int, str] = {}  # work-vector slot -> name of the value it holds now, or a constant
    reciprocal: dict[str, str] = {}
    written: set[tuple[int, int]] = set()
    positions = [_row_major(f.sparsity_out(index)) for index in range(f.n_out())]

    def state(name: str, op: int, expression: str, *uses: str) -> None:
        declared = tuple(use for use in uses if use[0] in "tr")
        statements.append(Statement(name, op, expression, declared))

    for k in range(f.n_instructions()):
        op, inputs, outputs = f.instruction_id(k), f.instruction_input(k), f.instruction_output(k)
        if op == ca.OP_OUTPUT:
            index, nonzero = outputs
            position = positions[index][nonzero]
            written.add((index, position))
            state(f"{f.name_out(index)}[{position}]", op, value[inputs[0]], value[inputs[0]])
            continue
        if op == ca.OP_CONST:
            value[outputs[0]] = dialect.constant.format(_literal(f.instruction_constant(k)))
            continue
        if op == ca.OP_INPUT:
            state(f"t{k}", op, f"{f.name_in(inputs[0])}[{inputs[1]}]")
        elif op == ca.OP_DIV and k in divisors:
            numerator, divisor = (value[i] for i in inputs)
            if divisor not in reciprocal:
                reciprocal[divisor] = f"r{k}"
                state(f"r{k}", ca.OP_INV, f"1.0 / {divisor}", divisor)
            factors = numerator, reciprocal[divisor]
            state(f"t{k}", ca.OP_MUL, f"{factors[0]} * {factors[1]}", *factors)
        elif op in dialect.operators:
            operands = [value[i] for i in inputs]
            state(f"t{k}", op, dialect.operators[op].format(*operands), *operands)
        else:
            raise NotImplementedError(f"CasADi operation {op} in {f.name()}")
        value[outputs[0]] = f"t{k}"
    zero = dialect.constant.format("0.0")
    for index in range(f.n_out()):
        rows, columns = f.size_out(index)
        zeros = (p for p in range(rows * columns) if (index, p) not in written)
        for p in zeros:
            state(f"{f.name_out(index)}[{p}]", ca.OP_OUTPUT, zero)
    return statements


def _shared_divisors(f: ca.Function) -> set[int]:
    """Instructions that divide by a value which divides more than once."""
    version: dict[int, int] = {}  # work-vector slot -> instruction that filled it
    divisor: dict[int, int] = {}  # division -> instruction that made its divisor
    for k in range(f.n_instructions()):
        op = f.instruction_id(k)
        if op == ca.OP_DIV:
            divisor[k] = version[f.instruction_input(k)[1]]
        if op != ca.OP_OUTPUT:
            version[f.instruction_output(k)[0]] = k
    uses = Counter(divisor.values())
    return {k for k, made in divisor.items() if uses[made] > 1}


def _row_major(sparsity: ca.Sparsity) -> list[int]:
    """Dense row-major position of each nonzero."""
    return [i * sparsity.size2() + j for i, j in zip(*sparsity.get_triplet(), strict=True)]


def _literal(constant: float) -> str:
    """A C literal that reads back to the same double."""
    return f"({constant!r})" if constant < 0 else repr(float(constant))
