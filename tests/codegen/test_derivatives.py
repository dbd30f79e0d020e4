"""Derivatives of the dynamics and of the cost against differences and against their definitions."""

import casadi as ca
import numpy as np
import planar_twin as twin
import pytest
from closeness import assert_close, differences
from trees import random_state, random_tree, swimmer
from virtual import Virtual

LOSSY = range(100, 108)  # trees with limits and drag


@pytest.fixture(scope="module")
def real_swimmer(tmp_path_factory):
    return Virtual(swimmer(tmp_path_factory.mktemp("swimmer")))


@pytest.mark.parametrize("seed", LOSSY)
def test_implicit_differentiation_equals_explicit(tree, seed):
    """-M^-1 dr/dz equals the derivative of the expression of v' itself."""
    _assert_derivatives(tree(seed, passive=True, drag=True)[1], seed)


def test_derivatives_of_the_swimmer(real_swimmer):
    _assert_derivatives(real_swimmer, 0)


def _assert_derivatives(functions, seed):
    robot = functions.robot
    q, v, u = (ca.SX.sym(name, n) for name, n in (("q", robot.nq), ("v", robot.nv), ("u", robot.nu)))
    a = functions.casadi["acceleration"](q, v, u)
    explicit = ca.Function("a_z", [q, v, u], [ca.jacobian(a, ca.vertcat(q, v, u))])
    rng = np.random.default_rng(seed)
    for _ in range(5):
        state = random_state(robot, rng)
        value, derivatives = functions.acceleration_derivatives(*state)
        assert_close(value, functions.acceleration(*state))
        assert_close(derivatives, explicit(*state).full(), 1e-11)
        parts = np.split(np.concatenate(state), 0)
        numerical = differences(
            lambda z: functions.acceleration(*np.split(z, [robot.nq, robot.nx])),
            np.concatenate(state),
        )
        assert_close(derivatives, numerical, 1e-6)


COST = "1e-2*sum(u**2) + (com.vx - 1)**2 + (l0.x - 0.3)**2*(1 + com.y**2) + cos(l1.angle)"
COST += " + 0.1*sum(u)*com.vx"


@pytest.mark.parametrize("seed", range(400, 408))
def test_the_cost_hessian_is_exact_in_named_quantities_which_are_taken_linearly(tree, seed):
    """c, J^T phi_y and J^T phi_yy J, with phi differentiated by hand and J by the twin."""
    robot, functions = tree(seed, cost=COST)
    nx, nu = robot.nx, robot.nu
    rng = np.random.default_rng(seed)
    for _ in range(3):
        q, v, u = random_state(robot, rng)
        x = np.concatenate([q, v])
        y = _quantities(robot, x)
        speed, x0, height, angle = y
        J = np.zeros((4 + nu, nx + nu))  # of (y, u)
        step = 1e-30
        for i, unit in enumerate(np.eye(nx)):
            J[:4, i] = _quantities(robot, x + 1j * step * unit).imag / step
        J[4:, nx:] = np.eye(nu)
        phi = 1e-2 * u @ u + (speed - 1) ** 2 + (x0 - 0.3) ** 2 * (1 + height**2)
        phi += np.cos(angle) + 0.1 * u.sum() * speed
        phi_y = np.concatenate(
            [
                [2 * (speed - 1) + 0.1 * u.sum()],
                [2 * (x0 - 0.3) * (1 + height**2), 2 * (x0 - 0.3) ** 2 * height],
                [-np.sin(angle)],
                2e-2 * u + 0.1 * speed,
            ]
        )
        phi_yy = np.diag(
            [2, 2 * (1 + height**2), 2 * (x0 - 0.3) ** 2, -np.cos(angle), *[2e-2] * nu]
        )
        phi_yy[1, 2] = phi_yy[2, 1] = 4 * (x0 - 0.3) * height
        phi_yy[0, 4:] = phi_yy[4:, 0] = 0.1
        gradient, hessian = J.T @ phi_y, J.T @ phi_yy @ J
        c, c_x, c_u, c_xx, c_ux, c_uu = functions.cost_expansion(x, u, [])
        assert_close(c, [phi])
        assert_close(functions.cost(x, u, []), [phi])
        assert_close(np.concatenate([c_x, c_u]), gradient)
        assert_close(c_xx, hessian[:nx, :nx], scale=np.abs(hessian).max())
        assert_close(c_ux, hessian[nx:, :nx], scale=np.abs(hessian).max())
        assert_close(c_uu, hessian[nx:, nx:], scale=np.abs(hessian).max())


def _quantities(robot, x):
    """com.vx, l0.x, com.y, l1.angle (4,), analytic in x."""
    q, v = x[: robot.nq], x[robot.nq :]
    com, com_velocity = twin.points(robot, q, v)["com"]
    known = twin.frames(robot, q, v)
    return np.array([com_velocity[0], known["l0"].origin[0], com[1], known["l1"].angle])


@pytest.mark.parametrize("seed", range(410, 414))
def test_the_cost_hessian_is_exact_where_quantities_are_linear_in_the_state(tmp_path, seed):
    """Joint coordinates, their rates, angles and actions leave nothing to linearise."""
    joint = next(j.name for j in random_tree(tmp_path, seed).actuated_joints)
    cost = f"exp(0.3*{joint}.q)*{joint}.v*sum(u**2) + l1.angle**4 + tanh(l1.omega)*{joint}.u"
    functions = Virtual(random_tree(tmp_path, seed, cost=cost))
    robot = functions.robot
    x, u = ca.SX.sym("x", robot.nx), ca.SX.sym("u", robot.nu)
    c = functions.casadi["cost"](x, u, ca.DM(0, 1))
    exact = ca.Function("c_zz", [x, u], [ca.hessian(c, ca.vertcat(x, u))[0]])
    q, v, u = random_state(robot, np.random.default_rng(seed))
    x = np.concatenate([q, v])
    _, _, _, c_xx, c_ux, c_uu = functions.cost_expansion(x, u, [])
    assert_close(np.block([[c_xx, c_ux.T], [c_ux, c_uu]]), exact(x, u).full())


def test_the_cost_of_the_swimmer(real_swimmer):
    """c = 1e-5 |u|^2 + (com.vx - 3)^2; its gradient by differences, its Hessian semidefinite."""
    robot, rng = real_swimmer.robot, np.random.default_rng(0)
    for _ in range(5):
        q, v, u = random_state(robot, rng)
        x = np.concatenate([q, v])
        c, c_x, c_u, c_xx, c_ux, c_uu = real_swimmer.cost_expansion(x, u, [])
        speed = twin.points(robot, q, v)["com"][1][0]
        assert_close(c, [1e-5 * u @ u + (speed - 3.0) ** 2])
        numerical = differences(
            lambda z: real_swimmer.cost(z[: robot.nx], z[robot.nx :], [])[0],
            np.concatenate([x, u]),
        )
        assert_close(np.concatenate([c_x, c_u]), numerical, 1e-9)
        assert_close(c_uu, 2e-5 * np.eye(2))
        assert not c_ux.any()
        eigenvalues = np.linalg.eigvalsh(c_xx)
        assert eigenvalues.min() >= -1e-12 * eigenvalues.max()
