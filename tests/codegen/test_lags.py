"""Actuators that lag: against MuJoCo's filters and a plain twin, exponentials, and in every step."""

import numpy as np
import planar_twin as twin
import pytest
from actuated import actuated_tree
from closeness import assert_close, differences
from mujoco_reference import Reference
from quick import quick_ones
from trees import random_state
from virtual import Virtual

from vgps.codegen.build import build
from vgps.codegen.description.robot import Robot, Target
from vgps.codegen.mechanics import dynamics

SEEDS = quick_ones((703, 704, 735), (703, 735))  # trees of both bases with every kind of joint

# A slide of mass 2 that nothing else moves.
SLIDE = {
    "name": "slide",
    "base": "fixed",
    "links": [{"name": "sled", "mass": 2}],
    "joints": [{"name": "rail", "type": "prismatic", "parent": "world", "child": "sled"}],
    "task": {"dt": 0.02, "horizon": 10, "cost": "sum(u**2)", "success": "final(com.x) > 0"},
}
LAG = 0.15  # s


@pytest.fixture(scope="module")
def lagging(tmp_path_factory):
    """The functions of a tree whose actuators lag, by seed, derived once."""
    folder, known = tmp_path_factory.mktemp("lagging"), {}

    def functions(seed):
        if seed not in known:
            known[seed] = Virtual(actuated_tree(folder, seed, lagging=True))
        return known[seed]

    return functions


def slide(actuator, **task):
    """The slide under an actuator with a lag, by its other keys and those of the task."""
    drive = {"name": "pull", "lag": LAG} | actuator
    data = SLIDE | {"actuators": [drive], "task": SLIDE["task"] | task}
    return Virtual(Robot.model_validate(data, context={}))


def acting(robot, v, u):
    """The actions (nu,) that would do at once what lags does at the velocity v (nv,)."""
    u = u.copy()
    for lag in robot.lags:
        u[lag.action] = v[lag.coordinate] / lag.gain
    return u


