"""Algorithm 1 and what a run consists of: schedule, M-step, adaptation, state."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from vgps.policy.cost_term import negative_log_policy
from vgps.policy.evaluation import summarize
from vgps.policy.methods import METHODS
from vgps.policy.mstep import FitSettings, draws_of, first_fit, fit
from vgps.policy.observation import Coordinates, observation_of
from vgps.policy.rollouts import run_policy, run_policy_from
from vgps.policy.search import initial_trajectories, iterate, search_settings
from vgps.policy.settings import RunSettings
from vgps.policy.state import annealed, start
from vgps.policy.store import load_policy, policy_to_arrays, state_from_arrays, state_to_arrays
from vgps.policy.vgps import adapt
from vgps.solver.ilqr import Settings, ilqr
from vgps.solver.objective import task_objective, with_extra

CLOSED = FitSettings(states_per_step=4, tail=0, optimizer="lbfgs", bound="closed")


@pytest.fixture(scope="module")
def model(swimmer):
    return swimmer


@pytest.fixture(scope="module")
def settings(model):
    """A second of swimming, so that an iteration takes milliseconds."""
    whole = search_settings(RunSettings(hidden=3), model.robot)
    return whole._replace(horizon=50, fit=whole.fit._replace(starts=2, tail=0))


@pytest.fixture(scope="module")
def beginning(model, settings):
    return start(model, initial_trajectories(model, settings, np.random.default_rng(0)))


def run(model, settings, state, rng, iterations):
    for _ in range(iterations):
        state, _ = iterate(model, METHODS["vgps"], settings, state, rng)
    return state


def test_alpha_falls_exponentially_and_then_stays(settings):
    falling = settings._replace(alpha_start=1.0, alpha_end=0.1, anneal=50)
    alphas = [annealed(falling, k) for k in (25, 50, 51, 80)]
    np.testing.assert_allclose(alphas, [np.sqrt(0.1), 0.1, 0.1, 0.1], rtol=1e-12)


def test_a_stored_state_continues_to_the_same_bits(model, settings, beginning, tmp_path):
    rng = np.random.default_rng(3)
    whole = run(model, settings, beginning, rng, 3)

    rng = np.random.default_rng(3)
    np.savez(tmp_path / "state.npz", **state_to_arrays(run(model, settings, beginning, rng, 1)))
    with np.load(tmp_path / "state.npz", allow_pickle=False) as arrays:
        restored = state_from_arrays(dict(arrays))
    resumed = run(model, settings, restored, rng, 2)

    assert resumed.k == whole.k == 3
    np.testing.assert_array_equal(resumed.policy.theta, whole.policy.theta)
    for name, value in whole.q[0]._asdict().items():
        np.testing.assert_array_equal(getattr(resumed.q[0], name), value, err_msg=name)


def test_another_seed_gives_another_policy(model, settings, beginning):
    thetas = [
        run(model, settings, beginning, np.random.default_rng(seed), 1).policy.theta
        for seed in (1, 2)
    ]
    assert not np.allclose(*thetas)


@pytest.mark.parametrize("optimizer", ["lbfgs", "sgd"])
@pytest.mark.parametrize("bound", ["closed", "sampled"])
def test_every_m_step_imitates_the_distribution(model, settings, beginning, optimizer, bound):
    """Each way of maximising L ends near the same value, far above that of its random start."""
    observed = observation_of(model)
    draws = partial(draws_of, beginning.q, observed)
    reference = CLOSED._replace(states_per_step=20, starts=1, iterations=50)
    values = {}
    for name, s in {
        "untrained": reference._replace(iterations=0),
        "reference": reference,
        "asked": reference._replace(optimizer=optimizer, bound=bound),
    }.items():
        fitted = first_fit(observed, 3, draws(s), s, np.random.default_rng(0))
        # judged by one yardstick: the closed form on samples of its own
        yardstick = CLOSED._replace(states_per_step=50, iterations=0)
        rng = np.random.default_rng(9)
        values[name] = fit(fitted.policy, draws(yardstick), yardstick, rng).value
    gained = values["untrained"] - values["reference"]
    assert gained > 0.05
    assert values["untrained"] - values["asked"] > 0.5 * gained


def test_samples_carry_the_action_distribution_of_their_step(beginning):
    (q,) = beginning.q
    samples = draws_of([q], Coordinates(np.arange(q.X.shape[1])), CLOSED)(np.random.default_rng(0))
    t, i = 17, 2
    state, mean = samples.inputs[4 * t + i], samples.mean[4 * t + i]
    np.testing.assert_allclose(mean, q.U[t] + q.k[t] + q.K[t] @ (state - q.X[t]), rtol=1e-12)
    np.testing.assert_allclose(samples.variance[4 * t + i], np.diag(q.covariance[t]), rtol=1e-15)
    actions = np.stack([samples.draw_actions(np.random.default_rng(s)) for s in range(400)])
    deviation = actions[:, 4 * t + i] - mean  # (400, nu)
    standard_error = np.sqrt(samples.variance[4 * t + i] / 400)
    assert (abs(deviation.mean(0)) < 4.5 * standard_error).all()


def test_the_policy_does_not_learn_from_the_tail(beginning):
    (q,) = beginning.q
    everything = Coordinates(np.arange(q.X.shape[1]))
    whole, cut = (
        draws_of([q], everything, CLOSED._replace(tail=tail))(np.random.default_rng(0))
        for tail in (0, 20)
    )
    np.testing.assert_array_equal(cut.inputs, whole.inputs[: 4 * (len(q.X) - 20)])
    np.testing.assert_array_equal(cut.mean, whole.mean[: 4 * (len(q.X) - 20)])
    assert len(cut.covariance) == len(q.X) - 20


@pytest.fixture(scope="module")
def fitted(model, settings, beginning):
    observed = observation_of(model)
    draws = draws_of(beginning.q, observed, settings.fit)
    return first_fit(observed, 3, draws, settings.fit, np.random.default_rng(0)).policy


def test_the_policy_term_draws_the_trajectory_towards_the_policy(model, beginning, fitted):
    """With a vanishing task cost the optimal mean actions are the policy's own (line 6)."""
    (q,) = beginning.q
    T, nu = q.U.shape
    term = negative_log_policy(fitted, np.zeros((T, 1, model.nx)), np.zeros((T, 1, nu)))
    objective = with_extra(task_objective(model, T, 1e-9), term)
    exact = Settings(max_iterations=200, cost_tolerance=1e-10)
    solution = ilqr(model, objective, q.X[0], q.U, exact)
    before = np.abs(fitted.mean(q.X) - q.U).max()
    after = np.abs(fitted.mean(solution.X[:-1]) - solution.U).max()
    assert after < 1e-3 * before


