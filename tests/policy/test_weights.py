import numpy as np
import pytest

from vgps.policy.weights import normalized, subset


def test_weights_sum_to_one_however_far_apart(rng):
    for scale in (1.0, 1e4, 1e300):
        weights = normalized(scale * rng.normal(size=(7, 5)), axis=0)
        np.testing.assert_allclose(weights.sum(axis=0), 1.0, rtol=1e-14)
    np.testing.assert_allclose(normalized(np.array([-1e4, -1e4])), 0.5)


def test_weights_are_proportional_to_the_exponentials():
    np.testing.assert_allclose(normalized(np.log([3.0, 1.0]) - 5e4), [0.75, 0.25], rtol=1e-9)


@pytest.mark.parametrize("log_weights", [[-np.inf, -np.inf], [0.0, np.nan], [0.0, np.inf]])
def test_no_weight_at_all_is_an_error(log_weights):
    with pytest.raises(FloatingPointError, match="not finite"):
        normalized(np.array(log_weights))


def test_few_samples_are_all_kept_but_for_the_negligible(rng):
    chosen, weights = subset(np.array([0.0, -1e3, np.log(0.5), -np.inf]), 10, rng)
    np.testing.assert_array_equal(chosen, [0, 2])
    assert weights[0] == pytest.approx(2.0 * weights[1])


def test_many_samples_are_drawn_as_often_as_their_weight_says(rng):
    log_weights = rng.normal(size=1000)
    expected = 300 * np.exp(log_weights) / np.exp(log_weights).sum()
    total = np.zeros(1000)
    for _ in range(200):
        chosen, weights = subset(log_weights, 300, rng)
        assert weights.sum() == 300
        assert (abs(weights - expected[chosen]) < 1.0).all()  # systematic: rounded up or down
        total[chosen] += weights / 200
    assert (abs(total - expected) < 4.5 * np.sqrt(0.25 / 200)).all()


@pytest.mark.parametrize("heavy", [0, 3, 7])
def test_a_heavy_sample_is_drawn_by_its_share_wherever_it_stands(heavy, rng):
    """Half of 64 draws, up to rounding; the first and the last sample are no exception."""
    weights = np.full(1008, 0.5 / 1007)
    weights[heavy * 1007 // 7] = 0.5
    chosen, times = subset(np.log(weights), 64, rng)
    share = times[chosen == heavy * 1007 // 7]
    assert share.size == 1 and 31 <= share[0] <= 33
    assert times.sum() == 64
