"""Derivatives the slow way."""

import numpy as np


def central_differences(f, x, step=1e-5):
    """Gradient (n,) of the scalar f at x (n,), with an error of the order of step^2."""
    gradient = np.empty(x.size)
    for i, unit in enumerate(np.eye(x.size)):
        gradient[i] = (f(x + step * unit) - f(x - step * unit)) / (2.0 * step)
    return gradient


def complex_step(f, x, step=1e-30):
    """Jacobian (..., n) of the analytic f (...) at x (n,), exact to rounding."""
    return np.stack([f(x + 1j * step * unit).imag / step for unit in np.eye(x.size)], axis=-1)
