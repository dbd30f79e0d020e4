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
from numpy.typing import ArrayLike, NDArray
from pydantic import ValidationError

from vgps.codegen.files import is_leftover_of, write_atomically
from vgps.codegen.lock import LOCK
from vgps.experiments.config import RunConfig
from vgps.experiments.errors import RunFolderError

RUNS = Path("runs")
CONFIG = "config.yaml"  # the first file of a run
ROBOT = "robot.yaml"
DEMO = "demo.npz"
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

    def read_config(self) -> RunConfig:
        """The settings.

        Raises:
            RunFolderError: when this is not a run folder, or a setting is missing or cannot be.
        """
        try:
            config = yaml.safe_load(self.file(CONFIG).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            reason = getattr(error, "strerror", None) or "it is not YAML"
            raise RunFolderError(
                f"{self.path} is not a run folder: config.yaml: {reason}"
            ) from None
        if not isinstance(config, dict):
            raise RunFolderError(f"{self.path} is not a run folder: config.yaml is not a mapping")
        missing = [name for name in _REQUIRED if name not in config]
        if missing:
            raise RunFolderError(f"{self.path}: config.yaml lacks {', '.join(missing)}")
        try:
            return RunConfig.model_validate(config)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(map(str, first["loc"]))
            raise RunFolderError(f"{self.path}: config.yaml: {place}: {first['msg']}") from None

    def write_config(self, config: RunConfig) -> None:
        """Write the settings, the robot's name first."""
        content = config.model_dump(mode="json")
        ordered = {"robot": content.pop("robot")} | content
        self.write_text(CONFIG, yaml.safe_dump(ordered, sort_keys=False))

    def write_text(self, name: str, text: str) -> None:
        """Write a text file."""
        write_atomically(self.file(name), lambda path: path.write_text(text, encoding="utf-8"))

    def write_arrays(self, name: str, arrays: Mapping[str, ArrayLike]) -> None:
        """Write an .npz of named arrays."""
        named = {key: np.asarray(array) for key, array in arrays.items()}
        write_atomically(self.file(name), lambda path: np.savez(path, allow_pickle=False, **named))

    def read_arrays(self, name: str) -> dict[str, NDArray]:
        """The arrays of an .npz by name.

        Raises:
            RunFolderError: when the file is missing or damaged.
        """
        try:
            with np.load(self.file(name), allow_pickle=False) as arrays:
                return dict(arrays)
        except FileNotFoundError:
            raise RunFolderError(f"{self.path} has no {name} yet") from None
        except (OSError, ValueError) as error:
            raise RunFolderError(f"{self.file(name)} cannot be read: {error}") from None

    def append_metrics(self, row: Mapping[str, float]) -> None:
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

    def read_metrics(self) -> dict[str, NDArray[np.float64]]:
        """metrics.csv by column."""
        try:
            with self.file("metrics.csv").open(newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
        except FileNotFoundError:
            raise RunFolderError(f"{self.path} has no metrics.csv yet") from None
        columns = rows[0] if rows else ()
        return {name: np.array([float(row[name]) for row in rows]) for name in columns}

    def keep_metrics(self, count: int) -> None:
        """Drop all rows but the first ``count``: what was logged after the last checkpoint."""
        with self.file("metrics.csv").open(newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))[: count + 1]
        text = io.StringIO()
        csv.writer(text).writerows(rows)
        self.write_text("metrics.csv", text.getvalue())


def free_path(name: str) -> Path:
    """The first of runs/NAME, runs/NAME-2, runs/NAME-3, ... that does not exist."""
    path, number = RUNS / name, 1
    while path.exists():
        number += 1
        path = RUNS / f"{name}-{number}"
    return path
