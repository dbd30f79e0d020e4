"""C source of CasADi functions.

CasADi's own generator guards every access to an argument with a test for NULL and stores matrices
column by column in compressed form.  This one walks the same instruction list and writes
straight-line code on plain pointers with dense row-major matrices, which is what NumPy and Numba
hold, in single-assignment form, which is what compilers digest best.  Divisions by one value share
its reciprocal.

There are two dialects: SCALAR, plain doubles, and LANES, in which every variable holds the values
of as many independent evaluations (lanes.c, lanes_math.c), behind a function that takes and gives
ordinary arrays.
"""

from collections import Counter
from typing import NamedTuple

import casadi as ca

Named = dict[str, ca.SX]


class Function(NamedTuple):
    """A function to be generated; outputs keep their structural zeros."""

    name: str
    inputs: Named
    outputs: Named


class Dialect(NamedTuple):
    """How one kind of C writes a number, an instruction and the name of a function."""

    type: str
    prefix: str
    constant: str
    operators: dict[int, str]


_ARITHMETIC = {
    ca.OP_ASSIGN: "{0}",
    ca.OP_ADD: "{} + {}",
    ca.OP_SUB: "{} - {}",
    ca.OP_MUL: "{} * {}",
    ca.OP_DIV: "{} / {}",
    ca.OP_NEG: "-{0}",
    ca.OP_SQ: "{0} * {0}",
    ca.OP_TWICE: "{0} + {0}",
    ca.OP_INV: "1.0 / {0}",
}
_FUNCTIONS = {
    ca.OP_POW: "pow({}, {})",
    ca.OP_CONSTPOW: "pow({}, {})",
    ca.OP_FMIN: "fmin({}, {})",
    ca.OP_FMAX: "fmax({}, {})",
    ca.OP_SQRT: "sqrt({})",
    ca.OP_SIN: "sin({})",
    ca.OP_COS: "cos({})",
    ca.OP_TAN: "tan({})",
    ca.OP_EXP: "exp({})",
    ca.OP_LOG: "log({})",
    ca.OP_LOG1P: "log1p({})",
    ca.OP_TANH: "tanh({})",
    ca.OP_FABS: "fabs({})",
}
_SCALAR_LOGIC = {
    ca.OP_LT: "({} < {})",
    ca.OP_LE: "({} <= {})",
    ca.OP_EQ: "({} == {})",
    ca.OP_NE: "({} != {})",
    ca.OP_AND: "({} && {})",
    ca.OP_OR: "({} || {})",
    ca.OP_NOT: "(double)(!{0})",
    ca.OP_IF_ELSE_ZERO: "({} ? {} : 0.0)",
    ca.OP_SIGN: "(double)(({0} > 0.0) - ({0} < 0.0))",
}
_LANES_LOGIC = {
    ca.OP_LT: "truth({} < {})",
    ca.OP_LE: "truth({} <= {})",
    ca.OP_EQ: "truth({} == {})",
    ca.OP_NE: "truth({} != {})",
    ca.OP_AND: "truth(({} != 0.0) & ({} != 0.0))",
    ca.OP_OR: "truth(({} != 0.0) | ({} != 0.0))",
    ca.OP_NOT: "truth({0} == 0.0)",
    ca.OP_IF_ELSE_ZERO: "choose({} != 0.0, {}, splat(0.0))",
    ca.OP_SIGN: "lanes_sign({0})",
}
# The prefix keeps the dynamic linker from binding a name such as `step` to the C library's.
SCALAR = Dialect("double", "robot_", "{}", _ARITHMETIC | _FUNCTIONS | _SCALAR_LOGIC)
LANES = Dialect(
    "lanes",
    "lanes_",
    "splat({})",
    _ARITHMETIC | {op: f"lanes_{call}" for op, call in _FUNCTIONS.items()} | _LANES_LOGIC,
)


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


