"""Rollouts and learning where the cost names du: the policy does not see what it did before."""

import numpy as np
import pytest
from imitation import random_policy
from searching import learned

from vgps.codegen.description.robot import load
from vgps.policy.episodes import Episodes
from vgps.policy.rollouts import run_policy

LAST = 2  # where rail.last_u stands in x


@pytest.fixture(scope="module")
def smooth(compiled, pytestconfig):
    """The cart-pole with a price on changes of its force."""
    path = pytestconfig.rootpath / "tests/robots/cartpole.yaml"
    changed = {"task.cost": "rail.q**2 + 20*hinge.q**2 + 0.01*sum(u**2 + 5*du**2)"}
    return compiled(load(path, changed | {"task.horizon": 20}))


def cost(X, U):
    """(R, T) from the actions alone, of which the first changes from 0."""
    du = np.diff(U, axis=1, prepend=np.zeros((len(U), 1, 1)))
    x = X[:, :-1]
    return x[..., 0] ** 2 + 20 * x[..., 1] ** 2 + 0.01 * (U**2 + 5 * du**2)[..., 0]


def test_rollouts_cost_what_their_changes_do(smooth, rng):
    """Under all noise, none of which touches what is remembered."""
    policy = random_policy(rng, 4, 3, 1, np.array(smooth.robot.observed_indices))
    runs = run_policy(smooth, policy, 13, 20, rng)
    np.testing.assert_array_equal(runs.X[:, 1:, LAST], runs.U[:, :, 0])
    assert not runs.X[:, 0, LAST].any() and not runs.X[:, :, 5].any()
    np.testing.assert_allclose(runs.c, cost(runs.X, runs.U), rtol=1e-11)


def test_episodes_cost_the_same(smooth, rng):
    episodes = Episodes(smooth, 3, disturbed=True, terminates=False)
    for n in range(3):
        episodes.begin(n, rng)
    steps = [episodes.advance(np.arange(3), rng.normal(size=(3, 1))) for _ in range(20)]
    costs = np.stack([step.cost for step in steps], axis=1)
    np.testing.assert_allclose(costs, cost(episodes.X, episodes.U), rtol=1e-11)


@pytest.mark.parametrize("name", ["vgps", "adapted-gps", "weighted-dagger"])
def test_methods_learn_from_feedback_on_what_the_policy_does_not_see(smooth, name, rng):
    """q acts on the last action, and its marginals say how far that is from the mean."""
    state = learned(name, smooth, rng)
    assert np.isfinite(state.policy.theta).all()
    (q,) = state.q
    # Of all that Q is made of the price alone knows both actions: Q_u,last = -2 * 0.05, Q_uu^-1 the
    # covariance.
    np.testing.assert_allclose(q.K[:, :, LAST], 2 * 0.05 * q.covariance[:, :, 0], rtol=1e-9)
    # Cov(u) of the step before, in closed form from its own marginal.
    K, of_u = q.K[:-1], q.covariance[:-1]
    before = (K @ q.Sigma[:-1] @ K.transpose(0, 2, 1) + of_u)[:, 0, 0]
    np.testing.assert_allclose(q.Sigma[1:, LAST, LAST], before, rtol=1e-9)
