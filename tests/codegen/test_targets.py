"""Targets: where they are in the state, and that the robot moves as it does without any."""

from functools import cache

import numpy as np
import pytest
from aimed import AIMED
from closeness import assert_close
from ground_robots import FOOT
from mujoco_reference import Reference
from trees import random_state, random_tree
from virtual import Virtual

from vgps.codegen.build import content_hash
from vgps.codegen.description.identity import identity
from vgps.codegen.description.robot import Target, load
from vgps.codegen.toolchain import find_toolchain

SEEDS = (706, 707)  # small trees of both bases with joints that turn and slide
TWO = (Target(name="goal", at=(1, 2)), Target(name="gate", at=(3, 4), spread=(5, 6)))


@pytest.fixture
def aimed(load_text):
    """Load the arm with targets after replacing `old`, which must occur once, by `new`."""

    def load_edited(old="", new=""):
        assert not old or AIMED.count(old) == 1, old
        return load_text(AIMED.replace(old, new) if old else AIMED)

    return load_edited


def initially(text):
    return "dt: 0.01", f"dt: 0.01\n  initial: {text}"


def test_they_are_the_last_coordinates_of_q(aimed):
    robot = aimed()
    assert robot.q_names == ("shoulder", "elbow", "goal.x", "goal.y", "gate.x", "gate.y")
    assert robot.initial_states == [[0.0, 0.0, 0.1, 0.5, -1.0, 3.0] + [0.0] * 6]
    assert robot.initial_deviations == [[0.0, 0.0, 0.02, 0.2, 0.0, 0.0] + [0.0] * 6]


def test_a_policy_sees_their_places_and_no_rates_of_theirs(aimed):
    assert aimed().observed_indices == (0, 1, 2, 3, 4, 5, 6, 7)
    seen = aimed("dt: 0.01", "dt: 0.01\n  observe: {q: [goal.y, elbow], v: [shoulder]}")
    assert seen.observed_indices == (3, 1, 6)


def test_one_deviation_for_all_is_not_theirs(load_text):
    task = "initial: {spread: {q: 0.3, v: 0.4}}\n  process_noise: {q: 0.5, v: 0.6, force: 0.7}"
    text = AIMED.replace("dt: 0.01", f"dt: 0.01\n  {task}")
    robot = load_text(f"{text}training: {{marginals: {{q: 0.8, v: 0.9}}}}\n")
    still = [0.0] * 4
    assert robot.initial_deviations == [[0.3, 0.3, 0.02, 0.2, 0.0, 0.0, 0.4, 0.4, *still]]
    assert robot.process_deviation == [0.5, 0.5, *still, 0.6, 0.6, *still]
    assert robot.force_deviation == [0.7, 0.7, *still]
    assert robot.marginal_deviation == [0.8, 0.8, *still, 0.9, 0.9, *still]


def test_an_initial_state_may_have_them_elsewhere(aimed):
    robot = aimed(*initially("[{q: {goal.x: -m}}, {q: {gate.y: 7, elbow: 1}}]"))
    places = [state[:6] for state in robot.initial_states]
    assert places == [[0.0, 0.0, -2.0, 0.5, -1.0, 3.0], [0.0, 1.0, 0.1, 0.5, -1.0, 7.0]]
    assert robot.initial_deviations[0] == robot.initial_deviations[1]


def test_overrides(tmp_path):
    path = tmp_path / "arm.yaml"
    path.write_text(AIMED, encoding="utf-8")
    robot = load(path, {"targets.goal.at": "[L, -1]", "targets.gate.spread": "[0, 2]"})
    assert robot.initial_states[0][2:6] == [0.5, -1.0, -1.0, 3.0]
    assert robot.initial_deviations[0][2:6] == [0.02, 0.2, 0.0, 2.0]


def test_their_number_shapes_the_robot_and_their_places_do_not(aimed):
    plain, elsewhere = aimed(), aimed("at: [-1, 3]", "at: [4, 5], spread: [1, 1]")
    more = aimed("at: [-1, 3]}", "at: [-1, 3]}\n  - {name: third, at: [0, 0]}")
    assert identity(plain) == identity(elsewhere) != identity(more)
    toolchain = find_toolchain()
    shapes = [content_hash(robot, toolchain) for robot in (plain, elsewhere, more)]
    assert shapes[0] == shapes[1] != shapes[2]


def test_a_robot_without_any_is_the_one_it_was(load_text):
    assert identity(load_text(f"{FOOT}targets: []\n")) == identity(load_text(FOOT))


