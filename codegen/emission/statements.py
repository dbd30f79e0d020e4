"""Statements of C for the instructions of a CasADi function, in single-assignment form.

Divisions by one value share its reciprocal.
"""

from collections import Counter
from typing import NamedTuple

import casadi as ca

from vgps.codegen.emission.c_syntax import Dialect
from vgps.codegen.mechanics.function import row_major

MOST_ZEROS = 1000  # structural zeros of an output that are written one by one


class Operand(NamedTuple):
    """What an expression is made of: the name of an earlier statement, or a constant."""

    text: str  # as C writes it
    is_name: bool


class Statement(NamedTuple):
    """`name = expression`; the name is a new variable or, of a store, an element of an array."""

    name: str
    op: int  # CasADi's code for what it does
    expression: str
    uses: tuple[str, ...]  # names in the expression that earlier statements declare

    @property
    def declares(self) -> bool:
        """Whether the name is a new variable."""
        return self.op != ca.OP_OUTPUT

    def text(self, dialect: Dialect) -> str:
        """The line of C."""
        declaration = f"const {dialect.type} " if self.declares else ""
        return f"{declaration}{self.name} = {self.expression};"


def _statement(name: str, op: int, template: str, *operands: Operand) -> Statement:
    """`name = expression`, the expression being ``template`` with the operands filled in."""
    expression = template.format(*(operand.text for operand in operands))
    uses = tuple(operand.text for operand in operands if operand.is_name)
    return Statement(name, op, expression, uses)


def statements_of(f: ca.Function, dialect: Dialect) -> list[Statement]:
    """The instructions of ``f`` in CasADi's order; structural zeros of the outputs last.

    Those of an output that ``is_cleared`` are left out.

    Raises:
        NotImplementedError: for an instruction that the dialect does not know.
    """
    divisors = _shared_divisors(f)
    statements: list[Statement] = []
    value: dict[int, Operand] = {}  # work-vector slot -> the value that it holds now
    reciprocal: dict[Operand, Operand] = {}
    written: set[tuple[int, int]] = set()
    positions = [row_major(f.sparsity_out(index)) for index in range(f.n_out())]

    def declare(name: str, op: int, template: str, *operands: Operand) -> Operand:
        statements.append(_statement(name, op, template, *operands))
        return Operand(name, is_name=True)

    def store(index: int, position: int, stored: Operand) -> None:
        element = f"{f.name_out(index)}[{position}]"
        statements.append(_statement(element, ca.OP_OUTPUT, "{}", stored))

    for k in range(f.n_instructions()):
        op, inputs, outputs = f.instruction_id(k), f.instruction_input(k), f.instruction_output(k)
        if op == ca.OP_OUTPUT:
            index, nonzero = outputs
            position = positions[index][nonzero]
            written.add((index, position))
            store(index, position, value[inputs[0]])
        elif op == ca.OP_CONST:
            value[outputs[0]] = _constant(f.instruction_constant(k), dialect)
        elif op == ca.OP_INPUT:
            index, nonzero = inputs
            value[outputs[0]] = declare(f"t{k}", op, f"{f.name_in(index)}[{nonzero}]")
        elif op == ca.OP_DIV and k in divisors:
            numerator, divisor = (value[i] for i in inputs)
            if divisor not in reciprocal:
                reciprocal[divisor] = declare(f"r{k}", ca.OP_INV, "1.0 / {}", divisor)
            factors = numerator, reciprocal[divisor]
            value[outputs[0]] = declare(f"t{k}", ca.OP_MUL, "{} * {}", *factors)
        elif op in dialect.operators:
            operands = [value[i] for i in inputs]
            value[outputs[0]] = declare(f"t{k}", op, dialect.operators[op], *operands)
        else:
            raise NotImplementedError(f"CasADi operation {op} in {f.name()}")
    for index in range(f.n_out()):
        if not is_cleared(f, index):
            for position in range(f.numel_out(index)):
                if (index, position) not in written:
                    store(index, position, _constant(0.0, dialect))
    return _with_softplus_tails(statements, dialect)


def is_cleared(f: ca.Function, index: int) -> bool:
    """Whether an output has so many structural zeros that it is cleared before it is written."""
    return f.numel_out(index) - f.nnz_out(index) > MOST_ZEROS


def _with_softplus_tails(statements: list[Statement], dialect: Dialect) -> list[Statement]:
    """The same, where log1p(exp(-|z|)) is one call of what is far cheaper (softplus.c).

    What a derivative uses besides is left as it is.
    """
    uses = Counter(use for s in statements for use in s.uses)
    made = {s.name: s for s in statements}

    def only_operand(s: Statement, op: int) -> Statement | None:
        of = made.get(s.uses[0]) if s.uses else None
        return of if of is not None and of.op == op and uses[of.name] == 1 else None

    fused: dict[str, Statement] = {}
    absorbed: set[str] = set()
    for s in statements:
        if s.op != ca.OP_LOG1P or (exp := only_operand(s, ca.OP_EXP)) is None:
            continue
        if (negative := only_operand(exp, ca.OP_NEG)) is None or not negative.uses:
            continue
        if made[size := negative.uses[0]].op == ca.OP_FABS:
            tail = dialect.softplus_tail
            fused[s.name] = _statement(s.name, s.op, tail, Operand(size, is_name=True))
            absorbed |= {exp.name, negative.name}
    return [fused.get(s.name, s) for s in statements if s.name not in absorbed]


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


def _constant(number: float, dialect: Dialect) -> Operand:
    """A literal that C reads back to the same double."""
    literal = f"({number!r})" if number < 0 else repr(float(number))
    return Operand(dialect.constant.format(literal), is_name=False)
