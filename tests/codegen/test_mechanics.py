"""The equations of motion against MuJoCo, against a plain twin, and against the laws of physics."""

import casadi as ca
import numpy as np
import planar_twin as twin
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mjcf import Reference
from trees import random_state, robot_of, swimmer, turns
from virtual import Virtual

from codegen.functions import _Coordinates, _leaf_first, _LeafFirstFactor
from codegen.mechanics import derive

PLAIN = range(52)  # trees that MuJoCo describes
LOSSY = range(100, 112)  # trees with limits and drag
AGREEMENT = 1e-12  # relative to the largest entry; 1e-13 is reached


def assert_close(ours, theirs, tolerance=AGREEMENT, scale=None):
    """Equal to ``tolerance`` times ``scale``, by default the largest entry of the reference."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    scale = np.abs(theirs).max(initial=0.0) if scale is None else scale
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max(initial=0.0) <= tolerance * scale


@pytest.fixture(scope="session")
def vacuum_swimmer(tmp_path_factory):
    return Virtual(swimmer(tmp_path_factory.mktemp("vacuum"), vacuum=True))


@pytest.fixture(scope="session")
def real_swimmer(tmp_path_factory):
    return Virtual(swimmer(tmp_path_factory.mktemp("swimmer")))


def _assert_agrees_with_mujoco(functions: Virtual, seed: int):
    robot, reference, rng = functions.robot, Reference(functions.robot), np.random.default_rng(seed)
    for _ in range(3):
        q, v, u = random_state(robot, rng)
        reference.forward(q, v, u)
        # Entries of the mass matrix have different units; its diagonal gives each its scale.
        M = reference.mass_matrix
        diagonal = np.sqrt(np.diag(M))
        scale = np.outer(diagonal, diagonal)
        assert_close(functions.mass_matrix(q) / scale, M / scale)
        assert_close(functions.bias_force(q, v), reference.bias_force)
        assert_close(functions.passive_force(q, v), reference.passive_force)
        assert_close(functions.acceleration(q, v, u), reference.acceleration)
        assert_close(functions.energy(q, v), [reference.energy], 1e-11)
        origins = twin.frames(robot, q, v)
        for link in robot.links:
            assert_close(origins[link.name].origin, reference.origin(link.name), scale=1)


@pytest.mark.parametrize("seed", PLAIN)
def test_trees_move_as_in_mujoco(tree, seed):
    """M, bias, passive forces, v' and energy equal those of MuJoCo's three-dimensional bodies."""
    _assert_agrees_with_mujoco(tree(seed)[1], seed)


def test_the_swimmer_in_vacuum_moves_as_in_mujoco(vacuum_swimmer):
    _assert_agrees_with_mujoco(vacuum_swimmer, 0)


def test_a_pendulum_moves_as_in_the_textbook(tmp_path):
    """(I + m l^2 + J) v' = u - m g l cos q - d v - k (q - r): one coordinate on a fixed base."""
    m, length, inertia, g, armature, d, k, rest = 2.0, 0.7, 0.3, 9.81, 0.1, 0.5, 4.0, 0.2
    rod = {"name": "rod", "mass": m, "com": [length, 0], "inertia": inertia}
    pivot = {"name": "pivot", "parent": "world", "child": "rod", "actuated": True}
    pivot |= {"armature": armature, "damping": d, "stiffness": k, "rest": rest}
    task = {"dt": 0.01, "horizon": 10, "cost": "sum(u**2)", "success": "final(pivot.q) > 0"}
    data = {"name": "pendulum", "base": "fixed", "gravity": g, "links": [rod], "joints": [pivot]}
    functions = Virtual(robot_of(data | {"task": task}, tmp_path))
    q, v, u = 0.4, -1.3, 2.1
    force = u - m * g * length * np.cos(q) - d * v - k * (q - rest)
    expected = force / (inertia + m * length**2 + armature)
    assert_close(functions.acceleration([q], [v], [u]), [expected])


def test_a_limit_is_a_spring_that_sets_in_smoothly(real_swimmer):
    """Far beyond a limit the torque is stiffness times excess; well inside there is none."""
    robot = real_swimmer.robot
    joint = robot.joints[0]
    low, high = joint.limits
    i = robot.q_names.index(joint.name)
    for angle, torque in (
        (high + 2, -2 * joint.limit_stiffness),
        (low - 2, 2 * joint.limit_stiffness),
        (0.5 * (low + high), 0.0),
        (high, -joint.limit_stiffness * joint.limit_softness * np.log(2)),
    ):
        q = np.zeros(robot.nq)
        q[i] = angle
        force = real_swimmer.passive_force(q, np.zeros(robot.nv))
        # The exponential tail of the softplus reaches this far.
        tail = joint.limit_stiffness * joint.limit_softness * np.exp(-1.4 / joint.limit_softness)
        assert force[i] == pytest.approx(torque, abs=3 * tail)
        assert_close(np.delete(force, i), np.zeros(robot.nv - 1), scale=1)


@pytest.mark.parametrize("seed", [*PLAIN[:20], *LOSSY[:4]])
def test_points_are_where_forward_kinematics_puts_them(tree, seed):
    """Every named point and link, and its velocity, against a twin that walks the joints."""
    robot, functions = tree(seed) if seed in PLAIN else tree(seed, passive=True, drag=True)
    rng = np.random.default_rng(seed)
    q, v, u = random_state(robot, rng)
    expected = twin.points(robot, q, v)
    names = list(derive_names(functions))
    assert set(names) == set(expected)
    assert_close(functions.points(q), [expected[name][0] for name in names], scale=1)


def derive_names(functions):
    from codegen.functions import generate

    return generate(functions.robot).point_names
