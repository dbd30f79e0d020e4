"""Robots as environments of Gymnasium: its own checks, and the task behind the interface."""

import subprocess
import sys

import gymnasium
import numpy as np
import pytest
from environments import CARTPOLE, KINDS
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import check_env

import vgps.report.gym  # noqa: F401  # registers them
from vgps.codegen.errors import RobotFileError
from vgps.codegen.folders import MODELS
from vgps.report.gym.single import RobotEnv
from vgps.report.gym.spaces import DEVIATIONS, UnlimitedAction

# Observations are not bounded, and actions are in the units of the robot's file.
as_meant = pytest.mark.filterwarnings(
    "ignore:.*A Box observation space m:UserWarning",
    "ignore:.*we recommend using a symmetric and normalized space:UserWarning",
)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def make(robot=CARTPOLE, **arguments):
    return gymnasium.make("vgps/Robot-v0", robot=robot, **arguments).unwrapped


def episode(env, rng, **start):
    """Everything that one episode under random actions gives."""
    seen = [env.reset(**start)[0]]
    steps = []
    while not steps or not (steps[-1][1] or steps[-1][2]):
        low, high = env.action_space.low, env.action_space.high
        observation, *rest = env.step(rng.uniform(low, high))
        seen.append(observation)
        steps.append(rest)
    return np.array(seen), steps


@as_meant
@pytest.mark.parametrize("kind", KINDS)
def test_gymnasium_finds_nothing_wrong(kind):
    robot, overrides = KINDS[kind]
    check_env(make(robot, overrides=overrides))


@as_meant
@pytest.mark.slow
@pytest.mark.parametrize("robot", sorted(path.stem for path in MODELS.glob("*.yaml")))
def test_gymnasium_finds_nothing_wrong_with_any_robot(robot):
    check_env(make(robot))


def test_a_seed_gives_the_same_episode_to_the_bit_whatever_was_before(rng):
    overrides = KINDS["gusts and pushes"][1]
    env, other = make(overrides=overrides), make(overrides=overrides)
    episode(env, rng, seed=1)
    one = episode(env, np.random.default_rng(0), seed=5)
    two = episode(other, np.random.default_rng(0), seed=5)
    np.testing.assert_array_equal(one[0], two[0])
    assert one[1] == two[1]
    three = episode(other, np.random.default_rng(0), seed=6)
    assert not np.array_equal(two[0][0], three[0][0])


def test_rewards_are_costs_and_success_is_told_at_the_end(rng):
    # Of the quantities that the file's own success names, so that nothing is compiled.
    success = "mean(bob.y) > -1 and max(abs(rail.q)) > {}"
    env = make(overrides={"task.success": success.format(0)})
    _, steps = episode(env, rng, seed=0)
    X, U = env.episodes.X[0], env.episodes.U[0]
    rewards, terminated, truncated, infos = zip(*steps, strict=True)
    np.testing.assert_array_equal(rewards, -env.model.cost(X, U))
    assert [-info["cost"] for info in infos] == list(rewards)
    assert len(steps) == env.model.robot.task.horizon and truncated[-1] and not any(terminated)
    assert infos[-1]["success"] is True and "success" not in infos[-2]
    failing = make(overrides={"task.success": success.format(9)})
    assert not episode(failing, rng)[1][-1][-1]["success"]


def test_an_episode_ends_where_the_task_is_lost_unless_told_otherwise(rng):
    start = {"options": {"x0": [2.5, 0.0, 0.0, 0.0]}}  # the cart must stay within 2 m
    _, steps = episode(make(), rng, **start)
    assert len(steps) == 1 and steps[0][1] is True and steps[0][-1]["success"] is False
    _, steps = episode(make(terminate=False), rng, **start)
    assert len(steps) == 150 and steps[-1][2] is True and steps[-1][-1]["success"] is False


def test_the_start_and_the_noise_can_be_chosen():
    env = make(disturbed=False)
    x0 = [0.3, -0.1, 0.0, 0.2]
    seen, _ = env.reset(options={"x0": x0})
    np.testing.assert_array_equal(seen, x0)
    seen, *_ = env.step(np.array([3.0]))
    np.testing.assert_allclose(seen, env.model.step(x0, [3.0]), rtol=1e-12, atol=1e-12)


def test_actions_without_limits_reach_as_far_as_the_noise_that_search_begins_with(swimmer):
    env = make("swimmer")
    weight = 1e-5  # of u**2 in its cost
    np.testing.assert_allclose(env.action_space.high, DEVIATIONS / np.sqrt(2 * weight), rtol=1e-6)
    np.testing.assert_array_equal(env.action_space.low, -env.action_space.high)
    one_sided = make("quadrotor")
    np.testing.assert_array_equal(one_sided.action_space.low, [0.0, 0.0])


def test_an_action_with_neither_limits_nor_a_cost_is_refused():
    free = {"joints.rail.torque_limit": None, "task.cost": "rail.q**2"}
    with pytest.raises(
        UnlimitedAction, match="rail.u of cartpole has no limits, .* give it limits"
    ):
        make(overrides=free)


def test_pictures_show_the_robot_and_have_one_size(rng):
    env = make(overrides={"task.horizon": 40}, terminate=False, render_mode="rgb_array")
    with pytest.raises(ResetNeeded, match="no episode has begun: call reset before render"):
        env.render()
    env.reset(seed=0, options={"x0": [0.0, 0.0, 0.0, 0.0]})
    before = env.render()
    for _ in range(40):
        env.step(np.array([20.0]))
    after = env.render()
    assert before.shape == after.shape and before.dtype == np.uint8
    assert not np.array_equal(before, after)
    for picture in (before, after):
        inner = picture[:-40, 20:-20]  # dark in the picture, and not at its rim
        assert (inner.min(axis=2) < 60).sum() > 50
    assert env.metadata["render_fps"] == 50


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda env: env.step(np.zeros(1)), ResetNeeded, "no episode has begun: call reset before step"),
        (lambda env: env.reset(options={"x1": 3}), ValueError, "the only option of reset is 'x0', not 'x1'"),
        (lambda env: env.reset(options={"x0": [1.0]}), ValueError, r"x0 of cartpole must have shape \(4,\), found \(1,\)"),
        (lambda env: env.reset(options={"x0": [np.inf, 0, 0, 0]}), ValueError, "x0 of cartpole must be finite"),
        (lambda env: RobotEnv(CARTPOLE, render_mode="ansi"), ValueError, "render_mode must be 'rgb_array' or None, not 'ansi'"),
        (lambda env: make("cartpol"), RobotFileError, "no robot of this name in models/"),
    ],
)  # fmt: skip
def test_mistakes_are_told_in_a_sentence(call, error, text):
    with pytest.raises(error, match=text):
        call(make())


def test_nothing_follows_an_episode_that_has_ended(rng):
    env = make()
    episode(env, rng)
    with pytest.raises(ResetNeeded, match="the episode has ended: call reset before step"):
        env.step(np.zeros(1))


def test_the_name_of_the_module_registers_it():
    code = (
        "import gymnasium\n"
        f"env = gymnasium.make('vgps.report.gym:vgps/Robot-v0', robot={str(CARTPOLE)!r})\n"
        "env.reset()\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_gymnasium_the_package_is_named():
    code = "import sys; sys.modules['gymnasium'] = None\nimport vgps.report.gym"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    last = ran.stderr.splitlines()[-1]
    assert last.startswith(
        "ImportError: environments need the package gymnasium, which is not installed"
    )
