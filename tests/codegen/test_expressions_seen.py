"""What a policy sees as expressions, recomputed in NumPy, and what follows from it for a task."""

import numpy as np
import pytest
import yaml
from seen import SEEN
from trees import robot_of, swimmer

from vgps.codegen.build import content_hash
from vgps.codegen.folders import PACKAGE
from vgps.codegen.toolchain import find_toolchain

CARTPOLE = yaml.safe_load(
    (PACKAGE / "tests" / "robots" / "cartpole.yaml").read_text(encoding="utf-8")
)
LENGTH = 0.6


def cart(folder, observe):
    return robot_of(CARTPOLE | {"task": CARTPOLE["task"] | {"observe": observe}}, folder)


@pytest.fixture(scope="module")
def model(compiled, tmp_path_factory):
    return compiled(cart(tmp_path_factory.mktemp("observing"), SEEN))


def seen(x, t):
    rail, hinge, v, w = x
    angle = np.angle(np.exp(3j * hinge))
    sine = np.sin(hinge)
    bob = rail - LENGTH * sine - 0.3 * t, -LENGTH * sine * w
    return [sine, *bob, t, v, LENGTH, np.exp(t) * angle, w * v]


def test_what_is_seen(model):
    rng = np.random.default_rng(0)
    X, t = 2.0 * rng.standard_normal((5, 3, 4)), rng.random((3,))
    expected = np.array([[seen(X[i, j], t[j]) for j in range(3)] for i in range(5)])
    np.testing.assert_allclose(model.observation(X, t), expected, rtol=1e-12, atol=1e-14)
    np.testing.assert_array_equal(model.observation(X[0, 0]), model.observation(X, 0.0)[0, 0])
    assert model.observation(np.empty((0, 4))).shape == (0, 8)


@pytest.mark.parametrize("N", [1, 2, 7, 8, 17])
def test_lanes_agree_with_numbers(model, N):
    rng = np.random.default_rng(N)
    X, t = rng.standard_normal((N, 4)), rng.random(N)
    o, o_x = model.observation(X, t), model.observation_jacobian(X, t)
    for i in range(N):
        one, of_one, J = np.empty(8), np.empty(8), np.empty((8, 4))
        model._run("observation", X[i], t[i : i + 1], one)
        model._run("observation_jacobian", X[i], t[i : i + 1], of_one, J)
        np.testing.assert_array_equal(one, of_one)
        np.testing.assert_allclose(o[i], one, rtol=1e-13, atol=1e-14)
        np.testing.assert_allclose(o_x[i], J, rtol=1e-13, atol=1e-14)


def test_the_jacobian_is_the_central_difference(model):
    rng, h = np.random.default_rng(1), 1e-6
    X, t = rng.standard_normal((20, 4)), rng.random(20)
    for j, away in enumerate(h * np.eye(4)):
        slope = (model.observation(X + away, t) - model.observation(X - away, t)) / (2 * h)
        np.testing.assert_allclose(
            model.observation_jacobian(X, t)[..., j], slope, rtol=1e-6, atol=1e-8
        )


def test_states_of_another_robot(model, cartpole):
    with pytest.raises(ValueError, match=r"x must have shape \(\.\.\., 4\), found \(3,\)"):
        model.observation(np.zeros(3))
    with pytest.raises(ValueError, match=r"task\.observe of cartpole lists no expressions"):
        cartpole.observation(np.zeros(4))


def test_only_expressions_shape_the_code(tmp_path):
    """Coordinates are picked at run time."""
    toolchain = find_toolchain()
    whole, some, one, other = (
        content_hash(cart(tmp_path, observe), toolchain)
        for observe in ({"q": ["rail"], "v": []}, {"q": [], "v": ["rail"]}, ["t"], ["2*t"])
    )
    assert whole == some
    assert len({some, one, other}) == 3


@pytest.mark.parametrize(("observe", "ends"), [(["hinge.q"], False), (["hinge.q", "2 - t"], True)])
def test_a_task_whose_policy_sees_the_time_ends(tmp_path, observe, ends):
    task = cart(tmp_path, observe).task
    assert (task.ends, task.observes_time, task.is_timed) == (ends, ends, False)


@pytest.mark.parametrize(
    ("observe", "depends"),
    [
        (["com.vx", "sin(neck.q)"], False),
        (["com.vx", "com.x"], True),
        ({"q": ["y"], "v": ["x"]}, False),
        ({"q": ["x"], "v": []}, True),
    ],
)
def test_whether_the_place_is_seen(tmp_path, observe, depends):
    assert swimmer(tmp_path, observe=observe).observes_root_x is depends
