"""The average-cost finish where the best policy is known, and its parts."""

from itertools import pairwise

import numpy as np
import pytest
import scipy.linalg

from vgps.policy import finish, finish_result
from vgps.policy.evaluation import evaluate
from vgps.policy.finish_result import needs_another_pass, result
from vgps.policy.gaussian import Policy

SIGMA, DAMPING, MASS, DT = 0.3, 0.5, 2.0, 0.1
# A cart on a rail: linear dynamics, and a cost that is quadratic.
CART = f"""\
name: cart
base: fixed
links: [{{name: cart, mass: {MASS}}}]
joints:
  - {{name: rail, type: prismatic, parent: world, child: cart, actuated: true, damping: {DAMPING}}}
task:
  dt: {DT}
  horizon: 100
  cost: rail.q**2 + 0.1*rail.v**2 + 0.05*sum(u**2)
  success: max(abs(rail.q)) < 3
  initial: {{spread: {{q: 0.2, v: 0.2}}}}
  process_noise: {{q: 0.01, v: 0.1}}
"""
Q, R = np.diag([1.0, 0.1]), np.array([[0.05]])


def linear_policy(K):
    """u = -K x, exactly: softplus(z) - softplus(-z) = z."""
    W1 = np.array([[1.0, 0.5], [-1.0, -0.5], [0.3, -1.0], [-0.3, 1.0]])
    W2 = np.linalg.lstsq(W1[::2].T, -np.asarray(K), rcond=None)[0] @ np.kron(np.eye(2), [[1, -1]])
    return Policy([0, 1], W1, np.zeros(4), W2[None], [0.0], [np.log(SIGMA)])


def finished(model, policy):
    rng = np.random.default_rng(0)
    state = finish.begin(model, policy, rng)
    while not state.ended:
        state, _ = finish.improve(model, policy, state, rng)
    return result(model, policy, state, rng)


def ended_with(state, policy):
    """The state at the end of its pass, when the mean of the weights is the policy's."""
    n = finish.CLOSING
    return state._replace(iteration=state.closing + n, total=n * policy.theta[: len(state.total)])


@pytest.fixture
def short(monkeypatch):
    """A finish of one round."""
    monkeypatch.setattr(finish, "ITERATIONS", finish.ROUND)
    monkeypatch.setattr(finish, "CLOSING", 5)


@pytest.fixture
def cart(build_text):
    return build_text(CART)


def average_cost(A, B, K, W):
    """Of a step in the long run under u = -K x + sigma xi, x' = A x + B u + w."""
    closed = A - B @ K
    S = scipy.linalg.solve_discrete_lyapunov(closed, W + SIGMA**2 * B @ B.T)
    return np.trace((Q + K.T @ R @ K) @ S) + R[0, 0] * SIGMA**2


def test_it_finds_the_optimum_of_a_linear_quadratic_problem(cart):
    """The average cost under both noises is that of the Riccati equation's feedback."""
    f_x, f_u = cart.linearize(cart.x0[None], np.zeros((1, 1)))
    A, B, W = f_x[0], f_u[0], np.diag(np.square(cart.robot.process_deviation))
    P = scipy.linalg.solve_discrete_are(A, B, Q, R)
    best = np.linalg.solve(R + B.T @ P @ B, B.T @ P @ A)
    poor = np.array([0.5, 0.8])
    optimum, before = average_cost(A, B, best, W), average_cost(A, B, poor[None], W)
    assert before > 1.5 * optimum

    policy = finished(cart, linear_policy(poor))
    long_run = evaluate(cart, policy, 200, 2000, 1, disturbed=True).mean_cost / 2000
    assert long_run < optimum + 0.05 * (before - optimum)
    assert (policy.sigma == SIGMA).all()


def test_what_it_cannot_better_it_leaves_alone(cart, short, monkeypatch):
    """Steps far beyond where the quadratic model holds make it worse."""
    monkeypatch.setattr(finish, "KL", 1e4)
    policy = linear_policy([1.0, 1.0])
    np.testing.assert_array_equal(finished(cart, policy).theta, policy.theta)


