"""One policy from several initial states: a q of each, rollouts and samples from all."""

import numpy as np
import pytest
from quick import quick_ones
from searching import run, stored_and_resumed

from vgps.codegen.description.robot import load
from vgps.codegen.errors import InputError
from vgps.policy import cost_weighted, dagger
from vgps.policy.evaluation import summarize
from vgps.policy.methods import METHODS
from vgps.policy.mstep import FitSettings, draws_of
from vgps.policy.observation import Coordinates
from vgps.policy.rollouts import Rollouts, initial_states
from vgps.policy.search import initial_trajectories, search, search_settings
from vgps.policy.settings import RunSettings
from vgps.policy.state import SearchState, start
from vgps.policy.store import state_from_arrays, state_to_arrays

LEFT = {"q": {"rail": -1.0, "hinge": 0.2}, "spread": {"q": 0.05, "v": 0.1}}
RIGHT = {"q": {"rail": 1.0}, "v": {"rail": 0.5}, "spread": {"q": {"rail": 0.2}}}
SEVERAL = [name for name, method in METHODS.items() if method.several]
SETTINGS = RunSettings(hidden=2, iterations=3)
T = 40


@pytest.fixture(scope="module")
def begun(compiled, cartpole):
    """The cart-pole with other initial states."""
    path = cartpole.robot.path
    return lambda initial: compiled(load(path, {"task.initial": initial, "task.horizon": T}))


@pytest.fixture(scope="module")
def model(begun):
    return begun([LEFT, RIGHT])


@pytest.fixture(scope="module")
def settings(model):
    whole = search_settings(SETTINGS, model.robot)._replace(rollouts=5)
    return whole._replace(fit=whole.fit._replace(starts=2, iterations=20))


@pytest.fixture(scope="module")
def beginning(model, settings):
    return start(model, initial_trajectories(model, settings, np.random.default_rng(0)))


@pytest.mark.parametrize("name", quick_ones(METHODS, ["vgps", "gps", "dagger"]))
def test_a_list_of_one_state_gives_the_bits_of_the_mapping(name, begun):
    found = [
        [state_to_arrays(state) for state, _ in search(begun(initial), name, SETTINGS, rng)]
        for initial, rng in ((form, np.random.default_rng(1)) for form in (LEFT, [LEFT]))
    ]
    for mapping, listed in zip(*found, strict=True):
        for key, value in mapping.items():
            np.testing.assert_array_equal(listed[key], value, err_msg=key)


def test_rollouts_begin_at_the_states_in_turn(model, rng):
    R = 4001
    X = initial_states(model, R, rng)
    for s, (x0, deviation) in enumerate(
        [
            ([-1.0, 0.2, 0.0, 0.0], [0.05, 0.05, 0.1, 0.1]),
            ([1.0, 0.0, 0.5, 0.0], [0.2, 0.0, 0.0, 0.0]),
        ]
    ):
        mine, deviation = X[s::2], np.array(deviation)
        assert (abs(mine.mean(axis=0) - x0) <= 4.5 * deviation / np.sqrt(R / 2)).all()
        np.testing.assert_allclose(mine.std(axis=0), deviation, rtol=0.1)


def test_every_q_begins_at_its_own_state_and_stays_there(model, settings, beginning):
    state, _ = run("vgps", model, settings, beginning, np.random.default_rng(2), 2)
    for q in (beginning.q, state.q):
        for s, one in enumerate(q):
            np.testing.assert_array_equal(one.X[0], model.x0s[s])
            np.testing.assert_array_equal(one.Sigma[0], model.initial_covariances[s])
            for t in range(T - 1):
                np.testing.assert_allclose(model.step(one.X[t], one.U[t]), one.X[t + 1], atol=1e-9)


