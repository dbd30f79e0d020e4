"""The expression language: what it accepts, refuses, and that it computes what Python computes."""

import math
import operator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vgps.codegen.description.expression import (
    NUMERIC_FUNCTIONS,
    ExpressionError,
    decide,
    number,
    parse,
    split_aggregates,
)


def refusal(text, **parameters):
    with pytest.raises(ExpressionError) as caught:
        number(text, parameters)
    return caught.value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-5", 1e-5),
        ("-m/2 + 1", 0.0),
        ("2*pi/3", 2 * math.pi / 3),
        ("min(m, 3) + max(1, m)", 4.0),
        ("sqrt(abs(-4))**3", 8.0),
        ("  m\n + 1 ", 3.0),
        ("2**-1", 0.5),
        ("min(4, m, 3, 5) - max(1, 2, 3)", -1.0),
        ("+".join(["m"] * 900), 1800.0),
        ("8 - m - 1 + m*3/2*2/3 - 1", 6.0),
        ("-2**2", -4.0),
        ("atan2(-m, -m)", -0.75 * math.pi),
        ("wrap(-pi) - wrap(pi)", 0.0),
        ("wrap(m) - m", 0.0),
    ],
)
def test_numbers(text, value):
    assert number(text, {"m": 2.0}) == value


@pytest.mark.parametrize(
    ("text", "column", "part"),
    [
        ("1 + mas", 4, "unknown name 'mas'; did you mean 'mass'? allowed: mass"),
        ("2*sine(1)", 2, "unknown function 'sine'; did you mean 'sin'?"),
        ("__import__(os)", 0, "unknown name '__import__'"),
        ("1 + __import__('os')", 4, "unknown name '__import__'"),
        ("mass.__class__", 5, "unknown name '__class__'"),
        ("mass.a.b", 0, "only numbers, names"),
        ("mass[0]", 4, "unexpected character '['; actions and coordinates have names"),
        ("lambda: 1", 6, "unexpected character ':'"),
        ("1 if mass else 2", 0, "only numbers, names"),
        ("mass # note", 5, "unexpected character '#'"),
        ("min(mass=1)", 4, "unknown argument 'mass'; allowed: last"),
        ("mean(1, lats=1)", 8, "unknown argument 'lats'; did you mean 'last'?"),
        ("2 + final(1, last=1)", 13, "'last' goes with mean, min or max of one quantity over time"),
        ("sin(1, last=1)", 7, "'last' goes with mean, min or max of one quantity over time"),
        ("min(1, 2, last=1)", 10, "'last' goes with mean, min or max of one quantity over time"),
        ("min(last=1)", 4, "'last' goes with mean, min or max of one quantity over time"),
        ("mean(1, last=2 > 1)", 13, "a number is expected here, not a condition"),
        ("mean(1, last=1, last=2)", 0, "only numbers, names"),
        ("mean(1, **mass)", 0, "only numbers, names"),
        ("min(1, last=1)", 0, "min takes 2 or more arguments here, found 1"),
        ("atan2(1)", 0, "atan2 takes 2 arguments here, found 1"),
        ("atan2(1, 2, 3)", 0, "atan2 takes 2 arguments here, found 3"),
        ("wrap(1, 2)", 0, "wrap takes 1 argument here, found 2"),
        ("min(*mass)", 4, "only numbers, names"),
        ("sin(1, 2)", 0, "sin takes 1"),
        ("True", 0, "only numbers, names"),
        ("1j", 0, "only numbers, names"),
        ("(1, 2)", 0, "a comma stands between arguments only"),
        ("1,5", 0, "a comma stands between arguments only"),
        ("mass^2", 4, "unexpected character '^'; did you mean '**'?"),
        ("90°", 2, "unexpected character '°'; did you mean '*pi/180'?"),
        ("2*0x1F", 2, "'0x1F' is not a decimal number"),
        ("1 + lambda", 4, "'lambda' is a reserved word"),
        ("max(mass)", 0, "max takes 2 or more arguments here, found 1"),
        ("mass == 1", 0, "only <, <=, > and >="),
        ("1 + (mass > 1)", 5, "a number is expected here, not a condition"),
        ("mass > 1", 0, "a number is expected, not a condition"),
        ("not mass", 4, "a condition is expected here, not a number"),
        ("1 +", 2, "not an expression"),
        ("", 0, "empty"),
        (" \n ", 0, "empty"),
        ("mä", 1, "unexpected character 'ä'"),
        ("1" * 2001, 2000, "longer than 2000"),
        ("1" * 400, 0, "too large"),
        ("1e999", 0, "too large"),
        ("-" * 1500 + "1", 0, "nested too deeply"),
        ("1 + 1/0", 4, "'1/0' divides by zero"),
        ("9**9**9**9", 3, "'9**9**9' is too large"),
        ("exp(1000)", 0, "'exp(1000)' is too large"),
        ("2*sqrt(-1)", 2, "'sqrt(-1)' is not defined"),
        ("(-8)**0.5", 0, "is not a finite real number"),
        ("1e200*1e200", 0, "is not a finite real number"),
    ],
)
def test_refusals_name_the_fault_and_its_column(text, column, part):
    error = refusal(text, mass=1.0)
    if "nested" not in part:
        assert error.column == column
    assert part in str(error)


