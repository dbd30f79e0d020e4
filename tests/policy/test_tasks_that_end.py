"""Final cost and time in what policies are learned from and judged by."""

import numpy as np
import pytest
from imitation import random_policy

from vgps.policy import finish
from vgps.policy.controller import LinearGaussianController
from vgps.policy.rollouts import run_policy, run_policy_from, step_costs
from vgps.policy.sample_set import guide_batch
from vgps.policy.search import initial_trajectories, search, search_settings
from vgps.policy.settings import RunSettings
from vgps.policy.state import start

REACHER = """
name: reacher
gravity: 0
base: fixed
parameters: {farthest: 1000}
links: [{name: bead, mass: 1}, {name: pole, mass: 0.2, length: 0.5}]
joints:
  - {name: rail, type: prismatic, parent: world, child: bead, actuated: true, torque_limit: 5}
  - {name: hinge, parent: bead, child: pole, damping: 0.1, actuated: true}
task:
  dt: 0.05
  horizon: 20
  cost: 0.01*sum(u**2) + 0.1*(rail.q - t)**2
  final_cost: 5*(rail.q - t)**2 + 3*wrap(hinge.q - pi)**2 + 1e-9*sqrt(farthest - rail.q)
  success: final(rail.q) > 0.5 and mean(abs(wrap(hinge.q)), last=0.2) > 1
  initial: {q: {hinge: 1}, spread: {q: 0.1, v: 0.1}}
  process_noise: {v: 0.01}
  start: {noise: 0.1}
"""


@pytest.fixture(scope="module")
def reacher(build_text):
    """Its final cost is not defined very far out."""
    return build_text(REACHER)


@pytest.fixture
def policy(rng):
    policy = random_policy(rng, n_in=4, nu=2, observed=np.arange(4))
    return policy.with_theta(0.1 * policy.theta)  # calm


@pytest.mark.parametrize("T", [1, 7, 20, 33])
def test_rollouts_in_lanes_cost_what_the_model_says(reacher, policy, rng, T):
    """The last step of each includes the final cost of where it ends, whatever its length."""
    runs = run_policy(reacher, policy, 11, T, rng)
    assert np.isfinite(runs.c).all()
    for X, U, c in zip(*runs, strict=True):
        np.testing.assert_allclose(c, reacher.cost(X, U), rtol=1e-11)
        apart = c.sum() - reacher.cost(X[:T], U).sum()
        assert apart == pytest.approx(reacher.final_cost(X[T], T * reacher.dt), rel=1e-9)
    np.testing.assert_allclose(step_costs(reacher, runs.X, runs.U), runs.c, rtol=1e-11)


def test_a_rollout_whose_final_cost_is_not_finite_fails_at_its_last_step(reacher, policy):
    x0 = np.array([[0.0, 1.0, 0.0, 0.0], [2000.0, 1.0, 0.0, 0.0]])
    runs = run_policy_from(reacher, policy, x0, np.zeros((2, 5, 2)))
    assert np.isfinite(runs.c[0]).all() and np.isfinite(runs.c[1, :4]).all()
    assert runs.c[1, 4] == np.inf


def test_what_a_search_says_that_q_costs(reacher, rng):
    """The final cost is part of it, though q does not hold where its last step leads."""
    settings = RunSettings(hidden=2, method="dagger", finish="none")
    asked = search_settings(settings, reacher.robot)
    (solution,) = initial_trajectories(reacher, asked, rng)
    state = start(reacher, [solution])
    _, record = next(search(reacher, "dagger", settings, rng, state))
    assert record.ddp_cost == pytest.approx(reacher.cost(solution.X, solution.U).sum(), rel=1e-9)
    (q,) = state.q
    controller = LinearGaussianController.of(q, 20)
    X, U = controller.sample(reacher, 3, np.random.default_rng(1))
    assert X.shape == (3, 21, 4)
    *_, cost = guide_batch(reacher, controller, 3, np.random.default_rng(1))
    clipped = np.clip(U, *reacher.limits)
    expected = [reacher.cost(*one) for one in zip(X, clipped, strict=True)]
    np.testing.assert_allclose(cost, expected, rtol=1e-12)


def test_the_finish_of_such_a_task_begins_anew(reacher, policy, rng, monkeypatch):
    seen = []

    def roll_out(*arguments):
        seen.append(arguments[3].shape[1])
        return original(*arguments)

    original = finish.run_policy_from
    state = finish.begin(reacher, policy, rng)
    monkeypatch.setattr(finish, "run_policy_from", roll_out)
    monkeypatch.setattr(finish, "ROUND", 1)
    finish.improve(reacher, policy, state, rng)
    assert seen == [20]
