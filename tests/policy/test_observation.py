"""Policies that see expressions: against slow twins, against coordinates, and what a clock is worth."""

from dataclasses import replace

import numpy as np
import pytest
import twin
import yaml
from expansions import differences, evaluate, expansion_along
from imitation import random_policy
from quick import quick_ones
from seen import SEEN

from vgps.codegen.archive import ArrayFileError
from vgps.codegen.folders import PACKAGE
from vgps.policy import finish
from vgps.policy.cost_term import negative_log_policy
from vgps.policy.dagger import Dataset, labelled
from vgps.policy.evaluation import evaluate as evaluated
from vgps.policy.methods import METHODS
from vgps.policy.mstep import FitSettings, draws_of
from vgps.policy.observation import Expressions, observation_of
from vgps.policy.push import PushError, survived_pushes
from vgps.policy.rollouts import run_policy, run_policy_from
from vgps.policy.search import initial_trajectories, iterate, search, search_settings
from vgps.policy.settings import RunSettings
from vgps.policy.state import start
from vgps.policy.store import load_policy, policy_to_arrays, state_from_arrays, state_to_arrays
from vgps.solver.objective import task_objective, with_extra

CARTPOLE = (PACKAGE / "tests" / "robots" / "cartpole.yaml").read_text(encoding="utf-8")
# The best force is 3 sin(2 pi t), wherever the cart begins and however fast it moves.
CLOCK = {
    "name": "clock",
    "base": "fixed",
    "links": [{"name": "cart", "mass": 1}],
    "joints": [
        {"name": "rail", "type": "prismatic", "parent": "world", "child": "cart", "actuated": True}
    ],
    "task": {
        "dt": 0.05,
        "horizon": 20,
        "cost": "(rail.u - 3*sin(2*pi*t))**2",
        "success": "max(abs(rail.q)) < 100",
        "initial": {"spread": {"q": 2, "v": 3}},
        "start": {"noise": 0},
    },
    "training": {"tail": 0, "iterations": 3, "samples": 20},
}


def observing(observe, text=CARTPOLE, **task):
    data = yaml.safe_load(text)
    data["task"] |= {"observe": observe} | task
    return yaml.safe_dump(data)


@pytest.fixture(scope="module")
def model(build_text):
    return build_text(observing(SEEN, horizon=20))


@pytest.fixture(scope="module")
def clock(build_text):
    return build_text(observing(["t", "rail.v"], yaml.safe_dump(CLOCK)))


@pytest.fixture
def policy(model, rng):
    random = random_policy(rng, n_in=len(SEEN), nu=1)
    return replace(random, expressions=observation_of(model))


def test_the_mean_and_its_derivatives(model, policy, rng):
    x, t = rng.standard_normal((3, 2, 4)), np.array([0.1, 0.7])
    mean, jacobian = policy.mean(x, t), policy.jacobian(x, t)
    assert jacobian.shape == (3, 2, 1, 4)
    for i, j in np.ndindex(3, 2):
        o = model.observation(x[i, j], t[j])
        hidden = np.log1p(np.exp(policy.W1 @ o + policy.b1))
        np.testing.assert_allclose(mean[i, j], policy.W2 @ hidden + policy.b2, rtol=1e-12)
        slope = differences(lambda z, t=t[j]: policy.mean(z, t)[0], x[i, j])
        np.testing.assert_allclose(jacobian[i, j, 0], slope, rtol=1e-7, atol=1e-8)