def emit(f: ca.Function, dialect: Dialect = SCALAR) -> str:
    """C source of one function: `void robot_NAME(const double *in..., double *out...)`.

    Inputs are vectors; outputs are dense, row-major, structural zeros included.  In LANES it is
    `lanes_NAME` on `lanes`.
    """
    arguments = [f"const {dialect.type} *restrict {name}" for name in f.name_in()]
    arguments += [f"{dialect.type} *restrict {name}" for name in f.name_out()]
    lines = [f"void {dialect.prefix}{f.name()}({', '.join(arguments)})", "{"]
    lines += [f"  (void){name};" for name, n in zip(f.name_in(), _sizes_in(f)) if n == 0]
    lines += [f"  {line}" for line in _body(f, dialect)]
    return "\n".join([*lines, "}"])


def emit_batch(f: ca.Function) -> str:
    """C source of `void robot_NAME_batch(long N, const double *in..., double *out...)`.

    Arrays are those of `robot_NAME`, N rows each; empty inputs are left out.
    """
    sizes_in, sizes_out = _sizes_in(f), [f.numel_out(i) for i in range(f.n_out())]
    inputs = [(name, size) for name, size in zip(f.name_in(), sizes_in, strict=True) if size]
    outputs = list(zip(f.name_out(), sizes_out, strict=True))
    arguments = [f"const double *restrict {name}" for name, _ in inputs]
    arguments += [f"double *restrict {name}" for name, _ in outputs]
    local = [f"{name}_[{size}]" for name, size in inputs + outputs]
    passed = [f"{name}_" if size else "0" for name, size in zip(f.name_in(), sizes_in)]
    passed += [f"{name}_" for name, _ in outputs]
    loaded = [f"to_lanes(n, {n}, {n}, {name} + i * {n}, {name}_);" for name, n in inputs]
    stored = [f"from_lanes(n, {n}, {n}, {name}_, {name} + i * {n});" for name, n in outputs]
    loop = [
        "const long n = at_most_lanes(N - i);",
        f"lanes {', '.join(local)};",
        *loaded,
        f"lanes_{f.name()}({', '.join(passed)});",
        *stored,
    ]
    lines = [f"void robot_{f.name()}_batch(long N, {', '.join(arguments)})", "{"]
    lines += ["  for (long i = 0; i < N; i += LANES) {", *(f"    {line}" for line in loop), "  }"]
    return "\n".join([*lines, "}"])


def _sizes_in(f: ca.Function) -> list[int]:
    return [f.nnz_in(i) for i in range(f.n_in())]


def _body(f: ca.Function, dialect: Dialect) -> list[str]:
    divisors = _shared_divisors(f)
    lines: list[str] = []
    value: dict[int, str] = {}  # work-vector slot -> name of the value it holds now
    reciprocal: dict[str, str] = {}
    written: set[tuple[int, int]] = set()
    positions = [_row_major(f.sparsity_out(index)) for index in range(f.n_out())]
    declare = f"const {dialect.type}"
    for k in range(f.n_instructions()):
        op, inputs, outputs = f.instruction_id(k), f.instruction_input(k), f.instruction_output(k)
        if op == ca.OP_OUTPUT:
            index, nonzero = outputs
            position = positions[index][nonzero]
            written.add((index, position))
            lines.append(f"{f.name_out(index)}[{position}] = {value[inputs[0]]};")
            continue
        if op == ca.OP_CONST:
            value[outputs[0]] = dialect.constant.format(_literal(f.instruction_constant(k)))
            continue
        if op == ca.OP_INPUT:
            expression = f"{f.name_in(inputs[0])}[{inputs[1]}]"
        elif op == ca.OP_DIV and k in divisors:
            numerator, divisor = (value[i] for i in inputs)
            if divisor not in reciprocal:
                reciprocal[divisor] = f"r{k}"
                lines.append(f"{declare} r{k} = 1.0 / {divisor};")
            expression = f"{numerator} * {reciprocal[divisor]}"
        elif op in dialect.operators:
            expression = dialect.operators[op].format(*(value[i] for i in inputs))
        else:
            raise NotImplementedError(f"CasADi operation {op} in {f.name()}")
        value[outputs[0]] = f"t{k}"
        lines.append(f"{declare} t{k} = {expression};")
    zero = dialect.constant.format("0.0")
    for index in range(f.n_out()):
        rows, columns = f.size_out(index)
        zeros = (p for p in range(rows * columns) if (index, p) not in written)
        lines += [f"{f.name_out(index)}[{p}] = {zero};" for p in zeros]
    return lines


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
