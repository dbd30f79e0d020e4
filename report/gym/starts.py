"""Where an episode begins, as the options of `reset` say."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.errors import hint
from vgps.codegen.model import Model

Array = NDArray[np.float64]


def start_of(model: Model, options: dict[str, Any] | None, shape: tuple[int, ...]) -> Array | None:
    """The states options["x0"] of this shape; None where a start is to be drawn.

    Raises:
        ValueError: for another option, another shape, or a number that is not finite.
    """
    for name in set(options or {}) - {"x0"}:
        raise ValueError(f"the only option of reset is 'x0', not {name!r}{hint(name, ['x0'])}")
    if not options:
        return None
    x0 = np.asarray(options["x0"], dtype=np.float64)
    if x0.shape != shape:
        raise ValueError(f"x0 of {model.robot.name} must have shape {shape}, found {x0.shape}")
    if not np.isfinite(x0).all():
        raise ValueError(f"x0 of {model.robot.name} must be finite, found {x0.tolist()}")
    return x0
