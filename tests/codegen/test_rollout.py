"""The compiled library: its functions, its integrator, and the derivatives of its steps."""

import ctypes

import numpy as np
import planar_twin as twin
import pytest
import yaml
from arm import ARM
from closeness import assert_close, differences
from trees import random_state, robot_of, swimmer
from virtual import Virtual

COMPILED = (503, 504)  # trees with limits and drag on a floating base and on a fixed one


@pytest.mark.parametrize("seed", COMPILED)
def test_c_computes_what_casadi_computes(tree, compiled, seed):
    """Every generated function of trees, in C against CasADi's virtual machine."""
    robot, functions = tree(seed, passive=True, drag=True, substeps=3)
    _assert_same(functions, compiled(robot), seed)


def test_c_computes_what_casadi_computes_for_the_swimmer(real_swimmer, compiled):
    _assert_same(real_swimmer, compiled(real_swimmer.robot), 0)


def _assert_same(functions, model, seed):
    robot, rng = functions.robot, np.random.default_rng(seed)
    for _ in range(3):
        q, v, u = random_state(robot, rng)
        given = {"q": q, "v": v, "u": u, "x": np.concatenate([q, v])}
        for name, f in functions.casadi.items():
            if name in functions.in_lanes_only:
                continue
            inputs = [given[argument] for argument in f.name_in()]
            # NaN shows an entry that is never written.
            outputs = [np.full(f.size_out(i), np.nan) for i in range(f.n_out())]
            call(model, name, *inputs, *outputs)
            expected = [output.full() for output in f.call(inputs)]
            for ours, theirs in zip(outputs, expected, strict=True):
                assert_close(ours, theirs)


def call(model, function: str, *arrays: np.ndarray) -> None:
    """Call a C function of a library by its address, as kernels do."""
    signature = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * len(arrays))
    signature(model.address(function))(*(array.ctypes.data for array in arrays))


@pytest.mark.parametrize("seed", COMPILED)
def test_methods_answer_in_the_shapes_that_they_promise(tree, compiled, seed):
    """Each method of the model against the function of the same name."""
    robot, functions = tree(seed, passive=True, drag=True, substeps=3)
    model = compiled(robot)
    q, v, u = random_state(robot, np.random.default_rng(seed))
    x = np.concatenate([q, v])
    assert_close(model.mass_matrix(q), functions.mass_matrix(q))
    assert_close(model.bias_force(q, v), functions.bias_force(q, v))
    assert_close(model.passive_force(q, v), functions.passive_force(q, v))
    assert_close(model.acceleration(q, v, u), functions.acceleration(q, v, u))
    assert_close(
        model.acceleration_derivatives(q, v, u), functions.acceleration_derivatives(q, v, u)[1]
    )
    assert_close(model.energy(q, v), functions.energy(q, v)[0])
    assert_close(model.cost([x, x], [u]), functions.cost(x, u))
    expected = twin.points(robot, q, v)
    assert_close(model.speed([x], [u]), [expected["com"][1][0]], 1e-11)
    points = model.points(q)
    assert set(points) == set(expected)
    for name, position in points.items():
        assert_close(position, expected[name][0], scale=1)


@pytest.mark.parametrize("seed", COMPILED)
def test_a_step_is_three_classical_runge_kutta_steps(tree, compiled, seed):
    """The step against the textbook's, with v' from CasADi; a rollout is steps in a row."""
    robot, functions = tree(seed, passive=True, drag=True, substeps=3)
    model = compiled(robot)
    rng = np.random.default_rng(seed)
    q, v, u = random_state(robot, rng)
    x = np.concatenate([q, v])

    assert_close(model.step(x, u), functions.step(x, u))
    U = rng.normal(size=(4, robot.nu))
    X = model.rollout(x, U)
    assert np.array_equal(X[0], x)
    for t in range(4):
        assert np.array_equal(X[t + 1], model.step(X[t], U[t]))