def test_adaptation_starts_from_the_mean_of_q(model, settings, beginning, fitted):
    """Without iterations it returns its start."""
    still = settings._replace(adapt=Settings(max_iterations=0))
    solution = adapt(model, still, fitted, beginning.q[0], 1.0, np.random.default_rng(0))
    np.testing.assert_array_equal(solution.U, beginning.q[0].U)


def test_policy_rollouts_equal_a_plain_loop(model, settings, beginning):
    state = run(model, settings, beginning, np.random.default_rng(0), 1)
    rng = np.random.default_rng(5)
    noise = 10.0 * rng.standard_normal((2, 30, model.nu))
    x0 = model.x0 + 0.1 * rng.standard_normal((2, model.nx))
    rollouts = run_policy_from(model, state.policy, x0, noise)
    for r in range(2):
        x = x0[r]
        for t in range(30):
            u = state.policy.mean(x) + noise[r, t]
            np.testing.assert_allclose(rollouts.U[r, t], u, rtol=1e-9, atol=1e-9)
            x = model.step(x, u)
            np.testing.assert_allclose(rollouts.X[r, t + 1], x, rtol=1e-9, atol=1e-9)
        cost = model.cost(rollouts.X[r], rollouts.U[r]).sum()
        np.testing.assert_allclose(rollouts.cost[r], cost, rtol=1e-12)


def test_a_diverging_policy_is_counted_and_not_averaged_away(model, settings, beginning):
    policy = run(model, settings, beginning, np.random.default_rng(0), 1).policy
    wild = replace(policy, log_sigma=policy.log_sigma + 60.0)
    rollouts = run_policy(model, wild, 3, 50, np.random.default_rng(0), stochastic=True)
    summary = summarize(model, rollouts)
    assert summary.mean_cost == np.inf and summary.success_rate == 0.0


def short_settings(robot):
    """Of 20 steps, all of which are learned from."""
    settings = search_settings(RunSettings(hidden=2), robot)
    return settings._replace(horizon=20, fit=settings.fit._replace(tail=0))


def test_actions_saturate_at_the_torque_limits(cartpole):
    settings = short_settings(cartpole.robot)
    rng = np.random.default_rng(0)
    beginning = start(cartpole, initial_trajectories(cartpole, settings, rng))
    state = run(cartpole, settings, beginning, rng, 1)
    noise = 1e3 * rng.standard_normal((1, 20, 1))
    rollouts = run_policy_from(cartpole, state.policy, cartpole.x0[None], noise)
    np.testing.assert_array_equal(np.abs(rollouts.U), 20.0)


def test_actions_saturate_at_limits_that_are_not_symmetric(rocket):
    settings = short_settings(rocket.robot)
    rng = np.random.default_rng(0)
    beginning = start(rocket, initial_trajectories(rocket, settings, rng))
    state = run(rocket, settings, beginning, rng, 1)
    noise = np.tile([[-1e9], [1e9]], (10, 2))
    rollouts = run_policy_from(rocket, state.policy, rocket.x0[None], noise[None])
    np.testing.assert_array_equal(rollouts.U[0], np.tile(rocket.limits, (10, 1)))


def test_load_policy_takes_a_folder_or_a_file(model, settings, beginning, tmp_path):
    policy = run(model, settings, beginning, np.random.default_rng(0), 1).policy
    np.savez(tmp_path / "policy.npz", **policy_to_arrays(policy))
    for path in (tmp_path, tmp_path / "policy.npz"):
        np.testing.assert_array_equal(load_policy(path).theta, policy.theta)
    np.savez(tmp_path / "other.npz", something=1)
    with pytest.raises(ValueError, match="not a policy: it lacks W1"):
        load_policy(tmp_path / "other.npz")


def test_adaptation_begins_at_the_initial_state_of_q(model, settings, beginning, fitted):
    solution = adapt(model, settings, fitted, beginning.q[0], 1.0, np.random.default_rng(0))
    np.testing.assert_array_equal(solution.X[0], beginning.q[0].X[0])


def test_alpha_goes_from_its_start_to_its_end(settings):
    """By the same factor in each iteration."""
    ends = settings._replace(alpha_start=8.0, alpha_end=0.5, anneal=4)
    alphas = [annealed(ends, k) for k in range(6)]
    np.testing.assert_allclose(alphas, [8.0, 4.0, 2.0, 1.0, 0.5, 0.5], rtol=1e-12)


def test_a_checkpoint_without_a_count_of_rollouts_has_none(model, settings, beginning):
    arrays = state_to_arrays(run(model, settings, beginning, np.random.default_rng(0), 1))
    del arrays["rollouts"]
    assert state_from_arrays(arrays).rollouts == 0
