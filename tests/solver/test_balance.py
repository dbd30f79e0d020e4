"""Equilibria by what they are, the regulator against SciPy, and what it is for."""

import numpy as np
import pytest
from scipy.linalg import solve_discrete_are

from vgps.solver.balance import DAMPING, REACH, balance, equilibrium, regulator
from vgps.solver.optimize import optimize

PENDUBOT = """\
name: pendubot
gravity: 9.81
base: fixed
links:
  - {name: arm, mass: 0.6, length: 0.3, direction: pi/2}
  - {name: pole, mass: 0.5, length: 0.45, direction: pi/2}
joints:
  - {name: shoulder, parent: world, child: arm, damping: 0.02, actuated: true, torque_limit: LIMIT}
  - {name: elbow, parent: arm, child: pole, damping: 0.005}
points:
  - {name: top, link: pole, at: [0, 0.45]}
task:
  dt: 0.01
  horizon: 200
  cost: 0.01*sum(u**2) + 20*(0.75 - top.y) + 0.05*(shoulder.v**2 + elbow.v**2)
  success: min(top.y) > 0.5
  initial: {q: {shoulder: 0.1, elbow: -0.15}}
"""
LIFT = """\
name: lift
gravity: 9.81
base: fixed
links: [{name: cabin, mass: 1.0}]
joints:
  - {name: rope, type: prismatic, axis: pi/2, parent: world, child: cabin, actuated: true, torque_limit: LIMIT}
task: {dt: 0.01, horizon: 20, cost: sum(u**2), success: min(cabin.y) > -1}
"""
FALLING = """\
name: falling
gravity: 9.81
base: floating
links:
  - {name: body, mass: 1.0, length: 0.5}
  - {name: tail, mass: 0.5, length: 0.5}
joints:
  - {name: hinge, parent: body, child: tail, actuated: true}
task: {dt: 0.01, horizon: 20, cost: sum(u**2), success: min(body.y) > -1}
"""


@pytest.fixture(scope="module")
def pendubot(build_text):
    return build_text(PENDUBOT.replace("LIMIT", "15"))


def test_an_equilibrium_stays_where_it_is(pendubot):
    x, u = equilibrium(pendubot, pendubot.x0, np.zeros(1), np.ones(1))
    assert np.abs(pendubot.step(x, u) - x).max() < 1e-9
    # The pole, which nothing turns, can only stand upright.
    assert x[:2].sum() == pytest.approx(0.0, abs=1e-6)
    assert np.abs(x - pendubot.x0).max() < 0.2


def test_what_does_not_matter_stays(cartpole):
    x, _ = equilibrium(cartpole, np.array([0.7, 0.2, 0.0, 0.0]), np.zeros(1), np.ones(1))
    assert x == pytest.approx([0.7, 0.0, 0.0, 0.0], abs=1e-6)


def test_the_regulator_is_that_of_scipy(pendubot):
    scale = np.array([7.0])
    x, u = equilibrium(pendubot, pendubot.x0, np.zeros(1), scale)
    f_x, f_u = (part[0] for part in pendubot.linearize(x[None], u[None]))
    Q, R = np.diag([1.0, 1.0, DAMPING**2, DAMPING**2]) / REACH**2, np.diag(1.0 / scale**2)
    V = solve_discrete_are(f_x, f_u, Q, R)
    K = -np.linalg.solve(R + f_u.T @ V @ f_u, f_u.T @ V @ f_x)
    assert regulator(pendubot, x, u, scale, 2000) == pytest.approx(K, rel=1e-6)


def test_a_balance_holds_what_no_guess_per_joint_does(pendubot):
    x0, T = pendubot.x0, 300
    x, _ = equilibrium(pendubot, x0, np.zeros(1), np.full(1, 7.5))
    X = pendubot.rollout(x0, balance(pendubot, x0, np.zeros(1), np.full(1, 7.5), T))
    assert np.abs(X[-1] - x).max() < 0.02
    found = optimize(pendubot)
    assert pendubot.success(found.X, found.U)


@pytest.mark.parametrize(("limit", "carries"), [(9.0, False), (10.0, True)])
def test_a_balance_keeps_within_the_limits(build_text, limit, carries):
    lift = build_text(LIFT.replace("LIMIT", str(limit)))
    if carries:
        assert equilibrium(lift, lift.x0, np.zeros(1), np.ones(1))[1] == pytest.approx([9.81])
    else:
        with pytest.raises(FloatingPointError, match="no equilibrium near the initial state"):
            equilibrium(lift, lift.x0, np.zeros(1), np.ones(1))


def test_what_falls_has_no_equilibrium(build_text):
    falling = build_text(FALLING)
    with pytest.raises(FloatingPointError, match="no equilibrium near the initial state"):
        balance(falling, falling.x0, np.zeros(1), np.ones(1), 20)


def test_a_force_that_lags_stands_in_balance(build_text):
    drive = "actuators: [{name: rope, joint: rail, lag: 0.1, limits: [-20, 20]}]\n"
    text = LIFT.replace("name: rope", "name: rail").replace(
        ", actuated: true, torque_limit: LIMIT", ""
    )
    lift = build_text(text.replace("task:", drive + "task:"))
    x, u = equilibrium(lift, lift.x0, np.zeros(1), np.full(1, 20.0))
    assert u == pytest.approx([9.81])
    assert dict(zip(lift.x_names, x, strict=True))["rope.force"] == pytest.approx(9.81)
    X = lift.rollout(lift.x0, balance(lift, lift.x0, np.zeros(1), np.full(1, 20.0), 200))
    assert abs(X[-1, 0]) < 1.0 and np.abs(X[-1, 2]) < 0.1
