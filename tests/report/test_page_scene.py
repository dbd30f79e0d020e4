"""The numbers of a page are the robot's: links placed in the world, columns put together again."""

import math

import numpy as np
import pytest

from vgps.report.page.columns import column, packed
from vgps.report.page.scene import frame_of, frames_of, ground_of, motion_of, scene_of
from vgps.report.skeleton import skeleton


def placed(pose, points):
    """Points (n, 2) of a link's frame in the world, as scene.js places them."""
    x, y, angle = pose
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[x + c * a - s * b, y + s * a + c * b] for a, b in points])


def unpacked(changes, unit=1.0):
    return np.cumsum(changes) * unit


@pytest.fixture(params=["swimmer", "cartpole", "rocket", "quadrotor"])
def robot(request):
    return request.getfixturevalue(request.param)


def states(model, count=10):
    return np.random.default_rng(3).normal(size=(count, model.nx))


def test_placed_links_are_those_of_the_skeleton(robot):
    scene = scene_of(robot)
    for x in states(robot):
        frame, shown = frame_of(robot, x), skeleton(robot, x[: robot.nq])
        atol = 2 * scene["unit"]
        for link, pose, ends, shape in zip(
            scene["links"], frame["poses"], shown.links, shown.shapes, strict=True
        ):
            if link["segment"]:
                np.testing.assert_allclose(placed(pose, link["segment"]), ends, atol=atol)
            if len(shape):
                # The corners of an outline are listed from another one on where it has turned.
                corners = placed(pose, link["outline"])
                apart = np.linalg.norm(corners[:, None] - shape[None], axis=2)
                assert apart.min(axis=1).max() < atol and len(corners) == len(shape)
        joints = [placed(frame["poses"][j["link"]], [j["at"]])[0] for j in scene["joints"]]
        np.testing.assert_allclose(np.reshape(joints, (-1, 2)), shown.joints, atol=atol)
        np.testing.assert_allclose(frame["com"], [shown.com], atol=1e-12)


def test_contact_points_carry_the_forces_of_the_ground(on_ground):
    model = on_ground("0")
    x = np.zeros(model.nx)
    x[1] = 0.05  # the sole is 0.05 m below the surface
    scene, frame = scene_of(model), frame_of(model, x)
    (contact,), (force,) = scene["contacts"], frame["forces"]
    assert contact["name"] == "sole"
    place = placed(frame["poses"][contact["link"]], [contact["at"]])[0]
    np.testing.assert_allclose(place, model.points(x[: model.nq])["sole"], atol=1e-3)
    assert force[1] > 100.0
    np.testing.assert_allclose(force, model.contact_forces(x[: model.nq], x[model.nq :])["sole"])


def test_a_motion_is_put_together_again(robot, motion):
    X, unit = motion(robot, seconds=1.0), scene_of(robot)["unit"]
    packed_motion = motion_of(robot, X, 3, unit)
    assert packed_motion["step"] == 3 * robot.dt
    parts = frames_of(robot, X[::3])
    for part, scale in (("poses", [unit, unit, 1e-3]), ("com", [unit, unit])):
        flat = parts[part].reshape(len(X[::3]), -1)
        for i, (values, changes) in enumerate(
            zip(flat.T, packed_motion["frames"][part], strict=True)
        ):
            own = scale[i % len(scale)]
            np.testing.assert_allclose(unpacked(changes, own), values, atol=0.51 * own)


def test_columns_are_as_fine_as_a_pixel():
    rng = np.random.default_rng(0)
    for size in (1e-6, 1.0, 1e7):
        values = size * rng.normal(size=200).cumsum()
        made = column(values)
        again = unpacked(made["changes"], made["unit"])
        np.testing.assert_allclose(again, values, atol=np.ptp(values) / 500)
    for constant in (np.zeros(5), np.full(5, -3.2e4)):
        made = column(constant)
        again = unpacked(made["changes"], made["unit"])
        np.testing.assert_allclose(again, constant, rtol=1e-2)
    wild = column(np.array([0.0, np.inf, -np.inf, np.nan, 1.7e308]))
    assert np.isfinite(unpacked(wild["changes"], wild["unit"])).all()
    assert packed([0.4, 1.6, 1.4]) == [0, 2, -1]


def test_level_ground_is_two_points_and_other_ground_a_line(ball, swimmer):
    assert ground_of(ball("0.5"), -1.0, 3.0) == [[-1.0, 0.5], [3.0, 0.5]]
    line = ground_of(ball("sqrt(x)"), -1.0, 4.0)
    assert line[0] == [-1.0, None] and line[-1] == [4.0, 2.0] and len(line) > 100
    assert ground_of(swimmer.robot, -1.0, 1.0) == []


def test_only_sliders_of_the_world_have_rails(swimmer, cartpole):
    assert scene_of(swimmer)["rails"] == []
    assert scene_of(cartpole)["rails"] == [{"at": [0.0, 0.0], "angle": 0.0}]
