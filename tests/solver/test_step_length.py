"""Steps that are too long are found, with the substeps that do, and no others are accused."""

import logging

import numpy as np
import pytest
import solver_robots
from scipy.linalg import expm
from uncompiled import Uncompiled

import vgps
from vgps.codegen.folders import MODELS
from vgps.solver.accuracy import FAIR, accuracy, finer_cost, rolled_out, step_with
from vgps.solver.optimize import optimize
from vgps.solver.stability import stability
from vgps.solver.step_length import step_length, step_length_to_blame

# One coordinate: x'' = -stiffness x - damping x' + u, whose rates are known in closed form.
OSCILLATOR = """
name: oscillator
gravity: 0
base: fixed
links: [{name: bead, mass: 1}]
joints:
  - {name: slide, type: prismatic, parent: world, child: bead, actuated: true,
     stiffness: STIFFNESS, damping: DAMPING}
task: {dt: 0.1, horizon: 40, substeps: SUBSTEPS, integrator: INTEGRATOR,
       cost: sum(u**2) + (slide.q - 1)**2, success: final(slide.q) > 0}
"""


def text_of(stiffness, damping, substeps=1, integrator="rk4"):
    text = OSCILLATOR.replace("STIFFNESS", str(stiffness)).replace("DAMPING", str(damping))
    return text.replace("SUBSTEPS", str(substeps)).replace("INTEGRATOR", integrator)


@pytest.fixture(scope="module")
def oscillator(build_text):
    return lambda *arguments: build_text(text_of(*arguments))


def diverges(model):
    """Whether the passive rollout from a small displacement grows without bound.

    A step of the oscillator is linear: two of them say what all do.
    """
    step = np.array([model.step(unit, np.zeros(1)) for unit in np.eye(2)])
    with np.errstate(over="ignore", invalid="ignore"):
        X = rolled_out(lambda X, U: X @ step, np.array([1e-3, 1e-3]), np.zeros((400, 1)))
    return not abs(X).max() < 1.0


@pytest.mark.parametrize(
    ("integrator", "stiffness", "damping"),
    [
        *(("rk4", *at) for at in [(700, 0), (900, 0), (0, 27), (0, 29), (5000, 30)]),
        *(("implicit", *at) for at in [(399, 0), (401, 0), (0, 29), (5000, 30)]),
    ],
)
def test_the_bound_is_where_rollouts_begin_to_grow(stiffness, damping, integrator):
    """RK4 ends at 2.785 on the negative real and 2.828 on the imaginary axis, the other at 2."""
    model = Uncompiled(text_of(stiffness, damping, 1, integrator))
    found = stability(model, np.zeros((40, 2)), np.zeros((40, 1)))
    assert found.ok is not diverges(model)


