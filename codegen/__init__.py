"""From a robot file to compiled dynamics."""

from codegen.build import build
from codegen.description import load
from codegen.errors import BuildError, RobotFileError

__all__ = ["BuildError", "RobotFileError", "build", "load"]
