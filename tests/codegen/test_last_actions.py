"""du in a task: the state holds the last action, and the robot moves as it does without that."""

import numpy as np
import pytest
from arm import ARM
from closeness import assert_close, differences

from vgps.codegen.build import build, content_hash
from vgps.codegen.description.identity import identity
from vgps.codegen.mechanics import dynamics
from vgps.codegen.toolchain import find_toolchain

# The second action alone is remembered, between what lags and a target.
DRIVES = """\
actuators: [{name: jet, link: lower, direction: pi/2, lag: 0.1}]
targets: [{name: goal, at: [1, 2]}]
"""
COST = "sum(u**2) + (hand.y - 1)**2"
ONE = ARM.replace("points:", f"{DRIVES}points:").replace(COST, f"{COST} + 3*elbow.du**2")
ALL = ARM.replace(COST, f"{COST} + sum(sin(du)**2) + 0.5*elbow.du*shoulder.q + shoulder.last_u*t")


def implicit(text):
    return text.replace("  dt: 0.01\n", "  dt: 0.01\n  integrator: implicit\n  substeps: 3\n")


@pytest.fixture(scope="module")
def smooth(build_text):
    """The arm whose cost names du."""
    return build_text(ALL)


def test_last_actions_stand_between_what_lags_and_targets(load_text):
    robot = load_text(ONE)
    assert robot.q_names == (
        *("shoulder", "elbow", "jet.force"),
        *("elbow.last_u", "goal.x", "goal.y"),
    )
    assert robot.last_actions == (("elbow.last_u", 3, 1),)
    assert (robot.x_names[3], robot.x_units[3]) == ("elbow.last_u", "N·m")
    assert (robot.x_names[9], robot.x_units[9]) == ("elbow.last_u.v", "")
    assert robot.initial_states == [[0, 0, 0, 0, 1, 2] + [0] * 6]


@pytest.mark.parametrize(
    ("old", "new", "remembered"),
    [
        (COST, "sum(du**2)", ["shoulder", "elbow"]),
        (COST, "elbow.du**2", ["elbow"]),
        (COST, "elbow.last_u**2", ["elbow"]),
        ("dt: 0.01", "dt: 0.01\n  final_cost: shoulder.last_u**2", ["shoulder"]),
        ("final(hand.y) > 0.9", "max(abs(elbow.du)) < 3", ["elbow"]),
        ("dt: 0.01", "dt: 0.01\n  observe: [elbow.q, elbow.last_u]", ["elbow"]),
        ("dt: 0.01", "dt: 0.01\n  observe: {q: [elbow, elbow.last_u], v: []}", ["elbow"]),
        ("dt: 0.01", "dt: 0.01\n  initial: {q: {elbow.last_u: 3}}", ["elbow"]),
        ("dt: 0.01", "dt: 0.01", []),
    ],
)
def test_what_the_task_names_is_remembered(load_text, old, new, remembered):
    robot = load_text(ARM.replace(old, new))
    assert [robot.u_names[last.action] for last in robot.last_actions] == remembered


def test_policies_see_last_actions_only_where_the_file_says_so(load_text):
    """And one deviation for all is not theirs."""
    assert load_text(ALL).observed_indices == (0, 1, 4, 5)
    assert load_text(ONE).observed_indices == (0, 1, 4, 5, 6, 7, 8)
    seen = "dt: 0.01\n  observe: {q: [elbow.last_u, goal.x], v: [elbow]}"
    assert load_text(ONE.replace("dt: 0.01", seen)).observed_indices == (3, 4, 7)
    noisy = "dt: 0.01\n  initial: {spread: {q: 1, v: 1}}\n  process_noise: {q: 1, v: 1, force: 1}"
    robot = load_text(ALL.replace("dt: 0.01", noisy))
    for deviation in (*robot.initial_deviations, robot.process_deviation):
        assert deviation == [1, 1, 0, 0, 1, 1, 0, 0]
    assert robot.force_deviation == [1, 1, 0, 0]


def test_an_initial_state_says_what_the_first_action_changes_from(load_text):
    text = ALL.replace("dt: 0.01", "dt: 0.01\n  initial: {q: {elbow.last_u: m}}")
    assert load_text(text).initial_states == [[0, 0, 0, 2, 0, 0, 0, 0]]


