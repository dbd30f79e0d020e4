"""Equality up to rounding, and derivatives from values alone."""

from itertools import pairwise

import numpy as np


def assert_close(ours, theirs, tolerance=1e-12, scale=None):
    """Equal to ``tolerance`` times ``scale``, by default the largest entry of the reference."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    scale = np.abs(theirs).max(initial=0.0) if scale is None else scale
    assert ours.shape == theirs.shape
    # Written so that a NaN fails.
    assert np.all(np.abs(ours - theirs) <= tolerance * scale)


def differences(f, x, step=4e-3):
    """Jacobian (..., n) of f (...) at x (n,) from central differences.

    Three of them, with halved steps, cancel the errors of order step^2 and step^4 (Richardson).
    """
    columns = []
    for unit in np.eye(len(x)):
        central = [
            (f(x + h * unit) - f(x - h * unit)) / (2 * h) for h in (step, step / 2, step / 4)
        ]
        once = [(4 * fine - coarse) / 3 for coarse, fine in pairwise(central)]
        columns.append((16 * once[1] - once[0]) / 15)
    return np.stack(columns, axis=-1)