@pytest.mark.parametrize("seed", COMPILED)
def test_linearize_differentiates_the_step_of_trees(tree, compiled, seed):
    _assert_linearizes(compiled(tree(seed, passive=True, drag=True, substeps=3)[0]), seed)


def test_linearize_differentiates_the_step_of_the_swimmer(compiled, tmp_path):
    _assert_linearizes(compiled(swimmer(tmp_path)), 0)


def _assert_linearizes(model, seed):
    """f_x and f_u of whole trajectories equal differences of the step, with or without x_T."""
    rng = np.random.default_rng(seed)
    q, v, _ = random_state(model.robot, rng)
    U = rng.normal(size=(3, model.nu))
    X = model.rollout(np.concatenate([q, v]), U)
    f_x, f_u = model.linearize(X, U)
    for t in range(3):
        numerical = differences(
            lambda z: model.step(z[: model.nx], z[model.nx :]), np.concatenate([X[t], U[t]])
        )
        assert_close(np.hstack([f_x[t], f_u[t]]), numerical, 1e-9)
        x_next = np.full(model.nx, np.nan)
        each_x, each_u = np.full_like(f_x[t], np.nan), np.full_like(f_u[t], np.nan)
        call(model, "step_derivatives", X[t], U[t], x_next, each_x, each_u)
        assert_close(x_next, model.step(X[t], U[t]))
        assert_close(each_x, f_x[t])
        assert_close(each_u, f_u[t])
    shorter = model.linearize(X[:3], U)
    assert np.array_equal(shorter[0], f_x)
    assert np.array_equal(shorter[1], f_u)


def _pendulum(folder, **task):
    """A double pendulum without limits: nothing takes energy."""
    data = yaml.safe_load(ARM)
    for key in ("limits", "limit_stiffness"):
        data["joints"][1].pop(key)
    data["task"] |= task
    return robot_of(data, folder)


def test_halving_the_step_divides_the_errors_by_sixteen(tmp_path):
    """Runge and Kutta's order, in the state and in the energy, which nothing takes or gives."""
    X, energy = {}, {}
    for substeps in (1, 2, 16):
        model = Virtual(_pendulum(tmp_path, dt=0.01, substeps=substeps))
        X[substeps] = model.rollout([0.5, 0.5, 1, -1], np.zeros((100, 2)))
        energy[substeps] = np.array([model.energy(*np.split(x, 2))[0] for x in X[substeps]])
    assert_close(energy[16], np.full(101, energy[16][0]), 1e-8)
    for errors in (
        [np.abs(X[n] - X[16]).max() for n in (1, 2)],
        [np.abs(energy[n] - energy[n][0]).max() for n in (1, 2)],
    ):
        assert 13 < errors[0] / errors[1] < 19


def test_the_swimmer_in_vacuum_keeps_its_momentum(tmp_path):
    """Over half a second of arbitrary actions, to the accuracy of the integrator."""
    model = Virtual(swimmer(tmp_path, vacuum=True, dt=0.02, substeps=16))
    rng = np.random.default_rng(0)
    q, v, _ = random_state(model.robot, rng)
    X = model.rollout(np.concatenate([q, v]), 20 * rng.normal(size=(25, 2)))
    start, *_, end = (np.hstack(twin.momenta(model.robot, *np.split(x, 2))) for x in X)
    assert_close(end, start, 1e-10)


def test_the_swimmer_coasts_to_a_stop(compiled, tmp_path):
    """Drag only takes: kinetic energy falls at every step of a rollout without actions."""
    model = compiled(swimmer(tmp_path))
    x0 = np.concatenate([np.zeros(5), [1, 2, 0.1, -0.1, 0.1]])
    X = model.rollout(x0, np.zeros((300, 2)))
    energy = np.array([model.energy(*np.split(x, 2)) for x in X])
    assert np.all(np.diff(energy[:50]) < 0)
    assert energy[-1] < 1e-2 * energy[0]
