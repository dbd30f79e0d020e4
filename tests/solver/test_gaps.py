"""Closing the gaps of a trajectory: exact where the problem is linear and quadratic."""

import numpy as np
import pytest

from vgps.solver.gaps import SIZES, close_gaps, gaps
from vgps.solver.ilqr import Settings, ilqr
from vgps.solver.objective import task_objective

EXACT = Settings(cost_tolerance=1e-12, regularization_start=0.0)
CART = """\
name: cart
base: fixed
links: [{name: cart, mass: 2}]
joints: [{name: rail, type: prismatic, parent: world, child: cart, actuated: true, damping: 0.5}]
task:
  dt: 0.1
  horizon: 40
  cost: rail.q**2 + 0.1*rail.v**2 + 0.2*rail.q*rail.v + 0.05*sum(u**2)
  final_cost: 7*(rail.q - 1)**2
  success: max(abs(rail.q)) < 3
"""
PENDULUM = """\
name: pendulum
gravity: 9.81
base: fixed
links: [{name: rod, mass: 1, length: 1, direction: pi/2}]
joints: [{name: hinge, parent: world, child: rod, actuated: true, torque_limit: 2}]
task:
  dt: 0.05
  horizon: 100
  cost: 10*hinge.q**2 + hinge.v**2 + 1e-2*sum(u**2)
  success: max(abs(hinge.q)) < 0.5
"""


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_one_step_solves_a_linear_quadratic_problem(build_text, rng):
    """Whatever states and actions it begins with: the optimum is that of the actions alone."""
    model = build_text(CART)
    T = model.robot.task.horizon
    X, U = rng.standard_normal((T + 1, model.nx)), rng.standard_normal((T, model.nu))
    X_closed, U_closed = close_gaps(model, X, U)
    best = ilqr(model, task_objective(model, T), X[0], np.zeros_like(U), EXACT)
    np.testing.assert_allclose(U_closed, best.U, atol=1e-9)
    np.testing.assert_allclose(X_closed, best.X, atol=1e-9)


def test_what_has_no_gaps_stays(build_text, rng):
    model = build_text(PENDULUM)
    U = 0.1 * rng.standard_normal((100, 1))
    X = model.rollout(model.x0, U)
    for before, after in zip((X, U), close_gaps(model, X, U), strict=True):
        np.testing.assert_array_equal(after, before)


@pytest.mark.parametrize("noise", [1e-6, 1e-3, 0.1])
def test_an_unstable_trajectory_stays_where_it_was(build_text, rng, noise):
    """A pendulum that stands on its pivot: without gaps, near the states, within the limits."""
    model = build_text(PENDULUM)
    X = noise * rng.standard_normal((101, model.nx))
    X[0] = model.x0
    U = np.zeros((100, 1))
    assert np.abs(gaps(model, X, U)).max() > 0.1 * noise
    X_closed, U_closed = close_gaps(model, X, U)
    np.testing.assert_allclose(model.rollout(X[0], U_closed), X_closed, atol=1e-6)
    assert np.abs(X_closed - X).max() < 10.0 * noise
    assert (np.abs(U_closed) <= 2.0).all()


def test_a_step_leaves_its_share_of_every_gap(build_text, rng, monkeypatch):
    """After one iteration, from states that are far from any motion."""
    model = build_text(PENDULUM.replace("hinge.v**2", "hinge.v**2 + 1e3*hinge.q**4"))
    X = np.linspace(0.0, [2.0, 1.0], 101)
    monkeypatch.setattr("vgps.solver.gaps.ITERATIONS", 1)
    before = gaps(model, X, np.zeros((100, 1)))
    X_after, U_after = close_gaps(model, X, np.zeros((100, 1)))
    left = gaps(model, X_after, U_after)
    share = (left * before).sum() / (before * before).sum()
    np.testing.assert_allclose(left, share * before, atol=1e-9)
    assert np.isclose(share, 1.0 - np.concatenate([[0.0], SIZES]), atol=1e-9).any()
