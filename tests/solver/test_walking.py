"""The walking controller: it walks, its actions replay, and left and right are alike."""

from pathlib import Path

import numpy as np
import pytest

from vgps.codegen.description.robot import Robot
from vgps.codegen.model import Model
from vgps.solver.ilqr import Settings, ilqr
from vgps.solver.objective import task_objective
from vgps.solver.walking import _Controller, walk

TEXT = (Path(__file__).parents[2] / "models" / "walker.yaml").read_text(encoding="utf-8")
STEPS = 2000  # 20 s


@pytest.fixture(scope="module")
def walker(build_text):
    return build_text(TEXT)


def starts(model) -> dict[str, np.ndarray]:
    standing = np.zeros(model.nx)
    standing[1] = 0.935  # m
    return {"file": model.x0, "standing": standing}


@pytest.fixture(scope="module", params=["file", "standing"])
def demonstration(request, walker):
    return walk(walker, starts(walker)[request.param], STEPS)


def test_the_demonstration_walks_20_seconds(walker, demonstration):
    """The hips stay over 0.7 m and advance by 0.7 m/s from either start; both legs take steps."""
    X = demonstration.X
    assert X[:, 1].min() > 0.7
    assert (X[-1, 0] - X[0, 0]) / (STEPS * walker.dt) >= 0.7
    ankles = np.array([[walker.points(x[:9])[f"ankle_{side}"][0] for side in "lr"] for x in X])
    leads = np.sign(np.diff(ankles, axis=1)[:, 0])
    assert 30 < (np.diff(leads) != 0).sum() < 80  # steps of 0.25 to 0.6 s


def test_the_actions_replay_to_the_bit(walker, demonstration):
    assert np.array_equal(walker.rollout(demonstration.X[0], demonstration.U), demonstration.X)


def test_what_is_optimised_from_it_does_not_depend_on_the_last_bits(walker):
    """Steps of 1/32 in a narrow valley, taken for its end, leave costs from 177.9 to 178.9."""
    T = walker.robot.task.horizon
    U = walk(walker, walker.x0, T).U
    wobble = 1.0 + 1e-12 * np.random.default_rng(0).standard_normal(U.shape)
    objective, until = task_objective(walker, T), Settings(cost_tolerance=1e-3)
    costs = [ilqr(walker, objective, walker.x0, start, until).cost for start in (U, wobble * U)]
    assert costs[0] == pytest.approx(costs[1], abs=0.01)
    assert max(costs) < 174.0


def with_robot(model, data):
    """The compiled model as the controller sees it with another robot's data."""
    robot = Robot.model_validate(data, context={})
    return Model(robot, Path(model.library._name), model.manifest, was_built=False)


def test_the_actions_respect_the_torque_limits(walker):
    """With limits below what the walk asks for, actions reach them and never pass them."""
    data = walker.robot.model_dump()
    for joint in data["joints"]:
        joint["torque_limit"] = 60.0
    model = with_robot(walker, data)
    U = walk(model, model.x0, 50).U
    assert np.abs(U).max() == 60.0
    assert (np.abs(U) == 60.0).any(axis=0).sum() >= 4