def test_the_result_is_what_lasts(build_text, monkeypatch):
    """Running away slowly costs less than holding, at first; where the task ends no more is asked.

    In the end the mean of the weights is the policy that holds, while the one before runs away.
    """
    away, hold = linear_policy([-5.0, 0.0]), linear_policy([30.0, 10.0])
    brief = CART.replace("horizon: 100", "horizon: 10")
    ends = brief.replace("max(abs", "final(abs")
    # What costs less but fails is no better.
    fails = ends.replace("(rail.q)) < 3", "(rail.q)) < 0.1")
    for text, kept in ((brief, hold), (ends, away), (fails, hold)):
        model, rng = build_text(text), np.random.default_rng(0)
        state = ended_with(finish.begin(model, away, rng), hold)._replace(cap=1e3)
        theta = result(model, away, state, rng).theta
        np.testing.assert_allclose(theta, kept.theta, rtol=1e-12)


def test_among_those_that_do_not_last_one_that_succeeds_within_the_horizon_is_better(build_text):
    """None stays within 0.8 m for four horizons; to be far away costs less."""
    away, drifts = linear_policy([-3.0, 0.0]), linear_policy([-2.0, 0.0])
    text = CART.replace("rail.q**2 + 0.1*rail.v**2", "-rail.q**2").replace("< 3", "< 0.8")
    model = build_text(text.replace("horizon: 100", "horizon: 20"))
    for before, after in ((drifts, away), (away, drifts)):
        rng = np.random.default_rng(0)
        state = ended_with(finish.begin(model, before, rng), after)._replace(cap=1e3)
        theta = result(model, before, state, rng).theta
        np.testing.assert_allclose(theta, drifts.theta, rtol=1e-12)


def test_another_pass_follows_one_that_is_better_and_not_yet_good(build_text):
    never, seldom, often = (linear_policy(K) for K in ([-5.0, 0.0], [0.0, 0.0], [30.0, 10.0]))
    model = build_text(CART.replace("< 3", "< 0.8"))
    rng = np.random.default_rng(0)
    state = finish.begin(model, never, rng)
    asked = [needs_another_pass(model, p, state, rng) for p in (never, seldom, often)]
    assert asked == [False, True, False]
    assert not needs_another_pass(model, never, state._replace(before=often.theta), rng)
    assert not needs_another_pass(model, seldom, state._replace(before=seldom.theta), rng)
    assert not needs_another_pass(model, seldom, state._replace(passes=finish.PASSES - 1), rng)


def test_a_later_pass_cuts_less_where_failures_are_rare(cart):
    holds, runs_away = linear_policy([1.0, 1.0]), linear_policy([-5.0, 0.0])
    first = finish.begin(cart, holds, np.random.default_rng(0))
    for policy, last, clipped in (
        (holds, None, finish.CLIPPED),
        (holds, first, finish.CLIPPED_IF_RARE),
        (runs_away, first, finish.CLIPPED),
    ):
        state = finish.begin(cart, policy, np.random.default_rng(0), last)
        assert state.clipped == clipped
    nothing_counts = state._replace(clipped=0.0)
    after, _ = finish.improve(cart, runs_away, nothing_counts, np.random.default_rng(1))
    np.testing.assert_array_equal(after.theta, state.theta)


def test_it_learns_under_harder_noise_and_is_judged_under_the_tasks(cart, short, monkeypatch):
    deviations = {"learns": [], "judged": []}

    def roll_out(model, policy, x0, noise, disturbance=None, thetas=None):
        seen = deviations["judged" if thetas is None else "learns"]
        seen.append(disturbance.jumps.std(axis=(0, 1)))
        return original(model, policy, x0, noise, disturbance, thetas)

    original = finish.run_policy_from
    for file in (finish, finish_result):
        monkeypatch.setattr(file, "run_policy_from", roll_out)
    finished(cart, linear_policy([1.0, 1.0]))
    declared = np.array([0.01, 0.1])
    np.testing.assert_allclose(
        np.mean(deviations["learns"], axis=0), finish.HARDER * declared, rtol=0.02
    )
    np.testing.assert_allclose(np.mean(deviations["judged"], axis=0), declared, rtol=0.05)


