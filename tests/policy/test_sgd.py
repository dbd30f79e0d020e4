import numpy as np
import pytest

from vgps.policy.bound import ClosedFormBound, SampledBound
from vgps.policy.optimizers import lbfgs, sgd


@pytest.mark.parametrize("sampled", [False, True])
def test_fresh_samples_lead_to_the_optimum_of_all(sampled, imitation):
    """Within 0.01 nats a step of L-BFGS on the whole set, drawing 50 samples at a time."""
    Z, mu_q, var_q, n_hidden, start = imitation

    def draw_objective(rng):
        i = rng.integers(len(Z), size=50)
        if sampled:
            U = mu_q[i] + np.sqrt(var_q[i]) * rng.standard_normal(mu_q[i].shape)
            return SampledBound(Z[i], U, n_hidden)
        return ClosedFormBound(Z[i], mu_q[i], var_q[i], n_hidden)

    everything = ClosedFormBound(Z, mu_q, var_q, n_hidden)
    best = lbfgs.minimize(everything, start, max_iterations=2000)
    result = sgd.minimize(draw_objective, start, 3000, np.random.default_rng(1), step_size=0.02)

    assert result.values.shape == (3000,)
    assert everything(start)[0] > best.value + 1.0  # there was something to learn
    assert everything(result.x)[0] < best.value + 0.01


def test_first_step_moves_each_coordinate_by_the_step_size():
    def objective(x):
        return 0.0, np.array([1e-3, -1e3])

    result = sgd.minimize(lambda rng: objective, np.zeros(2), 1, np.random.default_rng(0), 0.5)
    np.testing.assert_allclose(result.x, [-0.5, 0.5], rtol=1e-4)


def test_same_generator_same_bits(imitation):
    Z, mu_q, var_q, n_hidden, start = imitation

    def draw_objective(rng):
        i = rng.integers(len(Z), size=5)
        return ClosedFormBound(Z[i], mu_q[i], var_q[i], n_hidden)

    first, again = (
        sgd.minimize(draw_objective, start, 20, np.random.default_rng(7)) for _ in range(2)
    )
    np.testing.assert_array_equal(first.x, again.x)
    np.testing.assert_array_equal(first.values, again.values)


def test_what_is_not_finite_is_named_with_its_step():
    def draw_objective(rng):
        return lambda x: (np.nan if x[0] < -0.015 else 0.0, np.ones(1))

    with pytest.raises(FloatingPointError, match="not finite at step 2"):
        sgd.minimize(draw_objective, np.zeros(1), 10, np.random.default_rng(0), step_size=0.01)
