"""Large robots: systems solved in loops and functions cut in pieces, against straight-line code."""

import numpy as np
import pytest
from closeness import assert_close

STEPS = 11  # no multiple of any number of lanes


@pytest.fixture(scope="module", params=["swimmer", "foot"])
def both(request, swimmer, foot, built_as_large):
    """A robot as it is, and as it would be built if it were large: Runge-Kutta and implicit."""
    plain = swimmer if request.param == "swimmer" else foot("0")
    large = built_as_large(plain.robot)
    assert "acceleration_force" in large.manifest["operations"]
    return plain, large


def test_a_large_robot_moves_like_a_small_one(both):
    plain, large = both
    rng = np.random.default_rng(0)
    x, u = plain.x0 + 0.1 * rng.standard_normal(plain.nx), 10.0 * rng.standard_normal(plain.nu)
    q, v = x[: plain.nq], x[plain.nq :]
    assert_close(large.acceleration(q, v, u), plain.acceleration(q, v, u))
    assert_close(large.mass_matrix(q), plain.mass_matrix(q))
    assert_close(large.step(x, u), plain.step(x, u))
    assert_close(plain.velocity_jump(q, v), np.linalg.solve(plain.mass_matrix(q), v), 1e-11)
    assert_close(large.velocity_jump(q, v), plain.velocity_jump(q, v), 1e-11)
    if plain.robot.task.integrator == "rk4":
        assert_close(
            large.acceleration_derivatives(q, v, u), plain.acceleration_derivatives(q, v, u)
        )


def test_a_large_robot_has_the_same_derivatives_in_lanes(both):
    plain, large = both
    rng = np.random.default_rng(0)
    X = plain.x0 + 0.05 * rng.standard_normal((STEPS, plain.nx))
    U = 10.0 * rng.standard_normal((STEPS, plain.nu))
    for mine, other in zip(large.linearize(X, U), plain.linearize(X, U), strict=True):
        assert_close(mine, other, 1e-11)
