"""From a robot file to compiled dynamics."""

from codegen.description import load
from codegen.errors import BuildError, RobotFileError

__all__ = ["BuildError", "RobotFileError", "load"]
