"""The soft rectifier and its slope against NumPy, at every size that vectors and their rests have."""

import numpy as np
import pytest

from vgps.policy.softplus import softplus

EPSILON = np.finfo(float).eps
# Four units in the last place, as softplus.py promises, and two of the reference where the processor
# has nothing longer than doubles to compute it in.
LONGER = np.finfo(np.longdouble).eps < EPSILON
BOUND = (4 if LONGER else 6) * EPSILON


def exact(z):
    """(log(1 + exp(z)), 1 / (1 + exp(-z))) from their definitions, rounded last."""
    z = np.asarray(z, np.longdouble)
    e = np.exp(-abs(z))
    value, share = np.maximum(z, 0) + np.log1p(e), 1 / (1 + e)
    return value.astype(float), np.where(z < 0, e * share, share).astype(float)


@pytest.mark.filterwarnings("error")
def test_softplus_and_its_slope_at_any_argument():
    z = np.array([-np.inf, -1e4, -710.0, -40.0, -1.0, 0.0, 1.0, 40.0, 700.0, 701.0, 1e4, np.inf])
    value, slope = softplus(z.copy())
    np.testing.assert_allclose(value, np.logaddexp(0.0, z), rtol=BOUND, atol=1e-300)
    moderate = np.clip(z, -709.0, 709.0)
    np.testing.assert_allclose(slope, 1.0 / (1.0 + np.exp(-moderate)), rtol=1e-14, atol=1e-300)


def test_softplus_passes_nan_on():
    value, slope = softplus(np.array([np.nan]))
    assert np.isnan(value).all() and np.isnan(slope).all()


@pytest.mark.parametrize("n", [1, 7, 8, 9, 31, 64, 1001])
def test_softplus_keeps_the_shape_and_the_precision_of_any_array(n, rng):
    z = 6.0 * rng.standard_normal((2, n))
    value, slope = softplus(z)
    for found, wanted in zip((value, slope), exact(z), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=BOUND)