@pytest.mark.parametrize(("stiffness", "damping"), [(3e5, 100), (100, 3000)])
def test_the_substeps_that_it_names_do(stiffness, damping):
    model = Uncompiled(text_of(stiffness, damping))
    found = stability(model, np.zeros((40, 2)), np.zeros((40, 1)))
    assert not found.ok and found.coordinate == "slide"
    assert not diverges(Uncompiled(text_of(stiffness, damping, found.substeps)))
    assert diverges(Uncompiled(text_of(stiffness, damping, found.substeps // 2)))
    assert not diverges(
        Uncompiled(text_of(stiffness, damping, found.implicit_substeps, "implicit"))
    )


def test_motion_that_is_itself_unstable_is_no_fault_of_the_step():
    """A rod of 10 cm upright: angles grow threefold in each step."""
    text = HANGING.replace("length: 1", "length: 0.1").replace("-pi/2", "pi/2")
    model = Uncompiled(text.replace("START", "").replace("dt: 0.05", "dt: 0.1"))
    assert abs(model.step([1e-6, 0.0], np.zeros(1))).max() > 3e-6
    assert stability(model, np.zeros((40, 2)), np.zeros((40, 1))).ok


def test_finer_steps_are_those_of_a_robot_built_with_them(oscillator):
    model, finer = oscillator(400, 2), Uncompiled(text_of(400, 2, 8))
    x, u = np.array([[0.3, -0.2]]), np.array([[0.7]])
    np.testing.assert_allclose(step_with(model, 8)(x, u)[0], finer.step(x[0], u[0]), rtol=1e-12)


def test_the_error_of_a_step_is_measured_against_the_exact_one(oscillator):
    """The exponential, which steps with four times as many substeps nearly are."""
    model, U = oscillator(400, 2), np.zeros((40, 1))
    X = model.rollout([1.0, 0.0], U)
    exact = X[:-1] @ expm(0.1 * np.array([[0, 1], [-400, -2]])).T
    share = abs(X[1:] - exact) / abs(exact - X[:-1]).max(axis=0)
    found = accuracy(model, X, U)
    assert found.error == pytest.approx(share.max(), rel=0.05)
    step, i = divmod(int(np.argmax(share)), 2)
    assert (found.step, found.coordinate) == (step, model.x_names[i])


def test_implicit_steps_are_compared_with_finer_ones(oscillator):
    model, U = oscillator(4, 1, 1, "implicit"), np.zeros((40, 1))
    X, finer = model.rollout([1.0, 0.0], U), Uncompiled(text_of(4, 1, 4, "implicit"))
    first = abs(X[1] - finer.step(X[0], U[0]))
    assert 0 < accuracy(model, X, U).error < 1
    assert first.max() > 0
    cost = ((finer.rollout(X[0], U)[:-1, 0] - 1.0) ** 2).sum()
    assert finer_cost(model, X[0], U) == pytest.approx(cost, rel=1e-12)


@pytest.mark.parametrize(
    "robot",
    [MODELS / "swimmer.yaml", MODELS / "walker.yaml", "cartpole", "cart_pole", "springs"],
    ids=str,
)
def test_sound_robots_are_not_accused(robot, compiled, cartpole, build_text, caplog):
    """Neither the start nor the end of an optimisation, nor anything in between."""
    if robot == "cartpole":
        model = cartpole
    elif isinstance(robot, str):
        model = build_text(getattr(solver_robots, robot.upper()))
    else:
        model = compiled(vgps.load(robot))
    for iterations in (1, 60):
        settings = optimize.__kwdefaults__["settings"]._replace(max_iterations=iterations)
        optimize(model, settings=settings)
    assert "not to be trusted" not in caplog.text


def test_a_failure_names_the_step_and_what_mends_it(oscillator):
    model = oscillator(0, 1e4)
    with pytest.raises(FloatingPointError, match=r"past their stability bound .* slide moves") as e:
        optimize(model, np.ones((40, 1)))
    assert "or task.integrator: implicit" in str(e.value) and "\n" not in str(e.value)


# Light links at the end of a chain that falls: nothing is stiff at rest.
WHIP = """
name: whip
base: fixed
links:
  - {name: a, mass: 2, length: 0.4}
  - {name: b, mass: 0.05, length: 0.1}
  - {name: c, mass: 0.001, length: 0.02}
joints:
  - {name: j1, parent: world, child: a, actuated: true, torque_limit: 30}
  - {name: j2, parent: a, child: b}
  - {name: j3, parent: b, child: c}
task: {dt: DT, horizon: 60, cost: 1e-3*sum(u**2) + (j1.q - 1)**2, success: final(j1.q) > 0, start: {noise: 10}}
"""


def test_steps_that_are_too_long_for_what_happens_in_them(build_text):
    model = build_text(WHIP.replace("DT", "0.05"))
    U = 10 * np.random.default_rng(0).standard_normal((60, 1))
    said = step_length_to_blame(model, model.x0, U)
    assert "rk4 steps of 0.05 s are too long" in said
    substeps = int(said.split("task.substeps: ")[1].split()[0])
    X = rolled_out(step_with(model, substeps), model.x0, np.clip(U, -30, 30))
    assert np.isfinite(X).all()
    finite = build_text(WHIP.replace("DT", "0.0002"))
    assert step_length_to_blame(finite, finite.x0, U) is None


def test_a_result_that_lives_on_errors_is_returned_with_a_warning(oscillator, caplog):
    """At the bound of stability nothing diverges, and a step errs by more than it moves."""
    model = oscillator(700, 0)
    with caplog.at_level(logging.WARNING):
        solution = optimize(model, 10 * np.ones((40, 1)))
    steps = step_length(model, solution.X, solution.U)
    assert steps.accuracy.error > FAIR
    assert "not to be trusted: rk4 steps of 0.1 s are too long" in caplog.text
    assert "task.substeps: " in caplog.text
    assert f"{finer_cost(model, solution.X[0], solution.U):.4g}" in caplog.text


# Hanging at rest: by symmetry no action lowers the cost to first order.
HANGING = """
name: hanging
base: fixed
links: [{name: rod, mass: 1, length: 1, direction: -pi/2}]
points: [{name: tip, link: rod, at: [0, -1]}]
joints: [{name: hinge, parent: world, child: rod, actuated: true}]
task: {dt: 0.05, horizon: 30, cost: 1e-3*sum(u**2) + (tip.y - 1)**2, success: final(hinge.q) > 1START}
"""


@pytest.mark.parametrize("start", ["", ", start: {noise: 1}", ", start: {noise: 0}"])
def test_a_stationary_start_is_said_with_a_way_out(build_text, caplog, start):
    model = build_text(HANGING.replace("START", start))
    optimize(model)
    if "0" in start:
        assert "the start is a stationary point" in caplog.text
        assert "without task.start, others would be tried" in caplog.text
    else:
        assert not caplog.records
    caplog.clear()
    optimize(model, np.zeros((30, 1)))  # given, whatever the file says
    assert "the start is a stationary point" in caplog.text
