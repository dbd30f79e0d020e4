"""Vectorised environments are what Gymnasium makes of as many single ones, lane for lane."""

import gymnasium
import numpy as np
import pytest
from environments import CARTPOLE, KINDS
from gymnasium.error import ResetNeeded
from gymnasium.vector import AutoresetMode
from quick import quick_ones

import vgps.report.gym  # noqa: F401  # registers them
from vgps.report.gym.vector import RobotVectorEnv


def make(mode="vector_entry_point", robot=CARTPOLE, num_envs=3, **arguments):
    return gymnasium.make_vec(
        "vgps/Robot-v0", num_envs=num_envs, vectorization_mode=mode, robot=robot, **arguments
    )


def assert_equal(ours, theirs):
    *arrays, infos = ours
    *expected, expected_infos = theirs
    for array, other in zip(arrays, expected, strict=True):
        np.testing.assert_array_equal(array, other)
        assert array.dtype == other.dtype and array.shape == other.shape
    assert infos.keys() == expected_infos.keys()
    for key in infos:
        np.testing.assert_array_equal(infos[key], expected_infos[key])


# The others have nothing of their own but their dynamics.
QUICK = {
    *("a floating base without limits of its actions", "a fixed base", "a target"),
    *("expressions, the time, a cost of the end and a lag", "several initial states"),
    "gusts and pushes",
}


@pytest.mark.parametrize("kind", quick_ones(KINDS, QUICK))
def test_they_equal_single_environments_with_the_same_seeds(kind):
    """Some episodes end early or all at once, and begin anew, in more lanes than a vector has."""
    robot, overrides = KINDS[kind]
    arguments = {"robot": robot, "overrides": {"task.horizon": 40} | overrides, "num_envs": 11}
    ours, theirs = make(**arguments), make("sync", **arguments)
    assert isinstance(ours, RobotVectorEnv)
    assert ours.observation_space == theirs.observation_space
    assert ours.action_space == theirs.action_space
    ours.action_space.seed(0)
    assert_equal(ours.reset(seed=4), theirs.reset(seed=4))
    ends = 0
    for _ in range(90):
        actions = ours.action_space.sample()
        result = ours.step(actions)
        assert_equal(result, theirs.step(actions))
        ends += (result[2] | result[3]).sum()
    assert ends >= 22
    assert_equal(ours.reset(seed=[1, None] + 9 * [3]), theirs.reset(seed=[1, None] + 9 * [3]))


def test_an_episode_that_has_ended_begins_in_the_next_step():
    env = make(overrides={"task.horizon": 40}, num_envs=2)
    assert env.metadata["autoreset_mode"] == AutoresetMode.NEXT_STEP
    x0 = np.array([[2.5, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]])  # the first is lost
    seen, _ = env.reset(seed=0, options={"x0": x0})
    np.testing.assert_array_equal(seen, x0)
    _, _, terminated, truncated, infos = env.step(np.zeros((2, 1)))
    assert terminated.tolist() == [True, False] and not truncated.any()
    assert infos["_success"].tolist() == [True, False] and not infos["success"].any()
    seen, rewards, terminated, _, infos = env.step(np.zeros((2, 1)))
    assert env.episodes.t.tolist() == [0, 2] and abs(seen[0, 0] - 1.0) < 0.5
    assert rewards[0] == 0.0 and infos["_cost"].tolist() == [False, True] and not terminated.any()


def test_what_was_returned_does_not_change():
    env = make()
    kept = env.reset(seed=0)[0]
    before = kept.copy()
    seen, rewards, *_ = env.step(np.zeros((3, 1)))
    copies = seen.copy(), rewards.copy()
    env.step(np.ones((3, 1)))
    for array, copy in zip((kept, seen, rewards), (before, *copies), strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda env: env.step(np.zeros((3, 1))), ResetNeeded, "no episodes have begun: call reset before step"),
        (lambda env: (env.reset(), env.step(np.zeros(3))), ValueError, r"actions must have shape \(3, 1\), found \(3,\)"),
        (lambda env: env.reset(seed=[1, 2]), ValueError, "2 seeds were given for 3 episodes"),
        (lambda env: env.reset(options={"x0": [0.0] * 4}), ValueError, r"x0 of cartpole must have shape \(3, 4\)"),
        (lambda env: make(num_envs=0), ValueError, "num_envs must be at least 1, not 0"),
    ],
)  # fmt: skip
def test_mistakes_are_told_in_a_sentence(call, error, text):
    with pytest.raises(error, match=text):
        call(make())
