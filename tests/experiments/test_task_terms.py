"""Pieces of expressions, against NumPy."""

import numpy as np
import pytest

from vgps.codegen.description.expression import Expression, parse
from vgps.experiments.task_terms import _summands, cost_terms, success_parts


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("a.x", ["a.x"]),
        ("2*a.x + b.y", ["2*a.x", "b.y"]),
        ("a.x - (b.y - 3*c.z)", ["a.x", "b.y", "3*c.z"]),
        ("-a.x + b.y*c.z/2 - 4", ["a.x", "b.y*c.z/2", "4"]),
        ("(a.x + b.y)*2 + c.z", ["(a.x + b.y)*2", "c.z"]),
        ("(a.x + b.y)/2", ["(a.x + b.y)/2"]),
        ("-(a.x + b.y)", ["a.x", "b.y"]),
        ("(a.x +\n b.y)**2 + c.z", ["(a.x + b.y)**2", "c.z"]),
    ],
)
def test_a_sum_is_taken_apart_at_its_top(text, pieces):
    expression = parse(text)
    found = [Expression(text, node).written for node in _summands(expression.node)]
    assert found == pieces


@pytest.fixture
def rollout(cartpole, rng):
    U = rng.normal(size=(30, 1))
    return cartpole.rollout([0.3, 0.1, 0, 0], U), U


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_shares_are_those_of_the_terms(cartpole, rollout):
    X, U = rollout
    terms = cost_terms(cartpole, X, U)
    q, h, _, v = X[:-1].T
    sums = np.array([0.02 * (U**2).sum(), (q**2).sum(), 20 * (h**2).sum(), 0.04 * (v**2).sum()])
    assert sums.sum() == pytest.approx(cartpole.cost(X, U).sum())
    assert [term.share for term in terms] == pytest.approx(sums / sums.sum())
    assert [term.is_of_actions for term in terms] == [True, False, False, False]
    assert terms[1].quantities == {"rail.q"}


def test_nothing_has_a_share_where_all_is_zero(cartpole):
    assert cost_terms(cartpole, np.zeros((3, 4)), np.zeros((2, 1))) == []


def test_parts_of_success_have_values(cartpole, rollout):
    X, U = rollout
    upright, near = success_parts(cartpole, X, U)
    heights = [cartpole.points(x[:2])["bob"][1] for x in X[:-1]]
    assert upright.values == {"mean(bob.y)": pytest.approx(np.mean(heights))}
    assert near.values == {"max(abs(rail.q))": pytest.approx(np.abs(X[:-1, 0]).max())}
    assert (upright.quantities, near.quantities) == ({"bob.y"}, {"rail.q"})
    assert (upright.holds and near.holds) is cartpole.success(X, U)
    assert upright.expression.written == "mean(bob.y) > 0.95*length"
