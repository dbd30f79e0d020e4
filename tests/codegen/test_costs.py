"""Cost, final cost and success of a compiled robot, recomputed in NumPy from its states.

A cart on a rail with a pole that points up at angle 0: the quantities of its expressions are simple
functions of the state.
"""

import numpy as np
import pytest
import yaml
from trees import robot_of

from vgps.codegen.folders import PACKAGE

CARTPOLE = yaml.safe_load(
    (PACKAGE / "tests" / "robots" / "cartpole.yaml").read_text(encoding="utf-8")
)
LENGTH, DT, GOAL = 0.6, 0.02, 0.5
TASK = {
    "cost": "0.02*rail.u**2 + wrap(hinge.q - pi - t)**2 + atan2(bob.x - rail.q, bob.y)*rail.v",
    "final_cost": "30*(rail.q - goal)**2 + t*wrap(3*hinge.q)**2 + max(hinge.v, 0) + bob.vx**2",
    "success": (
        "mean(rail.q, last=0.2) > min(wrap(hinge.q - t), last=goal/5)"
        " + 0.1*max(rail.v, last=60) - 0.1*final(atan2(rail.q, t))"
    ),
}


@pytest.fixture(scope="module")
def changed(compiled, tmp_path_factory):
    """The cart with other keys of its task."""

    def change(**task):
        parameters = CARTPOLE["parameters"] | {"goal": GOAL}
        data = CARTPOLE | {"task": CARTPOLE["task"] | task, "parameters": parameters}
        return compiled(robot_of(data, tmp_path_factory.mktemp("costs")))

    return change


@pytest.fixture(scope="module")
def model(changed):
    return changed(**TASK)


def wrapped(angle):
    return np.angle(np.exp(1j * angle))


def cost(x, u, t):
    rail, hinge, v, _ = x
    bob = rail - LENGTH * np.sin(hinge), LENGTH * np.cos(hinge)
    return (
        0.02 * u[0] ** 2 + wrapped(hinge - np.pi - t) ** 2 + np.arctan2(bob[0] - rail, bob[1]) * v
    )


def final_cost(x, t):
    rail, hinge, v, w = x
    bob_vx = v - LENGTH * np.cos(hinge) * w
    return 30 * (rail - GOAL) ** 2 + t * wrapped(3 * hinge) ** 2 + max(w, 0.0) + bob_vx**2


def trajectory(rng, T):
    return 2.0 * rng.standard_normal((T + 1, 4)), rng.standard_normal((T, 1))


@pytest.mark.parametrize("T", [1, 2, 8, 21])
def test_the_last_cost_includes_the_final_one(model, T):
    X, U = trajectory(np.random.default_rng(T), T)
    expected = np.array([cost(X[t], U[t], t * DT) for t in range(T)])
    np.testing.assert_allclose(model.cost(X[:T], U), expected, rtol=1e-9, atol=1e-12)
    expected[-1] += final_cost(X[T], T * DT)
    np.testing.assert_allclose(model.cost(X, U), expected, rtol=1e-9)


def test_the_final_cost_alone(model, cartpole):
    """At the end of the task, unless another time is given; 0 where there is none."""
    x, horizon = np.array([0.3, -1.9, 0.2, 0.7]), CARTPOLE["task"]["horizon"]
    assert model.final_cost(x) == pytest.approx(final_cost(x, horizon * DT), rel=1e-12)
    assert model.final_cost(x, 0.5) == pytest.approx(final_cost(x, 0.5), rel=1e-12)
    assert cartpole.final_cost(x) == 0.0
    named = model.final_cost_quantities(x, 0.5)
    assert set(named) == {"rail.q", "goal", "t", "hinge.q", "hinge.v", "bob.vx"}
    assert (named["t"], named["goal"], named["hinge.q"]) == (0.5, GOAL, -1.9)


def margin(X):
    """The left side of the success less its right, of the states (T, nx) at its steps."""
    rail, hinge, v, _ = X.T
    t = DT * np.arange(len(X))
    least, fastest = wrapped(hinge - t)[-5:].min(), v.max()
    return rail[-10:].mean() - least - 0.1 * fastest + 0.1 * np.arctan2(rail[-1], t[-1])


def test_success_over_the_end(model):
    """The last round(seconds / dt) steps of a rollout, or all of a shorter one."""
    rng, found = np.random.default_rng(0), []
    for T in [1, 3, 5, 10, 40] * 12:
        X, U = trajectory(rng, T)
        X[:, 0] -= margin(X[:T]) + rng.choice([-0.4, 0.4])  # near where it is decided
        found.append(model.success(X, U))
        assert found[-1] == (margin(X[:T]) > 0.0)
    assert 0 < sum(found) < len(found)


def test_at_least_one_step_counts(changed):
    """The quantities are those of the success above, so that nothing is compiled."""
    others = "min(wrap(hinge.q - t)) + max(rail.v) + final(atan2(rail.q, t))"
    model = changed(**TASK | {"success": f"mean(rail.q, last=1e-3) > 0*({others})"})
    assert not model.was_built
    X, U = -np.ones((11, 4)), np.zeros((10, 1))
    X[9] = 1.0  # the last step begins there
    assert model.success(X, U)
    X[9], X[:9] = -1.0, 1.0
    assert not model.success(X, U)


def test_derivatives_of_angles(model):
    """The gradient of the final cost, against central differences; that of wrap does not jump."""
    h = 1e-6
    for x in 2.0 * np.random.default_rng(0).standard_normal((20, 4)):
        c, c_x, c_xx = np.empty(1), np.empty(4), np.empty((4, 4))
        model._run("final_cost_expansion", x, np.array(0.7), c, c_x, c_xx)
        away = h * np.eye(4)
        pairs = [(model.final_cost(x + d, 0.7), model.final_cost(x - d, 0.7)) for d in away]
        slope = [(after - before) / (2 * h) for after, before in pairs]
        assert c[0] == model.final_cost(x, 0.7)
        np.testing.assert_allclose(c_x, slope, rtol=1e-6, atol=1e-5)
        np.testing.assert_array_equal(c_xx, c_xx.T)


@pytest.mark.parametrize(
    ("text", "value"), [("goal", GOAL), pytest.param("2*t", 0.4, marks=pytest.mark.slow)]
)
def test_a_final_cost_of_no_state(changed, text, value):
    model = changed(final_cost=text)
    X, U = trajectory(np.random.default_rng(0), 10)
    assert model.cost(X, U)[-1] - model.cost(X[:10], U)[-1] == pytest.approx(value)


@pytest.mark.parametrize(
    ("task", "ends"),
    [
        ({}, False),
        ({"final_cost": "rail.q**2"}, True),
        ({"cost": "rail.u**2 + (rail.q - t)**2"}, True),
        ({"success": "final(rail.q) < 1"}, True),
        ({"success": "max(abs(rail.q - t)) < 1 or mean(bob.y, last=1) > 0.5"}, False),
    ],
)
def test_which_tasks_end(tmp_path, task, ends):
    robot = robot_of(CARTPOLE | {"task": CARTPOLE["task"] | task}, tmp_path)
    assert robot.task.ends is ends
