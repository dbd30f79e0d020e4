"""A hand that pulls at a link: its grip against differences, its impulse against momentum."""

import numpy as np
import pytest

from vgps.policy.pull import nearest_grip, pull


@pytest.fixture(params=["swimmer", "cartpole", "rocket"])
def model(request):
    return request.getfixturevalue(request.param)


def grip_somewhere(model, q, rng):
    points = np.array(list(model.points(q).values()))
    return nearest_grip(model, q, points[rng.integers(len(points))] + 0.3 * rng.standard_normal(2))


def test_a_grip_is_the_nearest_point_of_all_links(model, rng):
    q = rng.standard_normal(model.nq)
    place = rng.standard_normal(2)
    held = nearest_grip(model, q, place).place(model, q)
    points = model.points(q)
    shares = np.linspace(0.0, 1.0, 201)[:, None]
    sampled = [
        (1 - shares) * points[f"{link.name}.start"] + shares * points[f"{link.name}.end"]
        for link in model.robot.links
    ]
    distances = np.linalg.norm(np.concatenate(sampled) - place, axis=1)
    assert np.linalg.norm(held - place) == pytest.approx(distances.min(), abs=0.02)


def test_a_grip_moves_as_its_jacobian_says(model, rng):
    q = rng.standard_normal(model.nq)
    for _ in range(10):
        grip = grip_somewhere(model, q, rng)
        J = grip.jacobian(model, q)
        for i, dq in enumerate(1e-6 * np.eye(model.nq)):
            moved = (grip.place(model, q + dq) - grip.place(model, q - dq)) / 2e-6
            np.testing.assert_allclose(J[:, i], moved, atol=1e-7)


def test_the_momentum_changes_by_the_impulse(model, rng):
    """M dv = J^T i, and i is what the spring gives over dt where the point will be."""
    x, place, k = rng.standard_normal(model.nx), rng.standard_normal(2), 300.0
    q, v, dt = x[: model.nq], x[model.nq :], model.dt
    grip = grip_somewhere(model, q, rng)
    dv, i = pull(model, x, grip, place, k)
    J = grip.jacobian(model, q)
    np.testing.assert_allclose(model.mass_matrix(q) @ dv, J.T @ i, rtol=1e-9, atol=1e-9)
    later = grip.place(model, q) + dt * J @ (v + dv)
    np.testing.assert_allclose(i, k * dt * (place - later), rtol=1e-9, atol=1e-9)


def test_the_stiffest_spring_brings_the_point_to_the_hand(swimmer, rng):
    """In one step, and not beyond."""
    x = rng.standard_normal(swimmer.nx)
    q = x[: swimmer.nq]
    grip = grip_somewhere(swimmer, q, rng)
    place = grip.place(swimmer, q) + [0.1, -0.2]
    dv, _ = pull(swimmer, x, grip, place, 1e12)
    velocity = grip.jacobian(swimmer, q) @ (x[swimmer.nq :] + dv)
    np.testing.assert_allclose(swimmer.dt * velocity, [0.1, -0.2], atol=1e-6)