@pytest.mark.parametrize("seed", SEEDS)
def test_accelerations_are_those_of_mujoco_with_filters(lagging, seed):
    """Those of the posture, and the rates of what lags, for random activations."""
    functions = lagging(seed)
    robot, reference, rng = functions.robot, Reference(functions.robot), np.random.default_rng(seed)
    assert len(robot.lags) == robot.nu - 1 == 8
    for _ in range(5):
        q, v, u = random_state(robot, rng)
        reference.forward(q, v, u)
        assert_close(functions.acceleration(q, v, u), reference.acceleration, 1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_lags_acts_in_place_of_the_action(lagging, seed):
    """M v' + bias = the twin's forces under it; it is an inertia of 1 by itself, and no energy."""
    functions, rng = lagging(seed), np.random.default_rng(seed)
    robot, n = functions.robot, len(functions.robot.moving_names)
    q, v, u = random_state(robot, rng)
    M = functions.mass_matrix(q)
    force = M @ functions.acceleration(q, v, u) + functions.bias_force(q, v)
    expected = twin.joint_force(robot, q, v) + twin.actuator_force(robot, q, v, acting(robot, v, u))
    assert_close(force[:n], expected[:n], 1e-11)
    rates = [(lag.gain * u[lag.action] - r) for r, lag in zip(v[n:], robot.lags, strict=True)]
    assert_close(force[n:], np.array(rates) / [lag.time_constant for lag in robot.lags], 1e-12)
    assert np.array_equal(M[n:], np.eye(robot.nq)[n:]) and np.array_equal(M[:, n:], M[n:].T)
    other_q, other_v = q.copy(), v.copy()
    other_q[n:], other_v[n:] = rng.normal(size=(2, robot.nq - n))
    assert functions.energy(other_q, other_v) == functions.energy(q, v)
    assert np.array_equal(functions.points(other_q), functions.points(q))
    assert np.array_equal(functions.acceleration(other_q, v, u), functions.acceleration(q, v, u))


@pytest.mark.parametrize("seed", SEEDS)
def test_accelerations_are_differentiated_by_what_lags(lagging, seed):
    functions, rng = lagging(seed), np.random.default_rng(seed)
    robot = functions.robot
    state = random_state(robot, rng)
    assert_close(
        functions.acceleration_derivatives(*state)[1], functions.explicit_derivatives(*state), 1e-11
    )


@pytest.mark.parametrize("integrator", ["rk4", "implicit"])
def test_a_step_and_its_derivatives(compiled, tmp_path, integrator):
    """f_x and f_u against differences of the step, and lanes against single numbers.

    Of a joint and three actuators, of which one has no lag, one a force that turns, one a target.
    """
    tree = actuated_tree(tmp_path, 756, lagging=True, integrator=integrator, substeps=2)
    data = tree.model_dump(mode="json")
    few = [one for one in data["actuators"] if one["name"] in ("push", "shove", "servo")]
    robot = Robot.model_validate(data | {"actuators": few}, context={})
    assert len(robot.lags) == robot.nu - 1 == 3
    model = compiled(robot)
    q, v, u = random_state(robot, np.random.default_rng(0))
    x = np.concatenate([q, v])
    f_x, f_u = (part[0] for part in model.linearize(x[None], u[None]))
    numerical = differences(
        lambda z: model.step(z[: model.nx], z[model.nx :]), np.concatenate([x, u])
    )
    assert_close(np.concatenate([f_x, f_u], axis=1), numerical, 1e-9)
    assert_close(model.steps(x[None], u[None])[0], model.step(x, u), 1e-13)
    if integrator == "implicit":  # actuators without lags try the loops of the other
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(dynamics, "MOST_OPERATIONS", 0)
            large = build(robot, folder=tmp_path)
        assert_close(large.step(x, u), model.step(x, u), 1e-11)
        for mine, other in zip(large.linearize(x[None], u[None]), (f_x, f_u), strict=True):
            assert_close(mine[0], other, 1e-10)


def test_a_force_follows_a_step_of_the_action_exponentially():
    """f = gear u (1 - exp(-t/lag)), and the mass moves with its integral, a decay at first."""
    model = slide({"joint": "rail", "gear": -3.0}, substeps=4)
    X = model.rollout(np.zeros(4), np.full((50, 1), -2.0))
    t = model.robot.task.dt * np.arange(51)
    assert model.robot.x_names == ("rail.q", "the integral of pull.force", "rail.v", "pull.force")
    assert_close(X[:, 3], 6.0 * (1.0 - np.exp(-t / LAG)), 1e-8)
    assert_close(X[:, 2], 3.0 * (t - LAG * (1.0 - np.exp(-t / LAG))), 1e-8)


def test_an_implicit_step_takes_what_lags_at_its_end():
    """f+ = (f + h/lag gear u) / (1 + h/lag), however short the lag; the mass moves with f."""
    for lag in (LAG, 1e-12):
        drive = {"joint": "rail", "gear": -3.0, "lag": lag}
        model = slide(drive, integrator="implicit", substeps=4)
        U = np.random.default_rng(0).normal(size=(30, 1))
        X, h, f, v = model.rollout(np.zeros(4), U), model.robot.task.dt / 4, 0.0, 0.0
        for x, (u,) in zip(X[1:], U, strict=True):
            for _ in range(4):
                v += h * f / 2.0
                f = (f + h / lag * -3.0 * u) / (1.0 + h / lag)
            assert x[2:] == pytest.approx([v, f], abs=1e-12)


@pytest.mark.parametrize("integrator", ["rk4", "implicit"])
def test_a_lag_is_no_faster_than_its_actions_allow(integrator):
    """Between the limits of the action, times the gear, whatever the action does between them."""
    drive = {"joint": "rail", "gear": -3.0, "limits": [-1, 2]}
    model = slide(drive, integrator=integrator, substeps=4)
    U = np.random.default_rng(0).choice(drive["limits"], (500, 1))
    force = model.rollout(np.zeros(4), U)[:, 3]
    assert force.min() >= -6.0 and force.max() <= 3.0 and np.ptp(force) > 4.0


def test_the_target_of_a_servo_lags():
    """x'' = (kp (target - x) - kd x') / m, target = 1 - exp(-t/lag), against its exact solution."""
    model = slide({"joint": "rail", "kp": 200.0, "kd": 8.0}, substeps=4)
    assert model.robot.x_names[-1] == "pull.target"
    X = model.rollout(np.zeros(4), np.ones((50, 1)))
    A = np.array([[0, 0, 1, 0], [0, 0, 0, 1], [-100, 0, -4, 100], [0, 0, 0, -1 / LAG]], dtype=float)
    rates, modes = np.linalg.eig(A)
    b = np.linalg.solve(modes, [0, 0, 0, 1 / LAG])
    rest = np.abs(rates) < 1e-9
    for t, x in zip(model.robot.task.dt * np.arange(51), X, strict=True):
        reach = np.where(rest, t, np.expm1(rates * t) / np.where(rest, 1.0, rates))
        assert x == pytest.approx((modes @ (reach * b)).real, abs=1e-6)


def test_lags_and_targets_share_the_state(tmp_path):
    """First what moves, then what lags, then targets; neither of the two knows of the other."""
    targets = (Target(name="goal", at=(1, 2)), Target(name="gate", at=(3, 4)))
    lagging = actuated_tree(tmp_path, 756, lagging=True)
    robot = lagging.model_copy(update={"targets": targets})
    n, nq = len(robot.moving_names), lagging.nq
    assert robot.q_names == (*lagging.q_names, "goal.x", "goal.y", "gate.x", "gate.y")
    assert [robot.q_names[lag.coordinate] for lag in robot.lags] == [lag.name for lag in robot.lags]
    seen = [*range(n), *range(nq, robot.nq), *range(robot.nq, robot.nq + nq)]
    assert list(robot.observed_indices) == seen
    functions, reference = Virtual(robot), Reference(robot)
    q, v, u = random_state(robot, np.random.default_rng(0))
    reference.forward(q, v, u)
    a = functions.acceleration(q, v, u)
    assert_close(a[:nq], reference.acceleration, 1e-9)
    assert not a[nq:].any()
