"""Where things are: what travels with the package, and what is made on this machine."""

import os
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile

from platformdirs import user_cache_path

from vgps.codegen.errors import SurroundingsError

PACKAGE = Path(__file__).parents[1]
MODELS = PACKAGE / "models"
SCHEMA = PACKAGE / "docs" / "robot-file.schema.json"  # of robot files, for editors


@cache
def generated() -> Path:
    """The folder of built robots and compiled kernels.

    ``generated/`` of a checkout; the user's cache folder where that cannot be written, or where the
    package is installed, into which nothing is ever written.

    Raises:
        SurroundingsError: when neither can be written.
    """
    folders = [user_cache_path("vgps", appauthor=False)]
    # Only a checkout has it: it does not travel in a wheel.
    if (PACKAGE / "pyproject.toml").exists():
        folders.insert(0, PACKAGE / "generated")
    for folder in folders:
        if is_writable(folder):
            return folder
    listed = " and ".join(map(str, folders))
    raise SurroundingsError(
        f"built robots and kernels can be kept nowhere: no file can be made in {listed}; set "
        "XDG_CACHE_HOME to a folder where one can"
    )


def is_writable(folder: Path) -> bool:
    """Whether files can be made in a folder, which is made itself where it is missing."""
    if not folder.is_absolute():
        return False  # what is left of ~ for a user without a home
    try:
        folder.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


def builds() -> Path:
    """The folder of built robots: ``$VGPS_BUILDS``, or else beside the compiled kernels."""
    chosen = os.environ.get("VGPS_BUILDS")
    return Path(chosen) if chosen else generated()
