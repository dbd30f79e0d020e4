"""Where things are: what travels with the package, and what is made on this machine."""

import os
from functools import cache
from pathlib import Path

from platformdirs import user_cache_path

PACKAGE = Path(__file__).parents[1]
MODELS = PACKAGE / "models"


@cache
def generated() -> Path:
    """The folder of built robots and compiled kernels.

    ``generated/`` of a checkout; the user's cache folder where the package is installed, into which
    nothing is ever written.
    """
    # Only a checkout has it: it does not travel in a wheel.
    if (PACKAGE / "pyproject.toml").exists():
        return PACKAGE / "generated"
    return user_cache_path("vgps", appauthor=False)


def builds() -> Path:
    """The folder of built robots: ``$VGPS_BUILDS``, or else beside the compiled kernels."""
    chosen = os.environ.get("VGPS_BUILDS")
    return Path(chosen) if chosen else generated()
