"""Derivatives of the dynamics and of the cost against differences and against their definitions."""

import casadi as ca
import numpy as np
import planar_twin as twin
import pytest
from closeness import assert_close, differences
from quick import quick_ones
from trees import random_state, random_tree
from virtual import Virtual

LOSSY = quick_ones(range(100, 105), range(100, 103))  # trees with limits and drag
COST = (
    "1e-2*sum(u**2) + 0.1*sum(u)*com.vx"
    " + (com.vx - 1)**2 + (l0.x - 0.3)**2*(1 + com.y**2) + cos(l1.angle)"
)


@pytest.mark.parametrize("seed", LOSSY)
def test_implicit_differentiation_equals_explicit(tree, seed):
    """-M^-1 dr/dz equals the derivative of the expression of v' itself."""
    _assert_derivatives(tree(seed, passive=True, drag=True)[1], seed)


def test_derivatives_of_the_swimmer(real_swimmer):
    _assert_derivatives(real_swimmer, 0)


def _assert_derivatives(functions, seed):
    robot = functions.robot
    q, v, u = ca.SX.sym("q", robot.nq), ca.SX.sym("v", robot.nv), ca.SX.sym("u", robot.nu)
    a = functions.casadi["acceleration"](q, v, u)
    explicit = ca.Function("a_z", [q, v, u], [ca.jacobian(a, ca.vertcat(q, v, u))])
    rng = np.random.default_rng(seed)
    for _ in range(5):
        state = random_state(robot, rng)
        value, derivatives = functions.acceleration_derivatives(*state)
        assert_close(value, functions.acceleration(*state))
        assert_close(derivatives, explicit(*state).full(), 1e-11)
        numerical = differences(
            lambda z: functions.acceleration(*np.split(z, [robot.nq, robot.nx])),
            np.concatenate(state),
        )
        assert_close(derivatives, numerical, 1e-9)


@pytest.mark.parametrize("seed", quick_ones(range(30), range(7)))
def test_point_jacobians_are_how_points_move(tree, seed):
    """Against differences of the positions, and J v against the velocity that the twin walks to."""
    robot, functions = tree(seed)
    q, v, _ = random_state(robot, np.random.default_rng(seed))
    J = functions.point_jacobians(q).reshape(-1, 2, robot.nv)
    assert_close(J, differences(functions.points, q), 1e-9, scale=1)
    expected = twin.points(robot, q, v)
    assert_close(J @ v, [expected[name][1] for name in functions.point_names], scale=10)


@pytest.mark.parametrize("seed", quick_ones(range(400, 404), range(400, 402)))
def test_the_cost_hessian_is_exact_in_named_quantities_which_are_taken_linearly(tree, seed):
    """c, J^T phi_y and J^T phi_yy J, with phi differentiated by hand and J by the twin."""
    robot, functions = tree(seed, cost=COST)
    nx, nu = robot.nx, robot.nu
    rng = np.random.default_rng(seed)
    for _ in range(3):
        q, v, u = random_state(robot, rng)
        x = np.concatenate([q, v])
        phi, phi_y, phi_yy = _phi(*_quantities(robot, x), u)
        J = np.zeros((4 + nu, nx + nu))  # of (y, u)
        for i, unit in enumerate(np.eye(nx)):
            J[:4, i] = _quantities(robot, x + 1e-30j * unit).imag / 1e-30
        J[4:, nx:] = np.eye(nu)
        hessian = J.T @ phi_yy @ J
        c, c_x, c_u, c_xx, c_ux, c_uu = functions.cost_expansion(x, u)
        assert_close(c, [phi])
        assert_close(functions.cost(x, u), [phi])
        assert_close(np.concatenate([c_x, c_u]), J.T @ phi_y)
        assert_close(np.block([[c_xx, c_ux.T], [c_ux, c_uu]]), hessian)


def _quantities(robot, x):
    """com.vx, l0.x, com.y, l1.angle (4,), analytic in x."""
    q, v = np.split(x, 2)
    com, com_velocity = twin.points(robot, q, v)["com"]
    known = twin.frames(robot, q, v)
    return np.array([com_velocity[0], known["l0"].origin[0], com[1], known["l1"].angle])


def _phi(speed, place, height, angle, u):
    """COST, its gradient and its Hessian in (speed, place, height, angle, u)."""
    away, total = place - 0.3, u.sum()
    phi = 1e-2 * u @ u + 0.1 * total * speed
    phi += (speed - 1) ** 2 + away**2 * (1 + height**2) + np.cos(angle)
    gradient = [2 * (speed - 1) + 0.1 * total, 2 * away * (1 + height**2)]
    gradient += [2 * away**2 * height, -np.sin(angle), *(2e-2 * u + 0.1 * speed)]
    hessian = np.diag([2, 2 * (1 + height**2), 2 * away**2, -np.cos(angle), *[2e-2] * len(u)])
    hessian[1, 2] = hessian[2, 1] = 4 * away * height
    hessian[0, 4:] = hessian[4:, 0] = 0.1
    return phi, np.array(gradient), hessian


@pytest.mark.parametrize("seed", quick_ones(range(410, 414), range(410, 412)))
def test_the_cost_hessian_is_exact_where_quantities_are_linear_in_the_state(tmp_path, seed):
    """Joint coordinates, their rates, angles and actions leave nothing to linearise."""
    joint = next(j.name for j in random_tree(tmp_path, seed).actuated_joints)
    cost = f"exp(0.3*{joint}.q)*{joint}.v*sum(u**2) + l1.angle**4 + tanh(l1.omega)*{joint}.u"
    functions = Virtual(random_tree(tmp_path, seed, cost=cost))
    robot = functions.robot
    x, u = ca.SX.sym("x", robot.nx), ca.SX.sym("u", robot.nu)
    c = functions.casadi["cost"](x, u)
    exact = ca.Function("c_zz", [x, u], [ca.hessian(c, ca.vertcat(x, u))[0]])
    q, v, u = random_state(robot, np.random.default_rng(seed))
    x = np.concatenate([q, v])
    _, _, _, c_xx, c_ux, c_uu = functions.cost_expansion(x, u)
    assert_close(np.block([[c_xx, c_ux.T], [c_ux, c_uu]]), exact(x, u).full())


def test_the_cost_of_the_swimmer(real_swimmer):
    """c = 1e-5 |u|^2 + (com.vx - 3)^2; its gradient by differences, its Hessian semidefinite."""
    robot, rng = real_swimmer.robot, np.random.default_rng(0)
    for _ in range(5):
        q, v, u = random_state(robot, rng)
        x = np.concatenate([q, v])
        c, c_x, c_u, c_xx, c_ux, c_uu = real_swimmer.cost_expansion(x, u)
        speed = twin.points(robot, q, v)["com"][1][0]
        assert_close(c, [1e-5 * u @ u + (speed - 3.0) ** 2])
        numerical = differences(
            lambda z: real_swimmer.cost(z[: robot.nx], z[robot.nx :])[0],
            np.concatenate([x, u]),
        )
        assert_close(np.concatenate([c_x, c_u]), numerical, 1e-9)
        assert_close(c_uu, 2e-5 * np.eye(2))
        assert not c_ux.any()
        eigenvalues = np.linalg.eigvalsh(c_xx)
        assert eigenvalues.min() >= -1e-12 * eigenvalues.max()
