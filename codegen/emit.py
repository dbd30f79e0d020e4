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

LONGEST = 1000  # statements of one C function

Named = dict[str, ca.SX]
Sizes = dict[str, int]  # how many numbers an argument has, by its name


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
    `lanes_NAME` on `lanes`.  A long function is a sequence of shorter ones, because compilers take
    more than proportionally longer over long ones; what one of them computes and a later one uses
    goes through the array `w`.
    """
    name = f"{dialect.prefix}{f.name()}"
    parameters = [f"const {dialect.type} *restrict {argument}" for argument in f.name_in()]
    parameters += [f"{dialect.type} *restrict {argument}" for argument in f.name_out()]
    head = f"void {name}({', '.join(parameters)})"
    unused = [f"(void){a};" for a, n in zip(f.name_in(), _sizes_in(f), strict=True) if n == 0]
    statements = _statements(f, dialect)
    if len(statements) <= LONGEST:
        return _braced(head, unused + [s.text(dialect) for s in statements])
    arguments = ", ".join([*f.name_in(), *f.name_out(), "w"])
    passed = ", ".join([*parameters, f"{dialect.type} *restrict w"])
    pieces, slots = _pieces(statements, dialect)
    functions = [
        _braced(f"static __attribute__((noinline)) void {name}_{i}({passed})", lines)
        for i, lines in enumerate(pieces)
    ]
    calls = [f"{name}_{i}({arguments});" for i in range(len(pieces))]
    return "\n\n".join([*functions, _braced(head, [f"{dialect.type} w[{slots}];", *calls])])


def emit_batch(name: str, inputs: Sizes, outputs: Sizes) -> str:
    """C source of `void robot_NAME_batch(long N, const double *in..., double *out...)`.

    It calls `lanes_NAME`.  Arrays are those of `robot_NAME`, N rows each; empty inputs are left out.
    """
    filled = {argument: size for argument, size in inputs.items() if size}
    arguments = [f"const double *restrict {argument}" for argument in filled]
    arguments += [f"double *restrict {argument}" for argument in outputs]
    local = [f"{argument}_[{size}]" for argument, size in (filled | outputs).items()]
    passed = [f"{argument}_" if size else "0" for argument, size in (inputs | outputs).items()]
    loaded = [f"to_lanes(n, {n}, {n}, {a} + i * {n}, {a}_);" for a, n in filled.items()]
    stored = [f"from_lanes(n, {n}, {n}, {a}_, {a} + i * {n});" for a, n in outputs.items()]
    loop = [
        "const long n = at_most_lanes(N - i);",
        f"lanes {', '.join(local)};",
        *loaded,
        f"lanes_{name}({', '.join(passed)});",
        *stored,
    ]
    lines = [f"void robot_{name}_batch(long N, {', '.join(arguments)})", "{"]
    lines += ["  for (long i = 0; i < N; i += LANES) {", *(f"    {line}" for line in loop), "  }"]
    return "\n".join([*lines, "}"])


def sizes(f: ca.Function) -> tuple[Sizes, Sizes]:
    """Numbers in each input and output of a function, by its name."""
    inputs = dict(zip(f.name_in(), _sizes_in(f), strict=True))
    return inputs, {name: f.numel_out(name) for name in f.name_out()}


def _sizes_in(f: ca.Function) -> list[int]:
    return [f.nnz_in(i) for i in range(f.n_in())]


class _Statement(NamedTuple):
    """`name = expression`, where a name without a declaration is an element of an output."""

    name: str
    expression: str
    uses: tuple[str, ...]  # names in the expression that earlier statements declare

    @property
    def declares(self) -> bool:
        return "[" not in self.name

    def text(self, dialect: Dialect) -> str:
        declaration = f"const {dialect.type} " if self.declares else ""
        return f"{declaration}{self.name} = {self.expression};"


def _braced(head: str, lines: list[str]) -> str:
    return "\n".join([head, "{", *(f"  {line}" for line in lines), "}"])


def _statements(f: ca.Function, dialect: Dialect) -> list[_Statement]:
    divisors = _shared_divisors(f)
    statements: list[_Statement] = []
    value: dict[int, str] = {}  # work-vector slot -> name of the value it holds now, or a constant
    reciprocal: dict[str, str] = {}
    written: set[tuple[int, int]] = set()
    positions = [_row_major(f.sparsity_out(index)) for index in range(f.n_out())]

    def state(name: str, expression: str, *uses: str) -> None:
        declared = tuple(use for use in uses if use[0] in "tr")
        statements.append(_Statement(name, expression, declared))

    for k in range(f.n_instructions()):
        op, inputs, outputs = f.instruction_id(k), f.instruction_input(k), f.instruction_output(k)
        if op == ca.OP_OUTPUT:
            index, nonzero = outputs
            position = positions[index][nonzero]
            written.add((index, position))
            state(f"{f.name_out(index)}[{position}]", value[inputs[0]], value[inputs[0]])
            continue
        if op == ca.OP_CONST:
            value[outputs[0]] = dialect.constant.format(_literal(f.instruction_constant(k)))
            continue
        if op == ca.OP_INPUT:
            state(f"t{k}", f"{f.name_in(inputs[0])}[{inputs[1]}]")
        elif op == ca.OP_DIV and k in divisors:
            numerator, divisor = (value[i] for i in inputs)
            if divisor not in reciprocal:
                reciprocal[divisor] = f"r{k}"
                state(f"r{k}", f"1.0 / {divisor}", divisor)
            state(f"t{k}", f"{numerator} * {reciprocal[divisor]}", numerator, reciprocal[divisor])
        elif op in dialect.operators:
            operands = [value[i] for i in inputs]
            state(f"t{k}", dialect.operators[op].format(*operands), *operands)
        else:
            raise NotImplementedError(f"CasADi operation {op} in {f.name()}")
        value[outputs[0]] = f"t{k}"
    zero = dialect.constant.format("0.0")
    for index in range(f.n_out()):
        rows, columns = f.size_out(index)
        zeros = (p for p in range(rows * columns) if (index, p) not in written)
        for p in zeros:
            state(f"{f.name_out(index)}[{p}]", zero)
    return statements


def _pieces(statements: list[_Statement], dialect: Dialect) -> tuple[list[list[str]], int]:
    """Lines of each piece of at most LONGEST statements, and the size of `w`."""
    count = -(-len(statements) // LONGEST)
    length = -(-len(statements) // count)
    home = {s.name: i // length for i, s in enumerate(statements)}  # piece that declares a name
    last = {use: i // length for i, s in enumerate(statements) for use in s.uses}
    slot: dict[str, int] = {}
    free: list[int] = []
    slots = 0
    pieces = []
    for piece in range(count):
        within = statements[piece * length : (piece + 1) * length]
        earlier = sorted({use for s in within for use in s.uses if home[use] < piece})
        lines = [f"const {dialect.type} {name} = w[{slot[name]}];" for name in earlier]
        # What is used here for the last time has been read above: its slot can be filled again.
        free += [slot[name] for name in earlier if last[name] == piece]
        for s in within:
            lines.append(s.text(dialect))
            if s.declares and last.get(s.name, piece) > piece:
                if not free:
                    free.append(slots)
                    slots += 1
                slot[s.name] = free.pop()
                lines.append(f"w[{slot[s.name]}] = {s.name};")
        pieces.append(lines)
    return pieces, slots


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
