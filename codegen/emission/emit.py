"""C source of CasADi functions.

CasADi's own generator guards every access to an argument with a test for NULL and stores matrices
column by column in compressed form.  This one walks the same instruction list (statements.py), puts
it into an order that suits a processor (schedule.py) and writes straight-line code on plain
pointers with dense row-major matrices, which is what NumPy and Numba hold.  In LANES a function
evaluates several states at once; a batch function around it works on ordinary arrays.
"""

import casadi as ca

from vgps.codegen.emission.c_syntax import SCALAR, Dialect
from vgps.codegen.emission.schedule import scheduled
from vgps.codegen.emission.statements import Statement, is_cleared, statements_of

LONGEST = 2500  # statements of one C function

Sizes = dict[str, int]  # how many numbers an argument has, by its name


def emit(f: ca.Function, dialect: Dialect = SCALAR) -> str:
    """C source of one function: `void robot_NAME(const double *in..., double *out...)`.

    Inputs are vectors; outputs are dense, row-major, structural zeros included.  In LANES it is
    `lanes_NAME` on `lanes`.  A long function is a sequence of shorter ones, because the time of a
    compiler grows faster than the length of a function.  What one of them computes and a later one
    uses goes through the array `w`; each is scheduled by itself, so that few values do.
    """
    name = f"{dialect.prefix}{f.name()}"
    parameters = [f"const {dialect.type} *restrict {argument}" for argument in f.name_in()]
    parameters += [f"{dialect.type} *restrict {argument}" for argument in f.name_out()]
    head = f"void {name}({', '.join(parameters)})"
    first = [f"(void){a};" for a, n in zip(f.name_in(), _sizes_in(f), strict=True) if n == 0]
    first += [
        f"memset({f.name_out(i)}, 0, {f.numel_out(i)} * sizeof({dialect.type}));"
        for i in range(f.n_out())
        if is_cleared(f, i)
    ]
    statements = statements_of(f, dialect)
    if len(statements) <= LONGEST:
        return _braced(head, first + _lines(statements, dialect))
    arguments = ", ".join([*f.name_in(), *f.name_out(), "w"])
    passed = ", ".join([*parameters, f"{dialect.type} *restrict w"])
    pieces, slots = _pieces(statements)
    local = f"static __attribute__((noinline)) void {name}"
    functions = [
        _braced(f"{local}_{i}({passed})", _lines(piece, dialect)) for i, piece in enumerate(pieces)
    ]
    calls = [f"{name}_{i}({arguments});" for i in range(len(pieces))]
    return "\n\n".join([*functions, _braced(head, [*first, f"{dialect.type} w[{slots}];", *calls])])


def emit_batch(name: str, inputs: Sizes, outputs: Sizes) -> str:
    """C source of `void robot_NAME_batch(long N, const double *in..., double *out...)`.

    It calls `lanes_NAME`.  Arrays are those of `robot_NAME`, N rows each, without empty inputs.
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


def _lines(statements: list[Statement], dialect: Dialect) -> list[str]:
    return [s.text(dialect) for s in scheduled(statements)]


def _braced(head: str, lines: list[str]) -> str:
    return "\n".join([head, "{", *(f"  {line}" for line in lines), "}"])


def _pieces(statements: list[Statement]) -> tuple[list[list[Statement]], int]:
    """Pieces of at most LONGEST statements, which read and write `w`, and the size of `w`."""
    length = -(-len(statements) // -(-len(statements) // LONGEST))
    home = {s.name: i // length for i, s in enumerate(statements)}  # piece that declares a name
    last = {use: i // length for i, s in enumerate(statements) for use in s.uses}
    reads = {s.name: s for s in statements if s.op == ca.OP_INPUT}  # of inputs, then of slots too
    slot: dict[str, int] = {}
    free: list[int] = []
    slots = 0
    pieces: list[list[Statement]] = []
    for start in range(0, len(statements), length):
        within, piece = statements[start : start + length], len(pieces)
        earlier = sorted({use for s in within for use in s.uses if home[use] < piece})
        written = []
        for s in within:
            if s.declares and s.name not in reads and last.get(s.name, piece) > piece:
                if not free:
                    free.append(slots)
                    slots += 1
                slot[s.name] = free.pop()
                written.append(Statement(f"w[{slot[s.name]}]", ca.OP_OUTPUT, s.name, (s.name,)))
        pieces.append([*(reads[name] for name in earlier), *within, *written])
        # Only after the piece: within it, scheduling could fill a slot before its last read.
        free += [slot[name] for name in earlier if name in slot and last[name] == piece]
        reads |= {s.expression: Statement(s.expression, ca.OP_INPUT, s.name, ()) for s in written}
    return pieces, slots