class Pair:
    """A tree with two targets and the same without, and a state and an action of each."""

    def __init__(self, robot, seed):
        self.plain, self.n = Virtual(robot), robot.nq
        self.aiming = Virtual(robot.model_copy(update={"targets": TWO}))
        rng = np.random.default_rng(seed)
        q, v, u = self.alone = random_state(robot, rng)
        self.state = np.append(q, 9 * rng.standard_normal(4)), np.append(v, np.zeros(4)), u

    def of(self, name, arguments=3):
        """What a function of (q, v, u), or of the first of these, gives for both."""
        mine = getattr(self.aiming, name)(*self.state[:arguments])
        return mine, getattr(self.plain, name)(*self.alone[:arguments])


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """Two robots that differ in targets, by the seed of their tree."""
    folder = tmp_path_factory.mktemp("trees")
    return cache(lambda seed, **options: Pair(random_tree(folder, seed, **options), seed))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_robot_accelerates_as_in_mujoco(both, seed):
    pair = both(seed)
    reference = Reference(pair.plain.robot)
    reference.forward(*pair.alone)
    a = pair.aiming.acceleration(*pair.state)
    assert_close(a[: pair.n], reference.acceleration, 1e-9)
    assert not a[pair.n :].any()
    np.testing.assert_allclose(pair.of("energy", 2)[0], reference.energy, rtol=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("integrator", ["rk4", "implicit"])
def test_everything_else_is_as_without_them(both, seed, integrator):
    pair = both(seed, passive=True, drag=True, immersed=True, integrator=integrator)
    n, update = pair.n, "acceleration" if integrator == "rk4" else "velocity_update"
    for name, arguments in (
        *(("acceleration", 3), ("velocity_jump", 3), (update, 3)),
        *(("passive_force", 2), ("bias_force", 2)),
    ):
        mine, theirs = pair.of(name, arguments)
        assert_close(mine[:n], theirs)
        assert not mine[n:].any()
    M, M_plain = pair.of("mass_matrix", 1)
    assert_close(M[:n, :n], M_plain)
    np.testing.assert_array_equal(M[n:], np.eye(n + 4)[n:])

    (_, mine), (_, theirs) = pair.of(f"{update}_derivatives")
    rates = range(2 * n + 4, 2 * n + 8)
    others = [i for i in range(mine.shape[1]) if i not in (*range(n, n + 4), *rates)]
    assert_close(mine[:n, others], theirs)
    expected = np.zeros((4, mine.shape[1]))
    expected[:, rates] = np.eye(4) if integrator == "implicit" else 0.0  # v+ = v, v' = 0
    np.testing.assert_array_equal(mine[n:], expected)
    assert not np.delete(mine[:n], others, axis=1).any()

    assert pair.aiming.point_names == pair.plain.point_names
    assert_close(*pair.of("points", 1))
    assert not pair.of("point_jacobians", 1)[0][:, n:].any()


def test_rates_of_theirs_would_count_in_no_energy_and_no_centre_of_mass(both):
    pair = both(SEEDS[0])
    q, v, u = pair.state
    moving = np.append(v[: pair.n], np.full(4, 7.0))
    energy, measures = pair.aiming.energy(q, moving), pair.aiming.measures(np.append(q, moving), u)
    np.testing.assert_allclose(energy, pair.plain.energy(*pair.alone[:2]), rtol=1e-12)
    theirs = pair.plain.measures(np.concatenate(pair.alone[:2]), u)
    np.testing.assert_allclose(measures, theirs, rtol=1e-12)  # com.vx is the first


@pytest.fixture(scope="module")
def model(compiled, tmp_path_factory):
    path = tmp_path_factory.mktemp("aimed") / "arm.yaml"
    path.write_text(AIMED, encoding="utf-8")
    return compiled(load(path))


def test_cost_and_success_see_them(model):
    rng = np.random.default_rng(0)
    X, U = model.rollout(model.x0, rng.standard_normal((50, 2))), rng.standard_normal((50, 2))
    goal = X[:, 2:4]
    hand = np.array([model.points(x[:6])["hand"] for x in X])
    expected = (U**2).sum(axis=1) + ((hand - goal)[:-1] ** 2 @ [1, 3])
    np.testing.assert_allclose(model.cost(X, U), expected, rtol=1e-12)
    for away, succeeds in ((0.05, True), (0.15, False)):
        # Success is of the states before the last.
        X[:, 2] = hand[-2, 0] + away
        assert model.success(X, U) is succeeds
    assert model.cost_quantities(X[0], U[0])["goal.x"] == X[0, 2]


def test_names_of_the_state(model):
    assert model.x_names[:6] == ("shoulder.q", "elbow.q", "goal.x", "goal.y", "gate.x", "gate.y")
    assert model.x_names[6:9] == ("shoulder.v", "elbow.v", "goal.x.v")
    with pytest.raises(FloatingPointError, match="at step 3: gate.x$"):
        model.require_finite_states(np.where(np.arange(60).reshape(5, 12) == 40, np.nan, 0.0))


@pytest.fixture(scope="module")
def large(built_as_large, tmp_path_factory):
    """The arm with implicit steps, as it would be built if it were large."""
    path = tmp_path_factory.mktemp("large") / "arm.yaml"
    path.write_text(AIMED.replace("dt: 0.01", "dt: 0.01\n  integrator: implicit"), encoding="utf-8")
    return built_as_large(load(path))


@pytest.mark.parametrize("name", ["model", "large"])
def test_a_step_leaves_them_where_they_are_to_the_bit(request, name):
    model = request.getfixturevalue(name)
    rng, n = np.random.default_rng(0), model.nq
    x = model.x0 + 0.1 * rng.standard_normal(model.nx)
    x[-4:] = 0.0
    X = model.rollout(x, rng.standard_normal((30, model.nu)))
    np.testing.assert_array_equal(X[:, n - 4 : n], np.tile(x[n - 4 : n], (31, 1)))
    assert not X[:, -4:].any()
    assert (X[-1, : n - 4] != X[0, : n - 4]).all()
