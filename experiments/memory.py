"""What is asked for, against the memory of this machine: refused before it is begun.

The estimates are of the largest arrays that live at the same time, and only of what grows with what
was asked for.  They need not be exact: what is refused is far beyond what fits.
"""

import os

from vgps.codegen.model import Model
from vgps.experiments.errors import TooLargeError
from vgps.policy.mlp import count_weights
from vgps.policy.settings import RunSettings

_NUMBER = 8  # bytes
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB")
# Arrays of one number for each sampled state and unit: activations, slopes, features and the like.
_OF_UNITS = 8
_OF_WEIGHTS = 30  # vectors of L-BFGS
_OF_PAIRS_OF_WEIGHTS = 5  # the Fisher matrix, moments and correlations before it, a factor, a basis


def require_memory(what: str, estimate: float) -> None:
    """Refuse what would take more than this machine has.

    Args:
        what: was asked for, the subject of the sentence.
        estimate: bytes.

    Raises:
        TooLargeError: with the estimate.
    """
    available = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if estimate > available:
        raise TooLargeError(
            f"{what} would take about {_size(estimate)} of memory, this machine has "
            f"{_size(available)}"
        )


def of_rollouts(model: Model, rollouts: int, steps: int) -> int:
    """Bytes of so many rollouts at once.

    States, actions, noise of the policy before and after scaling, and process noise of both kinds.
    """
    return _NUMBER * rollouts * (steps + 1) * (2 * model.nx + 3 * model.nu + model.nv)


def of_training(model: Model, settings: RunSettings) -> int:
    """Bytes of one iteration, or of the work with the Fisher matrix where that takes more."""
    training, steps = model.robot.training, model.robot.task.horizon
    states = len(model.x0s) * steps * training.samples
    units = _OF_UNITS * states + _OF_WEIGHTS * (model.nx + model.nu + 1)
    search = _NUMBER * settings.hidden * units + of_rollouts(model, settings.rollouts, steps)
    if settings.optimizer == "sgd" and settings.finish != "average-cost":
        return search
    n_in = len(model.robot.observed_indices)
    n_weights = count_weights(n_in, settings.hidden, model.nu)
    return max(search, _NUMBER * _OF_PAIRS_OF_WEIGHTS * n_weights**2)


def _size(count: float) -> str:
    unit = 0
    while count >= 1000 and unit < len(_UNITS) - 1:
        count, unit = count / 1000, unit + 1
    return f"{count:.3g} {_UNITS[unit]}"
