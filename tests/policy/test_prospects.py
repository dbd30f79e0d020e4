"""Which parts of a success are lost for good at one bad step."""

import operator

import pytest

from vgps.codegen.description.robot import load
from vgps.policy.prospects import Bound, bounds

CARTPOLE = "tests/robots/cartpole.yaml"


@pytest.fixture
def asked(request):
    """What a success asks of each step of the pole on a cart; its pole is 0.6 m long."""
    path = request.config.rootpath / CARTPOLE
    return lambda success: bounds(load(path, {"task.success": success}))


@pytest.mark.parametrize(
    ("success", "expected"),
    [
        ("min(bob.y) > 0.5", [(0, operator.gt, 0.5)]),
        ("0.5 <= min(bob.y)", [(0, operator.ge, 0.5)]),
        ("max(abs(rail.q)) < 2*length", [(0, operator.lt, 1.2)]),
        ("2 >= max(rail.q)", [(0, operator.le, 2.0)]),
        ("mean(bob.y) > 0.5 and max(rail.q) < 2", [(1, operator.lt, 2.0)]),
        ("mean(bob.y) > 0 and (min(bob.y) > 0 and max(rail.q) < 2)", [(1, operator.gt, 0.0), (2, operator.lt, 2.0)]),
        ("0.1 < min(bob.y) < 2", [(0, operator.gt, 0.1)]),
    ],
)  # fmt: skip
def test_a_minimum_above_and_a_maximum_below_something_are_lost_at_once(asked, success, expected):
    assert asked(success) == [Bound(*each) for each in expected]


@pytest.mark.parametrize(
    "success",
    [
        "mean(bob.y) > 0.5",
        "final(bob.y) > 0.5",
        "min(bob.y) < 0.5",
        "max(rail.q) > 2",
        "min(bob.y) > 0.5 or max(rail.q) < 2",
        "not min(bob.y) < 0.5",
        "min(bob.y, last=0.5) > 0.5",
        "min(bob.y) > min(rail.q)",
        "1 > 0",
    ],
)
def test_all_else_may_recover(asked, success):
    assert asked(success) == []
