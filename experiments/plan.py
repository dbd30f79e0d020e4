"""The plan of a comparison, robots x hidden x methods x seeds, and what of it a folder holds.

Each run is a run folder OUT/runs/ROBOT-METHOD-HIDDEN-seedSEED.  Its final evaluation is written
last and marks it as finished.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

from vgps.codegen.description.robot import Robot
from vgps.experiments.errors import RunFolderError
from vgps.experiments.run_folder import RunFolder, write_atomically

EVALUATION = "evaluation.json"
ROBOT = "robot.yaml"
# The paper's names for settings of one method.
_VARIANTS = {"cost-weighted-1000": {"method": "cost-weighted", "samples": 1000}}


def contestants(methods: Collection[str]) -> dict[str, dict]:
    """The settings of everything that can be compared, by name: each method and its variants."""
    variants = {n: v for n, v in _VARIANTS.items() if v["method"] in methods}
    return {name: {"method": name} for name in methods} | variants


class Run(NamedTuple):
    """One run of the plan, with all that a machine elsewhere needs to do it."""

    robot: str
    hidden: int
    method: str  # a name of `contestants`
    seed: int
    settings: dict  # of config.yaml, where they differ from the defaults
    robot_text: str  # the robot's file

    @property
    def name(self) -> str:
        return f"{self.robot}-{self.method}-{self.hidden}-seed{self.seed}"


def plan(
    robots: Sequence[Robot],
    hidden: Sequence[int],
    methods: Mapping[str, dict],
    seeds: int,
    iterations: int | None = None,
) -> list[Run]:
    """Every run, the first seed of everything first, so that early results tell of the whole.

    methods     settings by name, from `contestants`
    iterations  of every run; as each robot's file says when absent
    """
    texts = {robot.name: Path(robot.path).read_text() for robot in robots}
    return [
        Run(
            robot.name,
            n_hidden,
            name,
            seed,
            settings
            | {
                "hidden": n_hidden,
                "seed": seed,
                "iterations": iterations or robot.training.iterations,
            },
            texts[robot.name],
        )
        for seed, robot, n_hidden, (name, settings) in product(
            range(seeds), robots, hidden, methods.items()
        )
    ]


def folder_of(out: Path, run: Run) -> RunFolder:
    return RunFolder(out / "runs" / run.name)


def missing(out: Path, runs: Sequence[Run]) -> list[Run]:
    """Those of ``runs`` that ``out`` does not hold finished.

    Raises RunFolderError where it holds one with other settings.
    """
    return [run for run in runs if not _is_finished(folder_of(out, run), run)]


def _is_finished(folder: RunFolder, run: Run) -> bool:
    if not folder.file("config.yaml").exists():
        return False
    config = folder.read_config()
    for setting, value in run.settings.items():
        if config.get(setting) != value:
            raise RunFolderError(
                f"{folder.path} was run with {setting} {config.get(setting)}, not {value}: "
                "choose another --out"
            )
    if not folder.file(EVALUATION).exists():
        return False
    if folder.file(ROBOT).read_text() != run.robot_text:
        raise RunFolderError(
            f"{folder.path} was run with another version of the robot's file: choose another --out"
        )
    return True


def store(out: Path, run: Run, files: Mapping[str, bytes]) -> None:
    """Write a finished run, its evaluation last."""
    folder = folder_of(out, run)
    folder.path.mkdir(parents=True, exist_ok=True)
    for name in sorted(files, key=lambda name: name == EVALUATION):
        write_atomically(folder.file(name), lambda path: path.write_bytes(files[name]))


def read_evaluation(folder: RunFolder) -> dict:
    """What `evaluate --json` said of the run when it ended."""
    return json.loads(folder.file(EVALUATION).read_text())
