"""The whitelist grammar of expressions: text to a tree of nodes.

    e := number | pi | name | owner.name | e + e | e - e | e * e | e / e | e ** e | -e | +e |
    function(e, ...) | aggregate(e, last=e)
       | e < e <= ... | e and e | e or e | not e

Python's parser reads the text; nothing is ever executed.  A quantity is a number or a condition,
never both.
"""

import ast
import keyword
import math
import operator
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from vgps.codegen.errors import hint

MAX_LENGTH = 2000
MAX_DEPTH = 100
LARGEST_EXPONENT = 2**53

UNARY = ("sqrt", "sin", "cos", "tan", "exp", "log", "abs", "tanh", "wrap")
AGGREGATES = ("mean", "min", "max", "final")
OVER_THE_LAST = ("mean", "min", "max")  # those that may aggregate the end of a rollout alone

VECTORS = ("u", "du")  # names of as many numbers as there are actions
VARIADIC = ("min", "max")
MANY = 2  # stands for this number of arguments or more, where a function takes any number
NUMERIC_CALLS = frozenset(
    {(name, 1) for name in UNARY} | {(name, MANY) for name in VARIADIC} | {("atan2", 2)}
)
COST_CALLS = NUMERIC_CALLS | {("sum", 1)}
AGGREGATE_CALLS = frozenset((name, 1) for name in AGGREGATES)
SUCCESS_CALLS = COST_CALLS | AGGREGATE_CALLS
FUNCTION_NAMES = frozenset(name for name, _ in SUCCESS_CALLS)

PRIVATE = re.compile(r"(?<![A-Za-z0-9_])_\w*")
CHARACTERS = r"A-Za-z0-9_.,+\-*/()<>=!\s"
FOREIGN = re.compile(rf"[^{CHARACTERS}]|[^\x00-\x7f]")
MEANT = {"^": "**", "²": "**2", "³": "**3", "·": "*", "×": "*", "−": "-", "&": "and", "|": "or"}
MEANT |= {"π": "pi", "°": "*pi/180"}
NOT_DECIMAL = re.compile(r"(?<![\w.])(0[xXoObB]\w+|\d+_[\d_]*)")
RESERVED = re.compile(rf"\b({'|'.join(set(keyword.kwlist) - {'and', 'or', 'not'})})\b")
IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*")

LEFT_TO_RIGHT = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
SIGNS = {ast.UAdd: operator.pos, ast.USub: operator.neg}
COMPARISONS = {ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge}


class ExpressionError(Exception):
    """An expression cannot be used.

    column  0-based offset in its text, where the part at fault begins
    end     where it ends, if it is known
    """

    def __init__(self, message: str, column: int, end: int | None = None) -> None:
        self.column, self.end = column, end
        super().__init__(message)


class Operation(NamedTuple):
    """An operator between two operands; what it gives is the value of text[column:end]."""

    operator: Callable[[Any, Any], Any]
    column: int
    end: int


@dataclass(frozen=True)
class Node:
    """A part of an expression: text[column:end].

    kind   "constant", "name", "call", "sign", "arithmetic", "compare" or "logic"
    value  the number; the dotted name; the function's name; the sign as a function; the operations
           between n + 1 operands, applied from left to right; the n operators; "and", "or", "not"
    last   of a call: the seconds at the end of a rollout that it aggregates; None: all of it
    """

    kind: str
    value: Any
    children: tuple["Node", ...]
    column: int
    end: int
    last: "Node | None" = None

    @property
    def is_condition(self) -> bool:
        """Whether it is true or false, and not a number."""
        return self.kind in ("compare", "logic")

    @property
    def signature(self) -> tuple[str, int]:
        """Of a call: the function and the number of its arguments, which MANY bounds for some."""
        count = len(self.children)
        return self.value, min(count, MANY) if self.value in VARIADIC else count

    def walk(self) -> Iterator["Node"]:
        """This node and all below it, in order of appearance in the text."""
        yield self
        for child in (*self.children, *filter(None, [self.last])):
            yield from child.walk()


