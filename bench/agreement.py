"""The check that both sides of a row compute the same numbers."""

import numpy as np
from numpy.typing import ArrayLike

from vgps.bench.rounds import Disagreement


def require_close(what: str, ours: ArrayLike, theirs: ArrayLike, tolerance: float) -> None:
    """Require |ours - theirs| <= tolerance max |theirs| in every entry.

    Raises:
        Disagreement: where an entry differs by more, or is not a number.
    """
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    error = np.abs(ours - theirs).max() / np.abs(theirs).max()
    if not error <= tolerance:  # NaN disagrees too
        raise Disagreement(f"{what} differs by {error:.1e} of its largest entry")
