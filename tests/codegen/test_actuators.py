"""Actuators: what their actions do, against MuJoCo and a plain twin, and in every kind of step."""

import numpy as np
import planar_twin as twin
import pytest
from actuated import actuated_tree
from closeness import assert_close, differences
from mujoco_reference import Reference
from quick import quick_ones
from trees import random_state
from virtual import Virtual

from vgps.codegen.description.robot import load
from vgps.codegen.folders import MODELS

# Trees of both bases with every kind of joint.
SEEDS = quick_ones((703, 704, 707, 724, 735, 744), (703, 707))
ROCKET = MODELS / "rocket.yaml"


@pytest.fixture(scope="module")
def actuated(tmp_path_factory):
    """The functions of a tree with all kinds of actuators, by seed, derived once."""
    folder, known = tmp_path_factory.mktemp("actuated"), {}

    def functions(seed):
        if seed not in known:
            known[seed] = Virtual(actuated_tree(folder, seed))
        return known[seed]

    return functions


@pytest.mark.parametrize("seed", SEEDS)
def test_every_action_accelerates_as_in_mujoco(actuated, seed):
    """One action after another, then all together."""
    functions = actuated(seed)
    robot, reference, rng = functions.robot, Reference(functions.robot), np.random.default_rng(seed)
    assert robot.nu == 9
    q, v, u = random_state(robot, rng)
    for actions in [*np.diag(u), u]:
        reference.forward(q, v, actions)
        assert_close(functions.acceleration(q, v, actions), reference.acceleration, 1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_forces_do_the_work_of_what_they_move(actuated, seed):
    """M v' + bias = the twin's forces, springs and damping; a servo at target 0 is passive."""
    functions, rng = actuated(seed), np.random.default_rng(seed)
    robot = functions.robot
    for _ in range(3):
        q, v, u = random_state(robot, rng)
        force = functions.mass_matrix(q) @ functions.acceleration(q, v, u)
        force += functions.bias_force(q, v)
        joints, actions = twin.joint_force(robot, q, v), twin.actuator_force(robot, q, v, u)
        assert_close(force, joints + actions, 1e-11, scale=np.abs([joints, actions]).max())
        still = twin.actuator_force(robot, q, v, 0 * u)
        assert_close(functions.passive_force(q, v), joints + still, 1e-11)


@pytest.mark.parametrize("seed", SEEDS)
def test_accelerations_are_differentiated_with_forces_that_turn(actuated, seed):
    functions, rng = actuated(seed), np.random.default_rng(seed)
    robot = functions.robot
    state = random_state(robot, rng)
    derivatives = functions.acceleration_derivatives(*state)[1]
    assert_close(derivatives, functions.explicit_derivatives(*state), 1e-11)
    numerical = differences(
        lambda z: functions.acceleration(*np.split(z, [robot.nq, robot.nx])), np.concatenate(state)
    )
    assert_close(derivatives, numerical, 1e-9)


@pytest.fixture(scope="module")
def stepping(compiled, tmp_path_factory):
    """A compiled tree with all kinds of actuators, by its integrator."""
    folder = tmp_path_factory.mktemp("stepping")
    seeds = {"rk4": 738, "implicit": 700}  # on a fixed base, one slides; on a floating one

    def model(integrator):
        return compiled(actuated_tree(folder, seeds[integrator], integrator=integrator, substeps=2))

    return model


@pytest.mark.parametrize("integrator", ["rk4", "implicit"])
def test_a_step_and_its_derivatives(stepping, built_as_large, integrator):
    """f_x and f_u against differences of the step, and of loops against straight-line code."""
    model = stepping(integrator)
    q, v, u = random_state(model.robot, np.random.default_rng(0))
    x = np.concatenate([q, v])
    f_x, f_u = (part[0] for part in model.linearize(x[None], u[None]))
    numerical = differences(
        lambda z: model.step(z[: model.nx], z[model.nx :]), np.concatenate([x, u])
    )
    assert_close(np.concatenate([f_x, f_u], axis=1), numerical, 1e-9)
    if integrator == "rk4":  # lags try the loops of the other
        large = built_as_large(model.robot)
        assert_close(large.step(x, u), model.step(x, u), 1e-11)
        for mine, other in zip(large.linearize(x[None], u[None]), (f_x, f_u), strict=True):
            assert_close(mine[0], other, 1e-10)


def test_an_implicit_step_takes_the_damping_of_servos_at_its_end(stepping):
    """(M + h D) v+ = M v + h (force + D v - bias), D v being what v adds to the twin's force."""
    model = stepping("implicit")
    robot, h = model.robot, model.dt / model.robot.task.substeps
    q, v, u = random_state(robot, np.random.default_rng(1))
    x_next = model.step(np.concatenate([q, v]), u)

    def force(q, v):
        return twin.joint_force(robot, q, v) + twin.actuator_force(robot, q, v, u)

    for _ in range(robot.task.substeps):
        still = force(q, 0 * v)
        D = -np.column_stack([force(q, unit) - still for unit in np.eye(robot.nv)])
        M, bias = model.mass_matrix(q), model.bias_force(q, v)
        v = np.linalg.solve(M + h * D, M @ v + h * (still - bias))
        q = q + h * v
    assert_close(x_next, np.concatenate([q, v]), 1e-10)


def test_a_stiff_servo_goes_to_its_target(tmp_path):
    """The engine of the hovering rocket, with a servo that explicit steps of this length cannot bear."""
    stiff = {"actuators.steering.kp": 2000, "actuators.steering.kd": 50}
    rocket = load(ROCKET, stiff)
    x0, i = rocket.initial_states[0], rocket.q_names.index("gimbal")
    U = np.tile([rocket.parameters["weight"], 0.05], (25, 1))
    X = Virtual(rocket).rollout(x0, U)
    assert X[-1, i] == pytest.approx(0.05, abs=2e-3)
    with np.errstate(all="ignore"):
        X = Virtual(load(ROCKET, stiff | {"task.integrator": "rk4"})).rollout(x0, U)
    assert not np.isfinite(X[-1]).all()
