"""The equations of motion against MuJoCo, against a plain twin, and against the laws of physics."""

import casadi as ca
import numpy as np
import planar_twin as twin
import pytest
from closeness import assert_close
from hypothesis import given, settings
from hypothesis import strategies as st
from mujoco_reference import Reference
from quick import quick_ones
from trees import random_state, random_tree, robot_of, turns
from virtual import Virtual

from vgps.codegen.mechanics.coordinates import Coordinates
from vgps.codegen.mechanics.equations_of_motion import derive
from vgps.codegen.mechanics.ldl import SparseFactor

# The first ones are of both bases, and of up to eight links.
PLAIN = quick_ones(range(30), range(7))  # trees that MuJoCo describes
LOSSY = quick_ones(range(100, 105), range(100, 103))  # trees with limits and drag


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
        # Torques of either sign meet in the other coordinates and leave their rounding.
        others = np.delete(force, i)
        assert_close(others, np.zeros_like(others), scale=joint.limit_stiffness)


@pytest.mark.parametrize("seed", PLAIN)
def test_points_are_where_forward_kinematics_puts_them(tree, seed):
    """Every named point against a twin that walks the joints."""
    robot, functions = tree(seed)
    q, v, _ = random_state(robot, np.random.default_rng(seed))
    expected = twin.points(robot, q, v)
    assert set(functions.point_names) == set(expected)
    positions = [expected[name][0] for name in functions.point_names]
    assert_close(functions.points(q), positions, scale=1)


@pytest.mark.parametrize("seed", quick_ones(range(200, 205), range(200, 202)))
def test_quantities_are_what_their_names_say(tree, seed, tmp_path):
    """What a success expression may name of links, joints and points, against the same twin."""
    rng = np.random.default_rng(seed)
    robot = random_tree(tmp_path, seed)
    q, v, u = random_state(robot, rng)
    expected = {
        f"{name}.{part}": value
        for name, pair in twin.points(robot, q, v).items()
        if "." not in name
        for part, value in zip(("x", "y", "vx", "vy"), np.ravel(pair), strict=True)
    }
    for name, frame in twin.frames(robot, q, v).items():
        if name != "world":
            parts = (*frame.origin, frame.angle, *frame.velocity, frame.omega)
            names = (f"{name}.{part}" for part in ("x", "y", "angle", "vx", "vy", "omega"))
            expected |= dict(zip(names, parts, strict=True))
    for joint in robot.free_joints:
        i = robot.q_names.index(joint.name)
        expected |= {f"{joint.name}.q": q[i], f"{joint.name}.v": v[i]}
    expected |= {f"{name}.u": value for name, value in zip(robot.u_names, u, strict=True)}
    # An expression holds at most 2000 characters and 100 levels.
    chosen = rng.permutation(list(expected))[:60].tolist()
    success = " + ".join(f"final({name})" for name in chosen) + " > 0"
    functions = tree(seed, success=success)[1]
    measured = functions.measures(np.concatenate([q, v]), u)
    assert_close(measured, [expected["com.vx"], *(expected[name] for name in chosen)], scale=10)


@pytest.mark.parametrize("seed", LOSSY)
def test_passive_forces_are_those_of_joints_and_drag(tree, seed):
    """Springs, damping, limits joint by joint, and drag summed over pieces of each link."""
    robot, functions = tree(seed, passive=True, drag=True)
    _assert_passive(robot, functions, seed)


def test_passive_forces_of_the_swimmer(real_swimmer):
    _assert_passive(real_swimmer.robot, real_swimmer, 0)


def _assert_passive(robot, functions, seed):
    rng = np.random.default_rng(seed)
    for _ in range(20):
        q, v, _ = random_state(robot, rng)
        passive, joints = functions.passive_force(q, v), twin.joint_force(robot, q, v)
        drag = twin.drag_force(robot, q, v)
        assert_close(passive, joints + drag, scale=np.abs([joints, drag]).max())
        # Drag only ever takes energy.
        assert (passive - joints) @ v < 0