def test_the_m_step_draws_from_every_q(beginning):
    """As many states from each, with the actions of their own q, and without the tail of either."""
    M, tail = 3, 5
    fit = FitSettings(states_per_step=M, tail=tail, optimizer="lbfgs", bound="closed")
    samples = draws_of(beginning.q, Coordinates(np.arange(4)), fit)(np.random.default_rng(0))
    n = (T - tail) * M
    assert len(samples.inputs) == len(samples.weights) == 2 * n
    assert samples.variance.shape == samples.draw_actions(np.random.default_rng(0)).shape
    for s, q in enumerate(beginning.q):
        inputs, mean = samples.inputs[s * n : (s + 1) * n], samples.mean[s * n : (s + 1) * n]
        deviation = inputs[:M] - q.X[0]
        assert (abs(deviation) <= 6.0 * np.sqrt(np.diag(q.Sigma[0])) + 1e-6).all()
        for i in (0, n // 2, n - 1):
            t = i // M
            expected = q.U[t] + q.k[t] + q.K[t] @ (inputs[i] - q.X[t])
            np.testing.assert_allclose(mean[i], expected, rtol=1e-9, atol=1e-9)
            np.testing.assert_array_equal(samples.variance[s * n + i], np.diag(q.covariance[t]))


def test_records_are_of_all_states(model, settings, beginning):
    state, (record,) = run("vgps", model, settings, beginning, np.random.default_rng(2), 1)
    costs = [model.cost(q.X, q.U).sum() for q in state.q]
    assert record.ddp_cost == pytest.approx(np.mean(costs))
    assert record.largest_k == max(abs(q.k).max() for q in state.q)


@pytest.mark.parametrize("name", SEVERAL)
def test_a_stored_state_continues_to_the_same_bits(name, model, settings, beginning, tmp_path):
    path = tmp_path / "state.npz"
    arrays = stored_and_resumed(name, model, settings, beginning, path, 1, 2)
    assert arrays["q_K"].shape == (2, T, 1, 4)


def test_a_state_of_another_number_of_initial_states_is_refused(model, begun, beginning):
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"q_X has shape \(2, 40, 4\), expected \(40, 4\)"):
        next(search(begun(LEFT), "vgps", SETTINGS, rng, beginning))
    alone = beginning._replace(q=beginning.q[:1])
    with pytest.raises(ValueError, match=r"q_X has shape \(40, 4\), expected \(2, 40, 4\)"):
        next(search(model, "vgps", SETTINGS, rng, alone))


def test_a_failure_names_the_initial_state(begun, settings):
    whirling = {"v": {"hinge": 1e14}}
    with pytest.raises(
        FloatingPointError, match=r"^the trajectory from task\.initial\[1\]: the state"
    ):
        initial_trajectories(begun([LEFT, whirling]), settings, np.random.default_rng(0))
    with pytest.raises(FloatingPointError, match="^the state is no longer"):
        initial_trajectories(begun(whirling), settings, np.random.default_rng(0))


# Dataset aggregation


def test_the_dataset_begins_with_draws_from_every_q(model, settings, beginning):
    memory = dagger.begin(model, settings, beginning.q, np.random.default_rng(0)).memory
    M = settings.fit.states_per_step
    np.testing.assert_array_equal(memory.start, np.repeat([0, 1], M))
    assert memory.seen == len(memory.X) == 2 * M
    for s, q in enumerate(beginning.q):
        deviation = memory.X[memory.start == s, 0] - q.X[0]
        assert (abs(deviation) <= 6.0 * np.sqrt(np.diag(q.Sigma[0])) + 1e-6).all()


@pytest.mark.parametrize("weighted", [False, True])
def test_a_rollout_is_corrected_by_the_controller_of_its_start(model, beginning, weighted, rng):
    start = np.array([1, 0, 1])
    X = np.stack([beginning.q[s].X for s in start]) + 0.01 * rng.standard_normal((3, T, 4))
    dataset = dagger.Dataset(X, 3, start)
    draw = dagger.labelled(model, dataset, beginning.q, 1000, weighted, noisy=True)
    samples = draw(np.random.default_rng(0))
    found = {tuple(x): i for i, x in enumerate(samples.inputs)}
    shared = []  # what all weights are multiples of
    for c, s in enumerate(start):
        q = beginning.q[s]
        for t in range(0, T, 9):
            if (i := found.get(tuple(X[c, t]))) is None:
                continue  # of negligible weight
            wanted = q.U[t] + q.K[t] @ (X[c, t] - q.X[t])
            np.testing.assert_allclose(samples.mean[i], wanted.clip(-20, 20), rtol=1e-9, atol=1e-9)
            np.testing.assert_array_equal(samples.covariance[i], q.covariance[t])
            apart = X[c, t] - q.mu[t]
            density = np.exp(-0.5 * apart @ np.linalg.solve(q.Sigma[t], apart)) if weighted else 1.0
            shared.append(samples.weights[i] / density)
    assert len(shared) >= (3 if weighted else 15)
    np.testing.assert_allclose(shared, shared[0], rtol=1e-4)