def test_the_policy_term_is_a_plain_loop_over_displacements(model, policy, rng):
    T, S, alpha = 4, 5, 0.3
    dX, dU = 0.2 * rng.standard_normal((T, S, 4)), rng.standard_normal((T, S, 1))
    X, U = rng.standard_normal((T + 1, 4)), rng.standard_normal((T, 1))
    term = negative_log_policy(policy, dX, dU)
    objective = with_extra(task_objective(model, T, alpha), term)
    found = expansion_along(model, objective, X, U)
    P = np.diag(policy.sigma**-2.0)
    for t in range(T):
        parts, s = [], model.dt * t
        for dx, du in zip(dX[t], dU[t], strict=True):
            x, u = X[t] + dx, U[t] + du
            J, r = policy.jacobian(x, s), u - policy.mean(x, s)
            value = -policy.log_prob(x, u, s)
            parts.append((value, -J.T @ P @ r, P @ r, J.T @ P @ J, -P @ J, P))
        task = twin.task_expansion(model, X[t], U[t])
        for name, part in zip(twin.Derivatives._fields, zip(*parts, strict=True), strict=True):
            expected = alpha * getattr(task, name) + np.mean(part, axis=0)
            np.testing.assert_allclose(
                getattr(found, name)[t], expected, rtol=1e-11, atol=1e-11, err_msg=name
            )
        assert evaluate(objective, t, X[t], U[t]) == pytest.approx(found.c[t], rel=1e-12)
        z = np.append(X[t], U[t])
        slope = differences(lambda z, t=t: evaluate(objective, t, z[:4], z[4:]), z)
        gradient = np.append(found.c_x[t], found.c_u[t])
        np.testing.assert_allclose(gradient, slope, rtol=1e-6, atol=1e-6)


def test_compiled_rollouts_see_what_the_policy_does(model, policy, rng):
    x0, noise = rng.standard_normal((11, 4)), rng.standard_normal((11, 20, 1))
    X, U, _ = run_policy_from(model, policy, x0, noise)
    for t in range(20):
        wanted = policy.mean(X[:, t], t * model.dt) + noise[:, t]
        np.testing.assert_allclose(U[:, t], np.clip(wanted, *model.limits), rtol=1e-9, atol=1e-9)


def test_samples_are_seen_at_their_steps(clock, rng):
    """Of marginals, of a dataset, and where the Fisher matrix is averaged."""
    seen, T = observation_of(clock), 20
    settings = search_settings(RunSettings(hidden=3), clock.robot)
    (q,) = start(clock, initial_trajectories(clock, settings, rng)).q
    times = clock.dt * np.arange(T)
    fit = FitSettings(3, 0, "lbfgs", "closed")
    inputs = draws_of([q], seen, fit)(np.random.default_rng(0)).inputs
    states = q.sample_states(3, np.random.default_rng(0))  # (T, 3, nx)
    np.testing.assert_allclose(inputs[:, 0], np.repeat(times, 3))
    np.testing.assert_allclose(inputs[:, 1], states[:, :, 1].ravel())
    X = rng.standard_normal((4, T, 2))
    dataset = Dataset(X, 4, np.zeros(4, dtype=int))
    drawn = labelled(clock, dataset, [q], 10**6, False, False)(rng)
    np.testing.assert_allclose(drawn.inputs[:, 0], np.tile(times, 4))
    np.testing.assert_allclose(drawn.inputs[:, 1], X[:, :, 1].ravel())


def test_expressions_of_coordinates_are_coordinates(build_text):
    """Both come to the same policy and trajectory, before rounding has grown over many steps."""
    found = []
    for observe in (["hinge.q", "rail.v", "hinge.v"], {"q": ["hinge"], "v": ["rail", "hinge"]}):
        one, rng = build_text(observing(observe)), np.random.default_rng(0)
        settings = search_settings(RunSettings(hidden=3), one.robot)
        short = settings.fit._replace(starts=2, iterations=8)
        settings = settings._replace(fit=short, adapt=settings.adapt._replace(max_iterations=5))
        state = start(one, initial_trajectories(one, settings, rng))
        for _ in range(2):
            state, _ = iterate(one, METHODS["vgps"], settings, state, rng)
        found.append((state.policy.theta, state.q[0].X, state.q[0].U))
    for listed, picked in zip(*found, strict=True):
        np.testing.assert_allclose(listed, picked, rtol=1e-6, atol=1e-6 * abs(picked).max())