def test_a_task_that_ends_begins_anew_and_lasts_its_horizon(build_text, short, monkeypatch):
    """Where it goes on, some rollouts begin where earlier ones ended."""
    seen = []

    def roll_out(model, policy, x0, noise, disturbance=None, thetas=None):
        runs = original(model, policy, x0, noise, disturbance, thetas)
        if thetas is not None:
            seen.append((x0, noise.shape[1], runs.X[:, -1]))
        return runs

    original = finish.run_policy_from
    monkeypatch.setattr(finish, "run_policy_from", roll_out)
    for ends in (True, False):
        model = build_text(CART.replace("max(abs", "final(abs") if ends else CART)
        assert model.robot.task.ends == ends
        seen.clear()
        finished(model, linear_policy([1.0, 1.0]))
        assert len(seen) == finish.ROUND
        assert {steps for _, steps, _ in seen} == {100 if ends else finish.STEPS}
        for (_, _, ended), (begun, _, _) in pairwise(seen):
            assert np.isin(begun, ended).any() != ends


@pytest.mark.parametrize(
    ("costs", "closes"),
    [
        ([1.0, 0.97, 0.94], False),  # falls
        ([1.0, 0.99, 0.9], False),  # one idle round is luck
        ([1.0, 0.9, 1.0], False),
        ([1.0, 0.985, 0.975], False),  # falls slowly
        ([1.0, 0.99, 0.985], True),
        ([1.0, 1.1, 1.05], True),  # not below the least so far
        ([-1.0, -1.03, -1.07], False),
        ([-1.0, -1.005, -1.005], True),
    ],
)
def test_two_idle_rounds_are_the_beginning_of_the_end(cart, costs, closes):
    first = finish.begin(cart, linear_policy([1.0, 1.0]), np.random.default_rng(0))
    for passes, failed, ends in ((0, 0.1, closes), (1, 0.001, closes), (1, 0.1, False)):
        state = first._replace(passes=passes)
        for cost in costs:
            state = finish._judged(state._replace(iteration=state.iteration + 20), cost, failed)
        assert state.closing == (60 if ends else finish.ITERATIONS - finish.CLOSING)
        assert not state.ended


def test_an_iteration_goes_less_and_less_far(cart):
    """To a tenth, over all iterations or over those of an early end."""
    state = finish.begin(cart, linear_policy([1.0, 1.0]), np.random.default_rng(0))
    for closing in (finish.ITERATIONS - finish.CLOSING, 100):
        ends = closing + finish.CLOSING
        nats = [state._replace(iteration=i, closing=closing).nats for i in range(ends + 1)]
        assert nats[0] == finish.KL and nats[-1] == pytest.approx(0.1 * finish.KL)
        assert (np.diff(nats) < 0.0).all()


def test_the_dead_are_not_continued(cart):
    """Of the living, half are; a floating root's x would go back to the start."""
    rng = np.random.default_rng(0)
    ends, alive = np.full((1000, 2), 7.0), np.arange(1000) < 600
    starts = finish._next_starts(cart, ends, alive, rng)
    continued = (starts == 7.0).all(axis=1)
    assert not continued[600:].any()
    assert 300 - 5 * 12.3 < continued[:600].sum() < 300 + 5 * 12.3


def test_costs_may_be_negative(build_text, short):
    """As rewards are: a failure is then what is far above the usual, not far below."""
    model = build_text(CART.replace("cost: ", "cost: -7 + "))
    state = finish.begin(model, linear_policy([1.0, 1.0]), np.random.default_rng(0))
    assert -7 < state.cap < 7 * finish.CAP and len(state.visited) > 100
    finished(model, linear_policy([1.0, 1.0]))


@pytest.mark.parametrize("gain", [-1e5, -1e200], ids=["after some steps", "at once"])
def test_a_policy_whose_rollouts_diverge_is_no_fault(build_text, short, gain):
    """The cap is far above what any step costs that is a number; states after it are none."""
    model = build_text(CART.replace("  success", "  final_cost: 1e4*rail.q**2\n  success"))
    policy = linear_policy([gain, 0.0])
    state = finish.begin(model, policy, np.random.default_rng(0))
    assert len(state.visited) and np.isfinite(state.visited).all()
    if gain == -1e5:
        assert np.isfinite(finished(model, policy).theta).all()
