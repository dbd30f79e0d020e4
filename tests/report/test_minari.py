"""Rollouts as a data set of Minari: what is loaded back is what the policy did in the environment."""

import gymnasium
import minari
import numpy as np
import pytest
from command_line import run, run_json

from vgps import read_run
from vgps.policy.rollouts import LARGEST_COST

QUIET = pytest.mark.filterwarnings("ignore:.*:UserWarning", "ignore:.*:DeprecationWarning")


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    return tmp_path


def written(folder, name, *more):
    return run("rollouts", folder, "--to", "minari", "--out", name, *more)


@QUIET
def test_it_is_read_back_as_the_policy_acted(cartpole_run, root):
    folder, _ = cartpole_run
    arguments = ("--rollouts", 3, "--horizon", 25, "--seed", 5, "--deterministic", "--undisturbed")
    said = run_json("rollouts", folder, "--to", "minari", "--out", "cartpole/own-v0", *arguments)
    assert (said["rollouts"], said["horizon"]) == (3, 25)
    data, trained = minari.load_dataset("cartpole/own-v0"), read_run(folder)
    model, policy = trained.model, trained.policy
    assert (data.total_episodes, data.total_steps) == (3, 75)
    for episode in data.iterate_episodes():
        X = episode.infos["state"]
        np.testing.assert_array_equal(episode.observations, X[:, policy.observed])
        expected = np.clip(policy.mean(X[:-1]), *model.limits)
        np.testing.assert_allclose(episode.actions, expected, atol=1e-9)
        np.testing.assert_allclose(episode.rewards, -model.cost(X, episode.actions), rtol=1e-9)
        assert episode.truncations.tolist() == [False] * 24 + [True]
        assert not episode.terminations.any()
        assert episode.infos["success"].tolist() == [model.success(X, episode.actions)] * 26


@QUIET
def test_its_environment_repeats_it(cartpole_run, root):
    """The same start and the same actions lead to the same observations and rewards."""
    folder, _ = cartpole_run
    assert written(folder, "own-v1", "--rollouts", 1, "--undisturbed").returncode == 0
    data = minari.load_dataset("own-v1")
    env = data.recover_environment()
    (episode,) = data.iterate_episodes()
    seen, _ = env.reset(options={"x0": episode.infos["state"][0]})
    np.testing.assert_array_equal(seen, episode.observations[0])
    for t, action in enumerate(episode.actions):
        seen, reward, terminated, truncated, _ = env.step(action)
        np.testing.assert_allclose(seen, episode.observations[t + 1], rtol=1e-9, atol=1e-9)
        assert reward == pytest.approx(episode.rewards[t], rel=1e-9)
        if terminated:  # it can succeed no more, which a rollout of a policy does not ask
            break
    assert terminated or truncated
    assert isinstance(env.action_space, gymnasium.spaces.Box)


@QUIET
def test_a_rollout_that_is_not_finite_ends_there(cartpole_run, root, monkeypatch):
    from vgps.experiments import rollout_data as module

    def spoilt(*arguments, **more):
        data = original(*arguments, **more)
        data["c"][0, 7:], data["X"][0, 8:] = np.inf, np.nan
        return data

    original = module.rollout_data
    monkeypatch.setattr(module, "rollout_data", spoilt)
    assert written(cartpole_run[0], "own-v2", "--rollouts", 2, "--horizon", 20).returncode == 0
    first, second = minari.load_dataset("own-v2").iterate_episodes()
    assert len(first.actions) == 8 and first.terminations.tolist() == [False] * 7 + [True]
    assert first.rewards[-1] == -LARGEST_COST and not first.truncations.any()
    assert len(second.actions) == 20 and second.truncations[-1]


@QUIET
def test_a_name_that_is_none_or_taken_is_one_sentence(cartpole_run, root):
    folder, _ = cartpole_run
    for name, sentence in (
        ("own", "own: a data set of Minari has a name such as walker/learned-v0"),
        ("../own-v3", "../own-v3: a data set of Minari has a name such as "),
        ("own-v3", "own-v3: A Minari dataset with ID own-v3 already exists"),
    ):
        if name == "own-v3":
            assert written(folder, name, "--rollouts", 1).returncode == 0
        status, _, said = written(folder, name, "--rollouts", 1)
        assert status == 2 and said.startswith(sentence) and said.count("\n") == 1
    assert [path.name for path in root.iterdir()] == ["own-v3"]
