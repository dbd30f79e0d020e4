"""A data set is what the policy does: checked by the model and the policy alone."""

import numpy as np
import pytest

from vgps import read_run
from vgps.experiments.errors import TooLargeError
from vgps.experiments.rollout_data import rollout_data, write_rollouts


@pytest.fixture(scope="module")
def run(cartpole_run):
    return read_run(cartpole_run[0])


def test_it_is_repeated_by_the_model_and_the_policy(run, tmp_path):
    data = rollout_data(run, 3, 40, seed=2, stochastic=False, disturbed=False)
    write_rollouts(tmp_path / "data", data)
    with np.load(tmp_path / "data", allow_pickle=False) as read:
        assert set(read) == set(data)
        X, U, c = read["X"], read["U"], read["c"]
        assert list(read["x_names"]) == list(run.model.x_names)
    model = run.model
    low, high = model.limits
    for r in range(3):
        assert c[r] == pytest.approx(model.cost(X[r], U[r]))
        for t in range(40):
            expected = np.clip(run.policy.mean(X[r, t]), low, high)
            assert U[r, t] == pytest.approx(expected, abs=1e-9)
            assert X[r, t + 1] == pytest.approx(model.step(X[r, t], U[r, t]), abs=1e-9)
    assert data["o"] == pytest.approx(X[:, :-1][..., run.policy.observed])
    assert data["success"].tolist() == [model.success(X[r], U[r]) for r in range(3)]
    assert data["t"] == pytest.approx(model.dt * np.arange(41))


def test_its_noise_is_that_of_the_policy_and_of_the_task(run):
    plain, noisy, gusty = (
        rollout_data(run, 50, 20, seed=1, stochastic=stochastic, disturbed=disturbed)
        for stochastic, disturbed in ((False, False), (True, False), (False, True))
    )
    for other in (noisy, gusty):
        np.testing.assert_array_equal(other["X"][:, 0], plain["X"][:, 0])
        assert (other["X"][:, -1] != plain["X"][:, -1]).any()
    residual = (noisy["U"] - run.policy.mean(noisy["X"][:, :-1])).ravel()
    assert residual.std() == pytest.approx(run.policy.sigma[0], rel=0.15)


def test_more_than_there_is_memory_for_is_refused(run):
    with pytest.raises(TooLargeError, match="rollouts of"):
        rollout_data(run, 10**9, 10**5)