@pytest.mark.parametrize("seed", [*PLAIN[:20], *LOSSY])
def test_energy_changes_by_the_power_of_actions_and_passive_forces(tree, seed):
    """dE/dt along v' = passive . v + sum of action times joint rate."""
    robot, functions = tree(seed) if seed in PLAIN else tree(seed, passive=True, drag=True)
    _assert_power_balance(robot, functions, seed)


def test_energy_of_the_swimmer(real_swimmer, vacuum_swimmer):
    for functions in (real_swimmer, vacuum_swimmer):
        _assert_power_balance(functions.robot, functions, 0)
    q, v, _ = random_state(vacuum_swimmer.robot, np.random.default_rng(1))
    assert not vacuum_swimmer.passive_force(q, v).any()


def _assert_power_balance(robot, functions, seed):
    q, v = ca.SX.sym("q", robot.nq), ca.SX.sym("v", robot.nv)
    energy = functions.casadi["energy"](q, v)
    slopes = ca.Function("slopes", [q, v], [ca.gradient(energy, q), ca.gradient(energy, v)])
    driven = [robot.q_names.index(name) for name in robot.u_names]
    rng = np.random.default_rng(seed)
    for _ in range(5):
        q, v, u = random_state(robot, rng)
        a = functions.acceleration(q, v, u)
        along_q, along_v = (slope.full()[:, 0] for slope in slopes(q, v))
        passive = functions.passive_force(q, v)
        gained = [*(along_q * v), *(along_v * a)]
        given = [*(passive * v), *(u * v[driven])]
        scale = max(np.abs(gained).max(), np.abs(given).max())
        assert abs(sum(gained) - sum(given)) <= 1e-11 * scale


@pytest.mark.parametrize("seed", quick_ones(range(300, 305), range(300, 302)))
def test_a_free_robot_keeps_its_momentum(tree, seed):
    """Internal forces change no momentum: gravity pulls at the centre of mass, nothing turns it.

    The rates of linear and angular momentum, summed over the links of the twin, along v'.
    """
    robot, functions = tree(seed, base="floating", passive=True)
    mass = sum(link.mass for link in robot.links)
    rng = np.random.default_rng(seed)
    for _ in range(5):
        q, v, u = random_state(robot, rng)
        a = functions.acceleration(q, v, u)
        step = 1e-30
        linear, angular = twin.momenta(robot, q + 1j * step * v, v + 1j * step * a)
        # The forces inside the robot, which cancel, set the scale of the rounding.
        scale = np.abs(functions.mass_matrix(q) @ a).max() + np.abs(a).max() * mass
        assert_close(linear.imag / step, [0, -mass * robot.gravity], scale=scale)
        assert_close(angular.imag / step, 0, scale=scale)


@pytest.mark.parametrize("seed", [*PLAIN[:20], *LOSSY])
def test_the_mass_matrix_is_symmetric_and_positive_definite(tree, seed):
    """v . M v / 2 is the kinetic energy, which is positive for every motion."""
    robot, functions = tree(seed) if seed in PLAIN else tree(seed, passive=True, drag=True)
    rng = np.random.default_rng(seed)
    for _ in range(5):
        q, v, _ = random_state(robot, rng)
        M = functions.mass_matrix(q)
        assert_close(M, M.T)
        assert np.linalg.eigvalsh(M).min() > 0
        kinetic = functions.energy(q, v) - functions.energy(q, 0 * v)
        assert_close(kinetic, [0.5 * v @ M @ v], 1e-11)


@pytest.mark.parametrize("seed", PLAIN[:12])
def test_the_factor_is_as_sparse_as_the_tree(tree, seed):
    """L D L^T = M, with no more entries than couple a coordinate to those that carry it."""
    robot = tree(seed)[0]
    w, mass, factor = _mass_and_factor(robot)
    order = factor.order
    n = robot.nv
    L = [[factor.L[i][j] if j < i else ca.SX(int(i == j)) for j in range(n)] for i in range(n)]
    L = ca.vertcat(*(ca.horzcat(*row) for row in L))
    split = ca.Function("split", [w], [mass, L, ca.vertcat(*factor.D)])
    M, L, D = (part.full() for part in split(np.random.default_rng(seed).normal(size=n)))
    assert_close(L @ np.diag(D[:, 0]) @ L.T, M[np.ix_(order, order)])
    assert len(_coupled(factor)) <= sum(map(len, _carriers(robot).values()))


