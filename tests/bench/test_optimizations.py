"""The peers of a whole optimisation solve our problem, and what is timed reaches the same cost."""

import casadi as ca
import numpy as np
import pytest
from quick import quick_ones

from vgps.bench import optimizations
from vgps.bench.robots import compiled, file_data, robot_of
from vgps.bench.rounds import Disagreement
from vgps.bench.shooting import Found, Shooting
from vgps.solver.optimize import optimize


@pytest.fixture(scope="module", params=quick_ones(["implicit", "rk4"], ["implicit"]))
def model(request):
    """A pole on a cart that is to lift it a little way, within 0.4 s and the limits of the cart."""
    data = file_data("swingup")
    data["task"] |= {"horizon": 20, "integrator": request.param, "substeps": 2}
    return compiled(robot_of(data, f"lift_{request.param}"))


@pytest.fixture(scope="module")
def program(model):
    return Shooting(model, optimizations.first_actions(model))


@pytest.mark.parametrize("solver", optimizations.SOLVERS)
def test_where_a_peer_ends_there_is_nothing_left_for_us_to_improve(model, program, solver):
    found = program.solver(solver)()
    assert found.gap < optimizations.GAP
    X = model.rollout(model.x0, found.U)
    assert model.cost(X, found.U).sum() == pytest.approx(found.cost, rel=1e-6)
    low, high = model.limits
    assert (found.U >= low - 1e-6).all() and (found.U <= high + 1e-6).all()
    assert optimize(model, found.U).cost == pytest.approx(found.cost, rel=1e-4)


def test_fewer_iterations_end_earlier(program):
    whole = program.solver("fatrop")()
    part = program.solver("fatrop", whole.iterations // 2)()
    assert part.iterations < whole.iterations
    assert part.cost > whole.cost or part.gap > whole.gap


def test_another_step_is_noticed(model):
    heavy = compiled(model.robot.model_copy())
    heavy.robot = model.robot.model_copy(update={"gravity": 9.0})
    with pytest.raises(Disagreement, match="a step differs"):
        Shooting(heavy, optimizations.first_actions(model))


def test_without_a_solver_a_row_says_so(monkeypatch):
    monkeypatch.setattr(ca, "has_nlpsol", lambda name: False)
    rows = optimizations.optimization_rows("swingup", 1)
    assert [row.peer_name for row in rows] == ["fatrop: not installed", "ipopt: not installed"]
    assert all(row.ours > 0.0 and row.ratio is None for row in rows)


def test_a_trajectory_with_gaps_is_none(monkeypatch):
    class Lost:
        def solver(self, name):
            return lambda: Found(np.zeros((1, 1)), 1.0, 0.5, 77)

    monkeypatch.setattr(optimizations, "_program", lambda name: Lost())
    row, _ = optimizations.optimization_rows("swingup", 1)
    said = "fatrop: disagrees, after 77 iterations gaps of 5.0e-01 are left in its trajectory"
    assert row.peer_name == said and row.ratio is None


class Slow:
    """A program whose cost falls by one an iteration, from 10, and whose gaps close at the eighth."""

    def solver(self, name, iterations):
        gap = 0.0 if iterations >= 8 else 1.0
        return lambda: Found(np.zeros((1, 1)), 10.0 - iterations, gap, iterations)


@pytest.mark.parametrize(("target", "expected"), [(7.0, 8), (1.5, 9), (0.0, 10)])
def test_iterations_are_counted_until_cost_and_gaps_are_small(target, expected):
    assert optimizations.iterations_to(Slow(), "fatrop", target, 10) == expected