def test_names_and_calls():
    expression = parse("1e-5*sum(u**2) + min(com.vx, v_target)")
    assert expression.names == {"u", "com.vx", "v_target"}
    assert expression.calls == {("sum", 1), ("min", 2)}


def test_evaluates_over_any_objects_with_operators():
    class Spelled(str):
        def __add__(self, other):
            return Spelled(f"({self} + {other})")

        def __pow__(self, exponent):
            return Spelled(f"{self}^{exponent!r}")

    names = {"com.vx": Spelled("v"), "u": Spelled("u")}
    result = parse("sum(u**2) + com.vx").evaluate(names, {"sum": lambda u: Spelled(f"sum {u}")})
    assert result == "(sum u^2 + v)"


def test_evaluate_refuses_what_is_not_given():
    with pytest.raises(ExpressionError, match="unknown name 'hip.yy'; did you mean 'hip.y'"):
        parse("hip.yy").evaluate({"hip.y": 1.0}, {})
    with pytest.raises(ExpressionError, match="unknown function 'sum'"):
        parse("sum(u)").evaluate({"u": 1.0}, NUMERIC_FUNCTIONS)


def test_aggregates_are_separated_in_order():
    success = parse("mean(com.vx) > 0.7*v and not final(min(hip.y, 2)) < min(hip.y)")
    outer, terms = split_aggregates(success)
    assert [term.aggregate for term in terms] == ["mean", "final", "min"]
    assert [
        term.inner.evaluate({"com.vx": 1.0, "hip.y": 3.0}, NUMERIC_FUNCTIONS) for term in terms
    ] == [1.0, 2.0, 3.0]
    assert outer.names == {"v", "#0", "#1", "#2"}
    assert decide(outer, [0.8, 0.5, 0.4], {"v": 1.0})
    assert not decide(outer, [0.6, 0.5, 0.4], {"v": 1.0})
    assert not decide(outer, [0.8, 0.3, 0.4], {"v": 1.0})


def test_an_aggregate_may_be_over_the_end_alone():
    text = "mean(com.vx, last=2*span) > 1 and min(hip.y) > final(hip.y)"
    _, (first, *others) = split_aggregates(parse(text))
    assert (first.aggregate, first.inner.names) == ("mean", {"com.vx"})
    assert number("span", {"span": 3.0}) * 2 == first.last.evaluate({"span": 3.0}, {})
    assert first.last.column == text.index("2*span")
    assert [term.last for term in others] == [None, None]


@given(st.floats(-1e5, 1e5))
def test_an_angle_is_wrapped_by_whole_turns(angle):
    """Python's remainder is exact, and ties at half a turn."""
    wrapped, exact = number(f"wrap({angle!r})", {}), math.remainder(angle, 2 * math.pi)
    apart = abs(wrapped - exact) % (2 * math.pi)
    assert min(apart, 2 * math.pi - apart) < 1e-10
    assert abs(wrapped) < math.pi + 1e-10


def test_a_rollout_that_diverged_does_not_succeed():
    outer, _ = split_aggregates(parse("mean(com.vx) > 1 or 2 > 1"))
    assert not decide(outer, [math.nan], {})


