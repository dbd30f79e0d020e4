"""The checks that stand before a ratio, with the peers of the test extra and without others."""

import sys

import numpy as np
import pytest

from vgps.bench import contacts, fits
from vgps.bench.accelerations import acceleration_benchmarks
from vgps.bench.iterations import iteration_benchmark
from vgps.bench.rounds import Disagreement, measure


@pytest.mark.parametrize(
    ("package", "make"),
    [
        ("pinocchio", lambda: acceleration_benchmarks("swimmer")[0]),
        ("crocoddyl", lambda: iteration_benchmark("swimmer", 500)),
    ],
)
def test_without_its_peer_a_row_says_so(package, make, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    for module in ("pinocchio_robot", "crocoddyl_problem"):
        monkeypatch.delitem(sys.modules, f"vgps.bench.{module}", raising=False)
    row = measure(make(), 1)
    assert row.ours > 0 and row.ratio is None
    assert row.peer_name.endswith(": not installed")


@pytest.mark.slow
def test_in_flight_mujoco_steps_as_we_do_and_a_lighter_pull_is_noticed():
    model = contacts.flight()
    contacts.require_same_flight(model)
    model.robot = model.robot.model_copy(update={"gravity": 9.8})
    with pytest.raises(Disagreement, match="a step in flight"):
        contacts.require_same_flight(model)


def test_evaluations_are_counted_until_the_target_is_reached(monkeypatch):
    """On a stretched bowl, from two starts, against a record of the values that were seen."""
    weights, values = np.array([1.0, 30.0, 900.0]), []

    def bowl(theta):
        values.append(0.5 * weights @ theta**2)
        return values[-1], weights * theta

    starts = [np.array([1.0, 1.0, 1.0]), np.array([-2.0, 0.5, 0.1])]
    monkeypatch.setattr(fits, "problem", lambda: (bowl, starts))
    for optimise in (fits._ours, fits._scipy):
        values.clear()
        count = fits._evaluations(optimise, [1e-3, 1e-6])
        assert count == len(values)
        first = next(i for i, value in enumerate(values) if value <= 1e-3)
        assert values[first + 1] == 0.5 * weights @ starts[1] ** 2
        assert values[-1] <= 1e-6 < min(values[first + 1 : -1])
