"""The order of statements: still the same program, with less waiting and as few registers."""

import os
import subprocess
import sys
from functools import cache
from itertools import count

import casadi as ca
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vgps.codegen.description.robot import load
from vgps.codegen.emission import schedule
from vgps.codegen.emission.c_syntax import LANES, SCALAR
from vgps.codegen.emission.schedule import scheduled
from vgps.codegen.emission.statements import Statement, statements_of
from vgps.codegen.folders import MODELS
from vgps.codegen.mechanics.function import compile_expressions
from vgps.codegen.mechanics.functions import generate


@st.composite
def functions(draw, sums=True):
    """Random expressions that share parts; some results are inputs, constants or structural zeros."""
    x = ca.SX.sym("x", 5)
    values = [x[i] for i in range(5)]
    for _ in range(draw(st.integers(1, 60))):
        a, b = (values[draw(st.integers(0, len(values) - 1))] for _ in range(2))
        others = [a + b, a - b] if sums else []
        values.append(draw(st.sampled_from([*others, a * b, a / b, ca.sin(a), a * a, -b])))
    wanted = [values[draw(st.integers(0, len(values) - 1))] for _ in range(draw(st.integers(1, 9)))]
    return ca.Function("f", [x], [ca.vertcat(*wanted, 3.0, ca.SX(1, 1))], ["x"], ["y"])


@settings(max_examples=40)
@given(functions(), st.sampled_from([SCALAR, LANES]))
def test_the_same_statements_each_after_those_it_uses(f, dialect):
    before = statements_of(f, dialect)
    after = scheduled(before)
    assert sorted(after) == sorted(before)
    declared = set()
    for s in after:
        assert declared.issuperset(s.uses)
        declared.add(s.name)


def computing(statements: list[Statement]) -> list[Statement]:
    return [s for s in statements if s.op not in (ca.OP_INPUT, ca.OP_OUTPUT)]


def plain_order(statements: list[Statement], most: int) -> list[Statement]:
    """The rules of schedule.py where nothing fuses, with all that they ask looked up each time."""
    every, order, begun = computing(statements), [], {}
    users = {s.name: [user for user in every if s.name in user.uses] for s in every}

    def latency(s):
        return schedule._LATENCY.get(s.op, schedule._USUAL_LATENCY)

    @cache
    def way(s):
        return latency(s) + max((way(user) for user in users[s.name]), default=0)

    def waited_for(name):
        return [user for user in users[name] if user.name not in begun]

    def growth(s):
        freed = sum(waited_for(use) == [s] for use in set(s.uses) & set(users))
        return bool(users[s.name]) - freed

    def is_ready(s, cycle):
        operands = [o for o in every if o.name in s.uses]
        return s.name not in begun and all(
            o.name in begun and begun[o.name] + latency(o) <= cycle for o in operands
        )

    for cycle in count():
        for slot in range(schedule._ISSUE_WIDTH):
            ready = [s for s in every if is_ready(s, cycle)]
            if sum(bool(waited_for(name)) for name in begun) < most:
                chosen = sorted(ready, key=lambda s: -way(s))[:1]
            else:
                thrifty = [s for s in ready if growth(s) <= 0]
                chosen = sorted(thrifty, key=lambda s: (growth(s), -way(s)))[:1]
                chosen = chosen or ready[: slot == 0]
            for s in chosen:
                begun[s.name] = cycle
                order.append(s)
        if len(order) == len(every):
            return order


@settings(max_examples=40)
@given(functions(sums=False), st.integers(0, 6))
def test_the_rules(f, most):
    """However few values may be live; sorting is stable, and so keeps the given order in ties."""
    statements = statements_of(f, SCALAR)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schedule, "_MOST_LIVE", most)
        order = computing(scheduled(statements))
    assert order == plain_order(statements, most)


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
    computed = {s.name for s in computing(statements)}
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
    x, z = ca.SX.sym("x", 30), ca.SX.sym("z", 30)
    f = ca.Function("f", [x, z], [ca.sum1(ca.vec(ca.sin(x @ z.T) ** 2))], ["x", "z"], ["y"])
    before = statements_of(f, SCALAR)
    limited = scheduled(before)
    monkeypatch.setattr(schedule, "_MOST_LIVE", np.inf)
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


EMITTED = """
from vgps.codegen.description.robot import load
from vgps.codegen.emission import schedule
from vgps.codegen.emission.emit import emit
from vgps.codegen.mechanics.function import compile_expressions
from vgps.codegen.mechanics.functions import generate

for f in generate(load("models/swimmer.yaml")).functions:
    print(emit(compile_expressions(f)))
"""


def test_every_process_writes_the_same_order():
    """Neither the hashes of names nor the places of objects in memory may decide."""

    def source(seed):
        return subprocess.run(
            [sys.executable, "-c", EMITTED],
            cwd=MODELS.parent,
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    first = source("1")
    assert "robot_acceleration" in first
    assert first == source("2")
