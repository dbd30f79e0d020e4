"""A run on disk: settings, metrics as they come, arrays.

Every file is written under a temporary name and renamed, so that an interruption leaves the old
file or the new one, never half of it.  Whoever writes holds the folder's lock.
"""

import csv
import io
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import ArrayLike
from pydantic import ValidationError

from vgps.codegen.description.identity import identity
from vgps.codegen.description.robot import Robot
from vgps.codegen.description.source import read
from vgps.codegen.errors import RobotFileError
from vgps.codegen.files import is_leftover_of, write_atomically
from vgps.codegen.lock import LOCK
from vgps.experiments.config import RunConfig
from vgps.experiments.errors import RunFolderError
from vgps.experiments.metrics import Metrics, read_metrics, read_rows
from vgps.experiments.schema import first_refusal

RUNS = Path("runs")
CONFIG = "config.yaml"  # the first file of a run
ROBOT = "robot.yaml"
DEMO = "demo.npz"
EVALUATION = "evaluation.json"  # of the policy that a run ended with
OWN_DEMO = {"task.start.demo": DEMO}  # overrides of a robot that starts from a copy beside it
# What a run needs to be repeated or continued; the first version knew no others.
_REQUIRED = (
    "robot",
    "method",
    "hidden",
    "seed",
    "iterations",
    "optimizer",
    "bound",
    "versions",
)


class RunFolder:
    """The files of a run by name.

    path  of the folder
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)

    def is_begun(self) -> bool:
        """Whether it holds a run, or the beginning of one."""
        return self.file(CONFIG).exists()

    def require_empty(self) -> None:
        """Refuse a folder that holds something, other than what a killed process left at once.

        Raises:
            RunFolderError: when it does.
        """
        for path in self.path.iterdir():
            if path.name != LOCK and not is_leftover_of(path, CONFIG):
                raise RunFolderError(f"{self.path} already exists and is not an empty folder")

    def file(self, name: str) -> Path:
        """Where a file of the run is, or would be."""
        return self.path / name

    def existing(self, name: str) -> Path:
        """Where a file of the run is.

        Raises:
            RunFolderError: when the run has not come so far.
        """
        if not (path := self.file(name)).exists():
            raise RunFolderError(f"{self.path} has no {name} yet")
        return path

    def read_config(self) -> RunConfig:
        """The settings.

        Raises:
            RunFolderError: when this is not a run folder, or a setting is missing or cannot be.
        """
        try:
            source = read(self.file(CONFIG))
        except RobotFileError as error:
            raise RunFolderError(f"{self.path} is not a run folder: {error}") from None
        missing = [name for name in _REQUIRED if name not in source.data]
        if missing:
            raise RunFolderError(f"{self.path}: config.yaml lacks {', '.join(missing)}")
        try:
            return RunConfig.model_validate(source.data)
        except ValidationError as error:
            place, text = first_refusal(error)
            raise RunFolderError(str(source.error(place, text))) from None

    def write_config(self, config: RunConfig) -> None:
        """Write the settings, the robot's name first."""
        content = config.model_dump(mode="json")
        ordered = {"robot": content.pop("robot")} | content
        self.write_text(CONFIG, yaml.safe_dump(ordered, sort_keys=False))

    def write_text(self, name: str, text: str) -> None:
        """Write a text file."""
        write_atomically(self.file(name), lambda path: path.write_text(text, encoding="utf-8"))

    def write_arrays(self, name: str, robot: Robot, arrays: Mapping[str, ArrayLike]) -> None:
        """Write an .npz of named arrays, with the robot for which they mean something."""
        named = {key: np.asarray(array) for key, array in arrays.items()}
        named["robot"] = np.array(identity(robot))
        write_atomically(self.file(name), lambda path: np.savez(path, allow_pickle=False, **named))

    def append_metrics(self, row: Mapping[str, float | str]) -> None:
        """One row of metrics.csv.  The first one brings the header, which the later ones follow."""
        with self.file("metrics.csv").open("a+", newline="", encoding="utf-8") as file:
            file.seek(0)
            columns = next(csv.reader(file), None)
            writer = csv.DictWriter(file, columns or list(row), extrasaction="ignore")
            if columns is None:
                writer.writeheader()
            writer.writerow(row)
            file.flush()
            os.fsync(file.fileno())

    def read_metrics(self, count: int | None = None) -> Metrics:
        """metrics.csv by column, its first ``count`` rows; all when absent.

        Raises:
            RunFolderError: when there are fewer rows, or one is not what it should be.
        """
        return read_metrics(self.existing("metrics.csv"), count)

    def keep_metrics(self, count: int) -> None:
        """Drop all rows but the first ``count``: what was logged after the last checkpoint.

        Raises:
            RunFolderError: when there are fewer rows, or one is not what it should be.
        """
        self.read_metrics(count)
        text = io.StringIO()
        csv.writer(text).writerows(read_rows(self.file("metrics.csv"))[: count + 1])
        self.write_text("metrics.csv", text.getvalue())


def free_path(name: str) -> Path:
    """The first of runs/NAME, runs/NAME-2, runs/NAME-3, ... that does not exist."""
    path, number = RUNS / name, 1
    while path.exists():
        number += 1
        path = RUNS / f"{name}-{number}"
    return path