def swapped(x, model):
    """A state or action with left and right exchanged: (..., nx) or (..., nu)."""
    legs = 3 if x.shape[-1] == model.nu else 9
    parts = np.split(x, x.shape[-1] // legs, axis=-1)
    if legs == 3:
        return np.concatenate(parts[::-1], axis=-1)
    order = [0, 1, 2, 6, 7, 8, 3, 4, 5]
    return np.concatenate([part[..., order] for part in parts], axis=-1)


def test_left_and_right_are_alike(walker):
    """With the stance of each state changed, the walk of the mirrored state is the mirrored walk.

    The two legs hang at the same place, so exchanging them is a symmetry of the plane.  Rounding
    differs in the order of sums and grows along a walk; over a second it stays far below a step.
    """
    data = walker.robot.model_dump()
    for state in data["gait"]["states"]:
        state["left_stance"] = not state["left_stance"]
    other = with_robot(walker, data)
    for x0 in starts(walker).values():
        ours, theirs = walk(walker, x0, 100), walk(other, swapped(x0, walker), 100)
        np.testing.assert_allclose(swapped(theirs.X, walker), ours.X, atol=1e-7, rtol=0)
        np.testing.assert_allclose(swapped(theirs.U, walker), ours.U, atol=1e-5, rtol=0)


def test_exchanging_the_legs_in_the_file_exchanges_them_in_the_walk(walker):
    """What the gait calls left and right exchanged: the exchanged walk of the exchanged state."""
    data = walker.robot.model_dump()
    legs = data["gait"]["legs"]
    legs["left"], legs["right"] = legs["right"], legs["left"]
    other = with_robot(walker, data)
    ours, theirs = walk(walker, walker.x0, 100), walk(other, swapped(walker.x0, walker), 100)
    np.testing.assert_allclose(swapped(theirs.X, walker), ours.X, atol=1e-7, rtol=0)
    np.testing.assert_allclose(swapped(theirs.U, walker), ours.U, atol=1e-5, rtol=0)


def test_the_torques_follow_the_published_law(walker, demonstration):
    """The torso gets what it asks for; the swing hip and the other joints are held by their gains.

    The hips' torques sum to minus what holds the torso.
    """
    gait = walker.robot.gait
    k_p, k_d = gait.gains.torso
    states = _states(walker, demonstration)
    assert set(states) == {0, 1, 2, 3}
    assert np.abs(demonstration.U).max() < 1000.0  # nothing is clipped
    for x, u, index in zip(demonstration.X[:-1], demonstration.U, states, strict=True):
        state, (q, v) = gait.states[index], np.split(x, 2)
        torso = k_p * (state.torso - q[2]) - k_d * v[2]
        np.testing.assert_allclose(u[0] + u[3], -torso, atol=1e-9, rtol=0)
        stance, swing = (0, 3) if state.left_stance else (3, 0)
        points = walker.points(q)
        d = points["com"][0] - points["ankle_l" if state.left_stance else "ankle_r"][0]
        speed = walker.speed(x[None], u[None])[0]
        target = state.swing_hip + state.balance[0] * d + state.balance[1] * speed
        angle, omega = q[2] + q[3 + swing], v[2] + v[3 + swing]
        expected = [gait.gains.hip[0] * (target - angle) - gait.gains.hip[1] * omega]
        for leg, knee, ankle in (
            (swing, state.swing_knee, state.swing_ankle),
            (stance, state.stance_knee, state.stance_ankle),
        ):
            for joint, (goal, gains) in enumerate(
                ((knee, gait.gains.knee), (ankle, gait.gains.ankle)), start=4 + leg
            ):
                expected.append(gains[0] * (goal - q[joint]) - gains[1] * v[joint])
        ours = u[[swing, swing + 1, swing + 2, stance + 1, stance + 2]]
        np.testing.assert_allclose(ours, expected, atol=1e-9, rtol=0)


def _states(walker, demonstration) -> list[int]:
    """The controller's state at each step.

    For 0.3 s, then until a point of the swing foot is below the ground; for one leg, then the other.
    """
    states, state, since = [], 0, 0
    for t, x in enumerate(demonstration.X[:-1]):
        points = walker.points(x[:9])
        foot = "r" if state < 2 else "l"
        struck = min(points[f"heel_{foot}"][1], points[f"toe_{foot}"][1]) < 0
        if (t - since >= 30) if state % 2 == 0 else struck:
            state, since = (state + 1) % 4, t
        states.append(state)
    return states


def test_a_foot_strikes_a_slope_at_its_height(walker):
    data = walker.robot.model_dump()
    data["ground"]["height"] = "0.05*x"
    controller = _Controller(with_robot(walker, data))
    for radius in (0.0, 0.03):
        assert controller._below_ground(np.array([2.0, radius + 0.099]), radius)
        assert not controller._below_ground(np.array([2.0, radius + 0.101]), radius)


def test_a_walk_that_leaves_the_finite_says_so(walker):
    x0 = walker.x0.copy()
    x0[9:] = 1e200
    with np.errstate(all="ignore"), pytest.raises(FloatingPointError, match="step 1: "):
        walk(walker, x0, 10)