def test_a_clock_is_learned_from(clock, build_text):
    """Each step costs 4.5 on average without action; where a rollout is says little of when."""
    blind = build_text(observing(["rail.v", "rail.q"], yaml.safe_dump(CLOCK)))
    costs = []
    for one in (clock, blind):
        *_, (state, _) = search(one, "vgps", RunSettings(hidden=5), np.random.default_rng(0))
        costs.append(evaluated(one, state.policy, stochastic=False).mean_cost)
    assert costs[0] < 0.2 * 4.5 * 20
    assert costs[1] > 0.5 * 4.5 * 20


@pytest.mark.parametrize("method", quick_ones(METHODS, ["vgps", "weighted-dagger"]))
def test_a_stored_search_goes_on_to_the_same_bits(clock, method):
    settings = RunSettings(method=method, hidden=3, iterations=3)
    rng = np.random.default_rng(0)
    *_, (whole, _) = search(clock, method, settings, rng)
    rng = np.random.default_rng(0)
    begun = settings.replaced(iterations=2)
    *_, (state, _) = search(clock, method, begun, rng)
    stored = state_from_arrays(state_to_arrays(state), METHODS[method].memory)
    stored = stored._replace(policy=stored.policy.bound(clock))
    *_, (resumed, _) = search(clock, method, settings, rng, stored)
    np.testing.assert_array_equal(resumed.policy.theta, whole.policy.theta)


def test_the_finish_goes_on_with_a_clock(clock, rng):
    *_, (state, _) = search(clock, "vgps", RunSettings(hidden=3, iterations=1), rng)
    begun = finish.begin(clock, state.policy, rng)
    assert set(begun.visited_t) == {0.0, 10 * clock.dt}
    timeless = begun._replace(visited_t=np.zeros_like(begun.visited_t))
    (after, record), (other, _) = (
        finish.improve(clock, state.policy, one, np.random.default_rng(1))
        for one in (begun, timeless)
    )
    assert after.iteration == finish.ROUND and np.isfinite(record.cost)
    assert (after.theta != other.theta).any()  # the Fisher matrix is of what was seen at its time


def test_a_file_says_what_is_seen(model, policy, cartpole, tmp_path, rng):
    np.savez(tmp_path / "policy.npz", **policy_to_arrays(policy))
    x = rng.standard_normal(4)
    alone, bound = load_policy(tmp_path), load_policy(tmp_path, model)
    np.testing.assert_array_equal(bound.mean(x, 0.2), policy.mean(x, 0.2))
    np.testing.assert_array_equal(alone.bound(model).theta, policy.theta)
    assert alone.expressions.texts == tuple(SEEN)
    with pytest.raises(ValueError, match=r"observes \[sin\(hinge\.q\), .*computes: load it with"):
        alone.mean(x)
    said = r"the policy observes \[sin.*\], the robot's file coordinates"
    with pytest.raises(ArrayFileError, match=said):
        load_policy(tmp_path, cartpole)
    both = policy_to_arrays(policy) | {"observed": np.arange(len(SEEN))}
    np.savez(tmp_path / "policy.npz", **both)
    with pytest.raises(ArrayFileError, match="one of the arrays observed and expressions"):
        load_policy(tmp_path)


def test_policies_of_other_robots(model, policy, cartpole, rng):
    said = r"observes \[sin\(.*\] does not fit a robot whose policy observes coordinates"
    with pytest.raises(ValueError, match=said):
        run_policy(cartpole, policy, 3, 5, rng)
    other = replace(policy, expressions=Expressions((*SEEN[1:], "rail.q")))
    for stranger in (random_policy(rng, nu=1), other):
        with pytest.raises(ValueError, match=r"does not fit a robot whose policy observes \[sin\("):
            run_policy(model, stranger, 3, 5, rng)


def test_no_pushes_where_time_is_seen(model, policy):
    with pytest.raises(PushError, match="the policy of cartpole observes t"):
        survived_pushes(model, policy, "bob", model.dt)
