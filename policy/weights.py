"""Weights that are known by their logarithms, in which trajectories differ by thousands of nats."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

NEGLIGIBLE = 1e-6  # share of the greatest weight up to which a sample is dropped


def normalized(log_weights: Array, axis: int | None = None) -> Array:
    """exp(log_weights), scaled so as to sum to one along ``axis``; no logarithm is too large.

    Raises:
        FloatingPointError: when all weights along ``axis`` are zero, or one is not a number.
    """
    greatest = log_weights.max(axis=axis, keepdims=True)
    if not np.isfinite(greatest).all():
        raise FloatingPointError("the logarithms of the weights are not finite")
    weights = np.exp(log_weights - greatest)
    return weights / weights.sum(axis=axis, keepdims=True)


def subset(
    log_weights: Array, size: int, rng: np.random.Generator
) -> tuple[NDArray[np.intp], Array]:
    """At most ``size`` samples that stand for all N of them: indices (n,) and weights (n,).

    Samples of negligible weight are dropped.  Where at most ``size`` remain, they are returned with
    their weights.  Otherwise samples are drawn by systematic resampling (Kitagawa 1996), and the
    weight of each is the number of times it was drawn: ``size`` w_i, rounded up or down.
    """
    weights = normalized(log_weights)
    kept = np.flatnonzero(weights > NEGLIGIBLE * weights.max())
    if len(kept) <= size:
        return kept, weights[kept]
    edges = np.cumsum(weights[kept])
    points = (rng.random() + np.arange(size)) / size * edges[-1]
    drawn = np.searchsorted(edges, points, side="right")
    chosen, times = np.unique(np.minimum(drawn, len(kept) - 1), return_counts=True)
    return kept[chosen], times.astype(float)
