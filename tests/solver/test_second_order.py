"""DDP where iLQR stops beside the optimum, and the Hessians that make the difference."""

import numpy as np
import pytest
import twin
from closeness import assert_close, differences

from vgps.solver.ilqr import Reason, Settings, ilqr
from vgps.solver.objective import Expansion, expand, task_objective
from vgps.solver.optimize import INITIAL
from vgps.solver.second_order import left_out

TIMED = """\
name: timed
gravity: 9.81
base: fixed
links:
  - {name: upper, mass: 1, length: 0.5, direction: -pi/2}
  - {name: lower, mass: 0.5, length: 0.4, direction: -pi/2}
points:
  - {name: hand, link: lower, at: [0.4, 0]}
joints:
  - {name: shoulder, parent: world, child: upper, actuated: true}
  - {name: elbow, parent: upper, child: lower, damping: 0.1, actuated: true}
task:
  dt: 0.02
  horizon: 20
  cost: 1e-2*sum(u**2)*(1 + t) + (com.vx - cos(t))**2*(1 + com.y**2)
  final_cost: (hand.x - t)**2*(1 + hand.vy**2) + cos(upper.angle)
  success: final(hand.x) > 0.1
"""


@pytest.mark.parametrize("alpha", [1.0, 0.3])
def test_the_hessians_of_steps_costs_and_the_final_cost(build_text, alpha):
    """Gauss-Newton and what it leaves out are the differences of c_z + f_z^T p, at every step."""
    model, T = build_text(TIMED), 5
    nx, rng = model.nx, np.random.default_rng(0)
    objective = task_objective(model, T, alpha, first=3)
    Z = rng.standard_normal((T + 1, nx + model.nu))
    P = rng.standard_normal((T, nx))
    linearize = model.address("linearize")

    def expanded(z, t):
        X, U = Z[:, :nx].copy(), Z[:T, nx:].copy()
        X[t], U[min(t, T - 1)] = z[:nx], z[nx:] if t < T else U[T - 1]
        expansion = Expansion.empty(T, nx, model.nu)
        expand(linearize, objective, X, U, expansion)
        return expansion

    def gradient(z, t):
        e = expanded(z, t)
        slope = np.concatenate([e.c_x[t], e.c_u[t]])
        return slope + P[t] @ np.concatenate([e.f_x[t], e.f_u[t]], axis=1)

    e = expanded(Z[0], 0)
    H, final = np.empty((T, nx + model.nu, nx + model.nu)), np.empty((nx, nx))
    X, U = np.ascontiguousarray(Z[:, :nx]), np.ascontiguousarray(Z[:T, nx:])
    left_out(model.address("step_hessians"), objective, X, U, P, H, final)
    for t in range(T):
        exact = np.block([[e.c_xx[t], e.c_ux[t].T], [e.c_ux[t], e.c_uu[t]]]) + H[t]
        assert_close(exact, differences(lambda z, t=t: gradient(z, t), Z[t]), 1e-8)
    of_final = differences(lambda x: expanded(np.append(x, Z[T, nx:]), T).final_x, X[T])
    assert_close(e.final_xx + final, of_final, 1e-8)


@pytest.mark.parametrize("seed", range(3))
def test_the_swimmer_ends_at_an_optimum(swimmer, seed):
    """There the gradient of single shooting, by the plain chain rule, vanishes.

    Gauss-Newton steps alone creep: from these starts they end at costs of 347 and more.
    """
    T = swimmer.robot.task.horizon
    U = 50.0 * np.random.default_rng(seed).standard_normal((T, swimmer.nu))
    solution = ilqr(swimmer, task_objective(swimmer, T), swimmer.x0, U, INITIAL)
    assert solution.reason in (Reason.STATIONARY, Reason.CONVERGED)
    assert solution.cost < 339.3
    _, slope = twin.gradient(twin.task(swimmer), swimmer.x0, solution.U)
    assert np.abs(slope).max() < 1e-4
    assert solution.gradient < 1e-4
    assert solution.gains.expected_decrease < 1e-2


def test_a_step_near_the_optimum_is_newtons(swimmer):
    """From half as far away it ends a quarter as far away; a Gauss-Newton step would at half."""
    T = 100
    rng = np.random.default_rng(0)
    U = 50.0 * rng.standard_normal((T, swimmer.nu))
    objective = task_objective(swimmer, T)
    optimum = ilqr(swimmer, objective, swimmer.x0, U, Settings(cost_tolerance=1e-13)).U
    away = rng.standard_normal(optimum.shape)
    once = Settings(max_iterations=1, regularization_start=0.0, cost_tolerance=0.0)

    def left(scale):
        step = ilqr(swimmer, objective, swimmer.x0, optimum + scale * away, once)
        return np.linalg.norm(step.U - optimum)

    for scale in (2.0, 1.0):
        assert 3.2 < left(scale) / left(scale / 2) < 5.0