def read(text: str) -> Node:
    """The tree of an expression.

    Raises:
        ExpressionError: for all that the grammar lacks.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"the expression is longer than {MAX_LENGTH} characters", MAX_LENGTH)
    # Ahead of the rest of an attack, so that the sentence names what matters in it.
    private = PRIVATE.search(text)
    if private:
        name = private.group()
        raise ExpressionError(f"unknown name {name!r}{hint(name, FUNCTION_NAMES)}", private.start())
    foreign = FOREIGN.search(text)
    if foreign:
        meant = MEANT.get(foreign.group())
        tail = "" if meant is None else f"; did you mean {meant!r}?"
        if foreign.group() == "[":
            tail = "; actions and coordinates have names and no numbers: hip.u, hip.q"
        raise ExpressionError(f"unexpected character {foreign.group()!r}{tail}", foreign.start())
    if other := NOT_DECIMAL.search(text):
        raise ExpressionError(f"{other.group()!r} is not a decimal number", other.start())
    one_line = re.sub(r"\s", " ", text)
    indent = len(one_line) - len(one_line.lstrip())
    if indent == len(one_line):
        raise ExpressionError("the expression is empty", 0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            tree = ast.parse(one_line.strip(), mode="eval").body
        return _convert(tree, indent, 0)
    except SyntaxError as error:
        if reserved := RESERVED.search(text):
            word = reserved.group()
            raise ExpressionError(f"{word!r} is a reserved word", reserved.start()) from None
        last = len(text.rstrip()) - 1
        column = min(error.offset - 1 + indent, last) if error.offset else last
        reason = error.msg.partition(";")[0]  # what follows is advice on Python
        raise ExpressionError(f"not an expression: {reason}", column) from None
    except (ValueError, Warning) as error:
        raise ExpressionError(f"not an expression: {error}", indent) from None
    except (RecursionError, MemoryError):
        raise ExpressionError("the expression is nested too deeply", indent) from None


def unknown_name(node: Node, names: Iterable[str]) -> ExpressionError:
    """The error for a name that is not among the allowed ones."""
    return ExpressionError(f"unknown name {node.value!r}{hint(node.value, names)}", node.column)


def unknown_call(node: Node, calls: Iterable[tuple[str, int]]) -> ExpressionError:
    """The error for a call that is not among the allowed (function, number of arguments)."""
    counts = sorted(count for name, count in calls if name == node.value)
    if counts:
        wanted = f"{counts[0]} argument{'s' * (counts[0] > 1)}"
        if node.value in VARIADIC:
            wanted = f"{counts[0]} or more arguments"
        text = f"{node.value} takes {wanted} here, found {len(node.children)}"
        return ExpressionError(text, node.column)
    allowed = {name for name, _ in calls}
    return ExpressionError(
        f"unknown function {node.value!r}{hint(node.value, allowed)}", node.column
    )


def _convert(tree: ast.expr, indent: int, depth: int) -> Node:
    column, end = tree.col_offset + indent, (tree.end_col_offset or 0) + indent
    if depth > MAX_DEPTH:
        raise ExpressionError("the expression is nested too deeply", column)

    def convert(child: ast.expr, condition: bool) -> Node:
        node = _convert(child, indent, depth + 1)
        if node.is_condition != condition:
            wanted, given = ("condition", "number") if condition else ("number", "condition")
            raise ExpressionError(f"a {wanted} is expected here, not a {given}", node.column)
        return node

    def node(
        kind: str, value: Any, children: Sequence[ast.expr] = (), condition: bool = False
    ) -> Node:
        return Node(
            kind, value, tuple(convert(child, condition) for child in children), column, end
        )

    match tree:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return node("constant", _finite(value, column))
        case ast.Name(id="pi"):
            return node("constant", math.pi)
        case ast.Name(id=name):
            return node("name", _identifier(name, column))
        case ast.Attribute(value=ast.Name(id=owner), attr=name):
            return node("name", f"{_identifier(owner, column)}.{_identifier(name, column)}")
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return node("logic", "not", [operand], condition=True)
        case ast.UnaryOp(op=sign, operand=operand) if type(sign) in SIGNS:
            return node("sign", SIGNS[type(sign)], [operand])
        case ast.BinOp(left=base, op=ast.Pow(), right=exponent):
            power = Operation(operator.pow, column, end)
            return _with_whole_exponent(node("arithmetic", (power,), [base, exponent]), exponent)
        case ast.BinOp(op=op) if type(op) in LEFT_TO_RIGHT:
            operands, operations = _chain(tree, indent)
            return node("arithmetic", operations, operands)
        case ast.Compare(left=left, ops=ops, comparators=others):
            if not all(type(op) in COMPARISONS for op in ops):
                raise ExpressionError("only <, <=, > and >= compare", column)
            return node("compare", tuple(COMPARISONS[type(op)] for op in ops), [left, *others])
        case ast.BoolOp(op=op, values=values):
            return node("logic", "and" if isinstance(op, ast.And) else "or", values, condition=True)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            return node("call", _identifier(name, column), arguments)
        case ast.Call(
            func=ast.Name(id=name), args=arguments, keywords=[ast.keyword(arg=str() as key) as last]
        ):
            call = node("call", _identifier(name, column), arguments)
            _require_aggregate(call, key, last.col_offset + indent)
            return replace(call, last=convert(last.value, condition=False))
        case ast.Tuple():
            text = "a comma stands between arguments only, and a point before decimals"
            raise ExpressionError(text, column)
    raise ExpressionError(
        "only numbers, names, arithmetic, comparisons and calls of functions are allowed", column
    )


def _require_aggregate(call: Node, key: str, column: int) -> None:
    """Only what aggregates over time takes an argument with a name, which is ``last``."""
    if key != "last":
        raise ExpressionError(f"unknown argument {key!r}{hint(key, ['last'])}", column)
    if call.value not in OVER_THE_LAST or len(call.children) != 1:
        text = "'last' goes with mean, min or max of one quantity over time"
        raise ExpressionError(text, column)


def _chain(tree: ast.expr, indent: int) -> tuple[list[ast.expr], tuple[Operation, ...]]:
    """Operands and operations of (a + b) - c ..., from left to right.

    Python nests them one in another; a sum of a hundred terms is not deep for its reader.
    """
    operands, operations = [], []
    while isinstance(tree, ast.BinOp) and type(tree.op) in LEFT_TO_RIGHT:
        column, end = tree.col_offset + indent, (tree.end_col_offset or 0) + indent
        operands.append(tree.right)
        operations.append(Operation(LEFT_TO_RIGHT[type(tree.op)], column, end))
        tree = tree.left
    return [tree, *reversed(operands)], tuple(reversed(operations))


def _with_whole_exponent(power: Node, exponent: ast.expr) -> Node:
    """A literal whole exponent stays an int: symbolic engines treat x**2 better than x**2.0."""
    base, above = power.children
    match exponent:
        case ast.Constant(value=int() as value) if value <= LARGEST_EXPONENT:
            return replace(power, children=(base, replace(above, value=value)))
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() as value)) if (
            value <= LARGEST_EXPONENT
        ):
            whole = Node("constant", -value, (), above.column, above.end)
            return replace(power, children=(base, whole))
    return power


def _finite(value: float, column: int) -> float:
    try:
        result = float(value)
    except OverflowError:
        result = math.inf
    if not math.isfinite(result):
        raise ExpressionError("the number is too large", column)
    return result


def _identifier(name: str, column: int) -> str:
    if not IDENTIFIER.fullmatch(name):
        raise ExpressionError(f"{name!r} is not a name: names begin with a letter", column)
    return name