def test_they_are_part_of_what_a_state_means_and_of_what_is_built(load_text):
    robots = plain, one, both = [
        load_text(ARM.replace(COST, cost)) for cost in (COST, "elbow.du**2", "sum(du**2)")
    ]
    assert len({identity(robot) for robot in robots}) == 3
    assert identity(one) == identity(load_text(ARM.replace(COST, "hand.y + elbow.last_u**2")))
    toolchain = find_toolchain()
    seen = ARM.replace("dt: 0.01", "dt: 0.01\n  observe: {q: [elbow.last_u], v: []}")
    hashes = {content_hash(robot, toolchain) for robot in (*robots, load_text(seen))}
    assert len(hashes) == 4


@pytest.mark.parametrize("kind", ["explicit", "implicit", "large"])
def test_the_robot_moves_as_without_them_and_ends_each_step_with_them(build_text, tmp_path, kind):
    """Their derivatives included, in plain code, in loops and in lanes."""
    edit = str if kind == "explicit" else implicit
    model, plain = build_text(edit(ALL)), build_text(edit(ARM))
    if kind == "large":
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(dynamics, "MOST_OPERATIONS", 0)
            model = build(model.robot, folder=tmp_path)
    rng = np.random.default_rng(0)
    moving, last = [0, 1, 4, 5], [2, 3]
    X, U = rng.standard_normal((11, 8)), rng.standard_normal((11, 2))
    X[:, [6, 7]] = 0.0
    following = model.steps(X, U)
    assert_close(following[:, moving], plain.steps(X[:, moving], U), 1e-11)
    np.testing.assert_array_equal(following[:, last], U)
    assert not following[:, [6, 7]].any()
    np.testing.assert_allclose(model.step(X[0], U[0]), following[0], rtol=1e-11, atol=1e-13)

    f_x, f_u = model.linearize(X, U)
    expected_x, expected_u = plain.linearize(X[:, moving], U)
    assert_close(f_x[:, moving][:, :, moving], expected_x, 1e-10)
    assert_close(f_u[:, moving], expected_u, 1e-10)
    numerical = differences(lambda z: model.step(z[:8], z[8:]), np.append(X[0], U[0]))
    assert_close(np.hstack([f_x[0], f_u[0]]), numerical, 1e-9)
    assert not f_x[:, last].any()
    np.testing.assert_array_equal(f_u[:, last], np.tile(np.eye(2), (11, 1, 1)))


def cost(x, u, t):
    """That of ALL at a step, of any kind of numbers."""
    hand = 0.5 * np.sin(x[0]) + 0.4 * np.sin(x[0] + x[1])
    du = u - x[2:4]
    return (
        *((u**2).sum() + (hand - 1) ** 2, (np.sin(du) ** 2).sum()),
        *(0.5 * du[1] * x[0], x[2] * t),
    )


def test_the_cost_of_a_rollout_is_that_of_its_changes(smooth):
    """From the actions alone: the first changes from zero."""
    U = np.random.default_rng(0).standard_normal((20, 2))
    X = smooth.rollout(smooth.x0, U)
    before = np.vstack([np.zeros(2), U[:-1]])
    expected = [
        sum(cost(np.concatenate([x[:2], last, x[4:]]), u, 0.01 * t))
        for t, (x, last, u) in enumerate(zip(X[:-1], before, U, strict=True))
    ]
    np.testing.assert_allclose(smooth.cost(X[:-1], U), expected, rtol=1e-12)
    quantities = smooth.cost_quantities(X[3], U[3])
    np.testing.assert_array_equal(quantities["du"], U[3] - U[2])
    assert quantities["elbow.du"] == U[3, 1] - U[2, 1]
    assert quantities["shoulder.last_u"] == U[2, 0]


def test_the_cost_is_differentiated_by_the_last_action(smooth):
    """Against complex steps: the gradient, and how it changes where the quantities are linear."""
    rng = np.random.default_rng(0)
    x, u, t = rng.standard_normal(8), rng.standard_normal(2), 0.3

    def gradient(z):
        """(10,) of the cost at z = (x, u)."""
        steps = 1e-30j * np.eye(10)
        return np.array([sum(cost(y[:8], y[8:], t)).imag / 1e-30 for y in z + steps])

    from_c = [np.full(shape, np.nan) for shape in ((1,), 8, 2, (8, 8), (2, 8), (2, 2))]
    smooth._run("cost_expansion", x, u, np.array(t), *from_c)
    _, c_x, c_u, c_xx, c_ux, c_uu = from_c
    z = np.append(x, u)
    assert_close(np.append(c_x, c_u), gradient(z), 1e-12)
    hessian = differences(gradient, z)
    exact = [2, 3, *range(4, 10)]  # the hand is not linear in the joints, which is left out
    found = np.block([[c_xx, c_ux.T], [c_ux, c_uu]])
    assert_close(found[exact], hessian[exact], 1e-8)
    assert np.abs(c_ux[:, 2:4]).max() > 0.1
