"""config.yaml of a run folder: everything that repeats the run."""

import hashlib
import platform
from importlib.metadata import version
from typing import Any

from pydantic import model_validator

from vgps.codegen.demonstration import Recording
from vgps.codegen.description.robot import Robot
from vgps.experiments.machine import machine
from vgps.policy.plugins import method_of
from vgps.policy.settings import RunSettings, is_sampling

_PACKAGES = ("vgps", "numpy", "numba", "sympy", "casadi")


class RunConfig(RunSettings):
    """The settings of a run, and what else it depends on.

    robot         its name; robot.yaml in the folder is its file
    robot_sha256  hash of the file's text, None in runs of early versions
    overrides     values in place of those of the file, by their dotted place
    demo          where the actions came from that the run was given to start from, None: the
                  robot's own start; demo.npz in the folder holds them, and those of its own demo
    versions      of Python and of the packages that compute
    machine       processor, compiler and commit, as far as they can be told; empty in runs of early
                  versions
    recorded_sha256  hash of the recording that the robot's file names, in a run of a comparison
    chosen        how the trajectories began, and what else the robot's file leaves open and the run
                  has decided, by its place there
    """

    robot: str
    robot_sha256: str | None = None
    overrides: dict[str, Any] = {}
    demo: str | None = None
    versions: dict[str, str]
    machine: dict[str, str] = {}
    recorded_sha256: str | None = None
    chosen: dict[str, str] = {}

    @model_validator(mode="before")
    @classmethod
    def _of_version_0_1(cls, data: dict[str, Any]) -> dict[str, Any]:
        """It stored a number of samples even for methods that do not sample."""
        try:
            keep = is_sampling(data["method"])
        except (KeyError, TypeError):
            return data  # refused elsewhere
        return data if keep else data | {"samples": None}

    @classmethod
    def of(cls, robot: Robot, settings: RunSettings, demo: str | None) -> "RunConfig":
        """Of a run that begins here and now."""
        versions = {"python": platform.python_version()}
        of_method = method_of(settings.method).package
        packages = [*_PACKAGES, *([] if of_method is None else [of_method])]
        versions |= {package: version(package) for package in packages}
        return cls(
            robot=robot.name,
            robot_sha256=fingerprint(robot.text),
            overrides=robot.overrides,
            demo=demo,
            versions=versions,
            machine=machine(),
            **settings.model_dump(),
        )


def fingerprint(text: str) -> str:
    """Hash of the text of a robot's file."""
    return hashlib.sha256(text.encode()).hexdigest()


def fingerprint_of(recording: Recording | None) -> str | None:
    """Hash of a recording's numbers; None where there is none."""
    if recording is None:
        return None
    parts = (
        f"{name} {part.shape} ".encode() + part.tobytes() for name, part in recording.arrays.items()
    )
    return hashlib.sha256(b"".join(parts)).hexdigest()
