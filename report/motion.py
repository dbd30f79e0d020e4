"""What is drawn of a trajectory: its states until they diverge, and its centre of mass."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vgps.codegen.model import Model

Array = NDArray[np.float64]
# Metres, radians or their rates: a state with a larger entry counts as diverged.
_LARGEST = 1e6


def drawable(X: ArrayLike) -> Array:
    """The states X (T+1, nx) before the first that diverged.

    Raises:
        ValueError: where X has another number of dimensions, or no state is left.
    """
    X = np.asarray(X, dtype=float)
    if X.ndim != 2:
        raise ValueError(f"X must have shape (T+1, nx), found {X.shape}")
    fits = (np.abs(X) < _LARGEST).all(axis=1)  # False for NaN as well
    count = len(X) if fits.all() else int(np.argmin(fits))
    if count == 0:
        raise ValueError("the trajectory has no finite state to draw")
    return X[:count]


def com_path(model: Model, X: Array) -> Array:
    """Centre of mass (T+1, 2), in m, along X (T+1, nx)."""
    return np.array([model.points(x[: model.nq])["com"] for x in X])