def test_the_factor_of_the_swimmer_has_no_fill_in(vacuum_swimmer):
    _, mass, factor = _mass_and_factor(vacuum_swimmer.robot)
    assert not any(mass[factor.order[i], factor.order[j]].is_zero() for i, j in _coupled(factor))


def _mass_and_factor(robot):
    """w, M(w) in absolute coordinates and its factor."""
    coordinates = Coordinates(robot, derive(robot))
    (mass,) = coordinates.convert(coordinates.mechanics.mass_matrix)
    return coordinates.w, mass, SparseFactor(mass)


def _coupled(factor) -> list[tuple[int, int]]:
    """Row and column of each structural nonzero of L."""
    return [(i, j) for i, row in enumerate(factor.L) for j in range(i) if not row[j].is_zero()]


def _carriers(robot) -> dict[int, set[int]]:
    """For each coordinate those of the links that carry it."""
    index = {name: i for i, name in enumerate(robot.q_names)}
    root = {0: set(), 1: {0}, 2: {0, 1}} if robot.root is not None else {}
    above = {"world": set()} | ({robot.root.name: {0, 1, 2}} if root else {})
    carriers = dict(root)
    for joint in robot.ordered_joints:
        above[joint.child] = set(above[joint.parent])
        if joint.type != "fixed":
            carriers[index[joint.name]] = above[joint.parent]
            above[joint.child] |= {index[joint.name]}
    return carriers


numbers = st.floats(-10, 10)
seeds = st.integers(0, 2**32 - 1)


@settings(max_examples=50)
@given(x=numbers, y=numbers, turn=numbers, seed=seeds)
def test_no_place_and_no_direction_is_special(real_swimmer, x, y, turn, seed):
    """Moved and turned as a whole, the swimmer accelerates alike, seen from where it is."""
    robot, rng = real_swimmer.robot, np.random.default_rng(seed)
    q, v, u = random_state(robot, rng)
    a = real_swimmer.acceleration(q, v, u)
    elsewhere, moving, expected = q.copy(), v.copy(), a.copy()
    elsewhere[:3] = [*(twin.turned(q[:2], turn) + [x, y]), q[2] + turn]
    moving[:2], expected[:2] = twin.turned(v[:2], turn), twin.turned(a[:2], turn)
    # The angle of up to 10 rad is rounded before its cosine is taken.
    assert_close(real_swimmer.acceleration(elsewhere, moving, u), expected, 1e-11)


@settings(max_examples=50)
@given(seed=seeds)
def test_left_is_like_right(real_swimmer, seed):
    """The swimmer is its own mirror image: y and angles change their sign, and nothing else."""
    robot = real_swimmer.robot
    q, v, u = random_state(robot, np.random.default_rng(seed))
    mirror = np.array([1.0, *[-1.0] * 4])
    mirrored = real_swimmer.acceleration(mirror * q, mirror * v, -u)
    assert_close(mirrored, mirror * real_swimmer.acceleration(q, v, u))


@settings(max_examples=50)
@given(vx=numbers, vy=numbers, seed=seeds)
def test_vacuum_knows_no_rest(vacuum_swimmer, vx, vy, seed):
    """Without drag a steady motion of the whole changes no acceleration (Galileo)."""
    robot = vacuum_swimmer.robot
    q, v, u = random_state(robot, np.random.default_rng(seed))
    a = vacuum_swimmer.acceleration(q, v, u)
    v[:2] += [vx, vy]
    assert_close(vacuum_swimmer.acceleration(q, v, u), a)


@pytest.mark.parametrize("seed", PLAIN[:20])
def test_full_turns_lead_back(tree, seed):
    """Joints without springs know their angle up to full turns."""
    robot, functions = tree(seed)
    rng = np.random.default_rng(seed)
    q, v, _ = random_state(robot, rng)
    turned = q + 2 * np.pi * np.array([turns(robot, name) for name in robot.q_names])
    assert_close(functions.mass_matrix(turned), functions.mass_matrix(q))
    assert_close(functions.bias_force(turned, v), functions.bias_force(q, v), 1e-11)