def test_visited_states_keep_their_start(monkeypatch, model, settings, beginning):
    """Rollout r begins at state r modulo S, and the dataset remembers it."""
    state, _ = run("dagger", model, settings, beginning, np.random.default_rng(3), 2)
    old, new = 2 * settings.fit.states_per_step, settings.rollouts
    np.testing.assert_array_equal(state.memory.start[old : old + new], [0, 1, 0, 1, 0])
    np.testing.assert_array_less(state.memory.X[old : old + new : 2, 0, 0], 0.0)  # left
    np.testing.assert_array_less(0.0, state.memory.X[old + 1 : old + new : 2, 0, 0])


def test_a_checkpoint_of_one_state_need_not_say_so(begun, settings):
    model = begun(LEFT)
    rng = np.random.default_rng(0)
    beginning = start(model, initial_trajectories(model, settings, rng))
    state, _ = run("dagger", model, settings, beginning, rng, 1)
    arrays = state_to_arrays(state)
    np.testing.assert_array_equal(arrays.pop("memory_start"), 0)
    again = state_from_arrays(arrays, dagger.MEMORY)
    np.testing.assert_array_equal(again.memory.start, np.zeros(len(state.memory.X)))


# The other rivals


def test_cost_weighted_learns_from_every_start_alike(monkeypatch, model, settings, beginning):
    """However much more it costs to begin at one than at another."""
    policy = run("vgps", model, settings, beginning, np.random.default_rng(0), 1)[0].policy
    R, given = 6, {}

    def roll_out(model, policy, x0, noise, disturbance):
        X = np.tile(x0[:, None], (1, T + 1, 1))
        return Rollouts(X, noise, np.zeros((R, T)))

    def fitted(policy, draw, settings, rng):
        given["samples"] = draw(rng)

    cost = np.ones((R, T))
    cost[1::2] = 900.0
    monkeypatch.setattr(cost_weighted, "run_policy_from", roll_out)
    monkeypatch.setattr(cost_weighted, "until_failure", lambda c: cost)
    monkeypatch.setattr(cost_weighted, "fit", fitted)
    state = SearchState(1, policy, beginning.q)
    more = settings._replace(rollouts=R, fit=settings.fit._replace(states_per_step=R))
    cost_weighted.improve(model, more, state, np.random.default_rng(0))
    samples = given["samples"]
    left = samples.weights[samples.inputs[:, 0] < 0.0].sum()
    right = samples.weights[samples.inputs[:, 0] > 0.0].sum()
    assert left == pytest.approx(right)


@pytest.mark.parametrize("name", ["gps", "adapted-gps"])
def test_gps_refuses_more_than_one(name, model):
    robot = model.robot
    sentence = f"{name} learns from one initial state, {robot.initial_place} has 2"
    with pytest.raises(InputError) as caught:
        RunSettings(method=name).resolved(robot)
    assert str(caught.value) == sentence
    with pytest.raises(InputError) as caught:
        next(search(model, name, SETTINGS, np.random.default_rng(0)))
    assert str(caught.value) == sentence


def test_a_method_that_samples_begins_at_every_state(model):
    robot = model.robot
    with pytest.raises(InputError) as caught:
        RunSettings(method="dagger", samples=1).resolved(robot)
    assert str(caught.value) == (
        f"dagger with samples 1 does not begin at all 2 initial states of {robot.initial_place}: "
        "samples must be at least 2"
    )
    RunSettings(method="dagger", samples=2).resolved(robot)
    RunSettings().resolved(robot)


def test_success_is_told_of_every_start(model):
    """Also where there are fewer rollouts than starts."""
    T = 10
    X = np.zeros((5, T + 1, 4))
    X[1::2, :, 0] = 3.0  # the right ones leave the rail
    rollouts = Rollouts(X, np.zeros((5, T, 1)), np.ones((5, T)))
    assert summarize(model, rollouts).success_by_initial == [1.0, 0.0]
    few = Rollouts(*(array[:1] for array in rollouts))
    assert summarize(model, few).success_by_initial == [1.0]


def test_a_warning_names_its_initial_state(begun, settings, caplog):
    still = begun([LEFT, {}])  # upright at the origin, where nothing is to be gained
    initial_trajectories(still, settings, np.random.default_rng(0))
    (said,) = caplog.messages
    assert said.startswith("the start from task.initial[1] is a stationary point")
