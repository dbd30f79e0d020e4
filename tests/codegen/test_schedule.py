"""The order of statements: still the same program, with less waiting and as few registers."""

from pathlib import Path

import casadi as ca
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codegen import load
from codegen.dialect import LANES, SCALAR
from codegen.emit import compile_expressions
from codegen.functions import generate
from codegen.schedule import scheduled
from codegen.statements import Statement, statements_of

MODELS = Path(__file__).parents[2] / "models"


@st.composite
def functions(draw):
    """Random expressions that share parts; some results are inputs, constants or structural zeros."""
    x = ca.SX.sym("x", 5)
    values = [x[i] for i in range(5)]
    for _ in range(draw(st.integers(1, 60))):
        a, b = (values[draw(st.integers(0, len(values) - 1))] for _ in range(2))
        values.append(draw(st.sampled_from([a + b, a - b, a * b, a / b, ca.sin(a), a * a, -b])))
    wanted = [values[draw(st.integers(0, len(values) - 1))] for _ in range(draw(st.integers(1, 9)))]
    return ca.Function("f", [x], [ca.vertcat(*wanted, 3.0, ca.SX(1, 1))], ["x"], ["y"])


@given(functions(), st.sampled_from([SCALAR, LANES]))
def test_the_same_statements_each_after_those_it_uses(f, dialect):
    before = statements_of(f, dialect)
    after = scheduled(before)
    assert sorted(after) == sorted(before)
    declared = set()
    for s in after:
        assert declared.issuperset(s.uses)
        declared.add(s.name)


def cycles(statements: list[Statement]) -> int:
    """One operation begins each cycle at most, in order, 4 cycles after its operands or later."""
    ready, cycle = {}, 0
    for s in statements:
        begins = max([cycle, *(ready[use] for use in s.uses)])
        computes = s.op not in (ca.OP_INPUT, ca.OP_OUTPUT)
        cycle = begins + computes
        ready[s.name] = begins + 4 * computes
    return max(ready.values())


def most_alive(statements: list[Statement]) -> int:
    """Results that are at most held at once, from where they are computed to their last use."""
    computed = {s.name for s in statements if s.op not in (ca.OP_INPUT, ca.OP_OUTPUT)}
    last = {use: i for i, s in enumerate(statements) for use in s.uses if use in computed}
    alive, most = set(), 0
    for i, s in enumerate(statements):
        alive = {name for name in alive if last[name] > i} | ({s.name} & set(last))
        most = max(most, len(alive))
    return most


def chains(n, length):
    """n results, each at the end of a chain; nothing in them fuses."""
    x = ca.SX.sym("x", n)
    y = [x[i] for i in range(n)]
    for i in range(n):
        for k in range(length):
            y[i] = ca.sin(y[i]) if k % 7 == 6 else y[i] * x[i]
    return ca.Function("f", [x], [ca.vertcat(*y)], ["x"], ["y"])


@pytest.mark.parametrize("n", [2, 4, 16])
def test_chains_run_side_by_side(n):
    before = statements_of(chains(n, 30), SCALAR)
    assert cycles(before) > 3.8 * 30 * n
    assert cycles(scheduled(before)) < 1.2 * max(30 * n, 4 * 30)


def test_results_that_wait_stay_few(monkeypatch):
    """All sines could begin at once, and only the sum of all of them needs them."""
    x, z = ca.SX.sym("x", 40), ca.SX.sym("z", 40)
    f = ca.Function("f", [x, z], [ca.sum1(ca.vec(ca.sin(x @ z.T) ** 2))], ["x", "z"], ["y"])
    before = statements_of(f, SCALAR)
    limited = scheduled(before)
    monkeypatch.setattr("codegen.schedule._ALIVE", np.inf)
    unlimited = scheduled(before)
    assert most_alive(before) < 5
    assert most_alive(limited) < 0.5 * most_alive(unlimited)
    assert cycles(limited) < 0.6 * cycles(before)


def test_a_robots_derivatives_need_no_more_registers():
    functions = {f.name: f for f in generate(load(MODELS / "walker.yaml")).functions}
    before = statements_of(compile_expressions(functions["acceleration"]), SCALAR)
    after = scheduled(before)
    assert most_alive(after) < 1.2 * most_alive(before)
    assert cycles(after) < 0.7 * cycles(before)


def test_the_order_depends_on_nothing_else():
    assert scheduled(statements_of(chains(9, 20), SCALAR)) == scheduled(
        statements_of(chains(9, 20), SCALAR)
    )