def test_nested_aggregates_are_refused():
    with pytest.raises(
        ExpressionError, match="min stands inside another aggregate, mean"
    ) as caught:
        split_aggregates(parse("1 + mean(2*min(com.vx)) > 1"))
    assert caught.value.column == 11


def test_chained_comparison_and_precedence():
    assert parse("0 < x <= 2 and not x > 3 or x < -9").evaluate({"x": 2.0}, {}) is True
    assert parse("0 < x <= 2").evaluate({"x": 2.5}, {}) is False


OPERATORS = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
}
LEAVES = (
    st.floats(0.0, 1e6).map(lambda value: (repr(value), value))
    | st.just(("m", 0.37))
    | st.just(("pi", math.pi))
)


def larger(parts):
    def applied(function, *values):
        """NaN where the language has no value: what has failed stays so, though 1 / inf is 0."""
        try:
            value = function(*values)
        except (ArithmeticError, ValueError):
            return math.nan
        real = isinstance(value, float) and all(map(math.isfinite, (*values, value)))
        return value if real else math.nan

    def binary(args):
        (left, a), symbol, (right, b) = args
        return f"({left}) {symbol} ({right})", applied(OPERATORS[symbol], a, b)

    def call(args):
        name, (inner, a) = args
        return f"{name}({inner})", applied(NUMERIC_FUNCTIONS[name], a)

    binaries = st.tuples(parts, st.sampled_from(list(OPERATORS)), parts).map(binary)
    calls = st.tuples(st.sampled_from(["sin", "exp", "sqrt", "log", "abs", "tanh"]), parts).map(
        call
    )
    return binaries | calls | parts.map(lambda part: (f"-({part[0]})", -part[1]))


@given(st.recursive(LEAVES, larger, max_leaves=20))
@example((f"(m) / ((1.0) / ({5e-324!r}))", math.nan))
def test_agrees_with_python(tree):
    text, expected = tree
    try:
        assert number(text, {"m": 0.37}) == expected
    except ExpressionError:
        assert len(text) > 2000 or math.isnan(expected)


SCRAPS = [
    "1",
    "m",
    "hip.y",
    "u",
    "(",
    ")",
    "+",
    "**",
    "/0",
    ",",
    "min(",
    "sin(",
    "mean(",
    "<",
    "and",
    "not ",
    " ",
    "e9",
    "_",
    "0x",
    "\\",
    "\n",
    "'",
    "[",
    ":=",
    "if",
    "9**9",
    "ª",
    "\0",
]


@given(st.text(max_size=60) | st.lists(st.sampled_from(SCRAPS), max_size=30).map("".join))
def test_arbitrary_text_raises_nothing_but_expression_errors(text):
    try:
        expression = parse(text)
        split_aggregates(expression)
        number(text, {"m": 2.0, "u": 0.0})
    except ExpressionError as error:
        assert 0 <= error.column <= len(text)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 1990,
        "-" * 1990 + "1",
        "(" * 150 + "1" + ")" * 150,
        "not " * 400 + "1>0",
        "9" * 1990,
    ],
)
def test_bombs_are_refused(text):
    with pytest.raises(ExpressionError):
        number(text, {}) if text.count("(") != 150 else parse(text + "+")


@pytest.mark.parametrize(
    "text",
    [
        "sqrt(final(a)) < 2",
        "1/final(a) > 0 or final(a) < 9",
        "log(mean(a)) > -9",
        "final(a)**0.5 < 9",
        "exp(-1000*final(a)) > 0",
        "not sqrt(final(a)) > 0",
        "final(a) < 1/none",
    ],
)
def test_a_condition_that_is_not_defined_does_not_hold(text):
    """At -1 or at 0 each of them asks for what no real number is."""
    outer, terms = split_aggregates(parse(text))
    assert not all(decide(outer, [value] * len(terms), {"none": 0.0}) for value in (-1.0, 0.0))


def test_what_decides_before_the_undefined_part_counts():
    outer, _ = split_aggregates(parse("final(a) < 0 or sqrt(final(a)) > 2"))
    assert decide(outer, [-1.0, -1.0], {})
