"""A trajectory of states as something to draw: the part that can be, and its centre of mass."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vgps.codegen.model import Model

Array = NDArray[np.float64]
# Metres, radians and their rates: what has flown farther has diverged, and no picture can hold it.
_FARTHEST = 1e6


def drawable(X: ArrayLike) -> Array:
    """The states X (T+1, nx) before the first that diverged.  ValueError where none is left."""
    X = np.asarray(X, dtype=float)
    if X.ndim != 2:
        raise ValueError(f"X must have shape (T+1, nx), found {X.shape}")
    fits = (np.abs(X) < _FARTHEST).all(axis=1)  # False for NaN as well
    count = len(X) if fits.all() else int(np.argmin(fits))
    if count == 0:
        raise ValueError("the trajectory has no finite state to draw")
    return X[:count]


def com_path(model: Model, X: Array) -> Array:
    """Centre of mass (T+1, 2) in metres along X (T+1, nx)."""
    return np.array([model.points(x[: model.nq])["com"] for x in X])
