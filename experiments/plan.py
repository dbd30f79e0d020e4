"""The plan of a comparison, robots x hidden x methods x seeds, and what of it a folder holds.

Each member is a run folder OUT/runs/ROBOT-METHOD-HIDDEN-seedSEED.  Its final evaluation is written
last and marks it as finished.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError

from vgps.codegen.demonstration import Recording, own_recording
from vgps.codegen.description.robot import Robot
from vgps.codegen.errors import InputError, hint
from vgps.codegen.files import remove_leftovers, write_atomically
from vgps.codegen.lock import locked
from vgps.experiments.config import fingerprint, fingerprint_of
from vgps.experiments.errors import ComparisonError, RunFolderError
from vgps.experiments.files import read_text
from vgps.experiments.memory import require_memory
from vgps.experiments.run_folder import EVALUATION, OWN_DEMO, ROBOT, RunFolder
from vgps.experiments.schema import first_refusal
from vgps.policy.choices import Finish
from vgps.policy.plugins import is_method, method_names
from vgps.policy.settings import RunSettings
from vgps.policy.store import load_policy

SEEDS = 10  # of an entry in each panel, where nothing else is asked for
SEEDS_OF_VGPS = 30  # the same of VGPS, whose successes are counted
_MEMBER = 2000  # bytes of one in memory
RUNS = "runs"  # the folder of the members' folders
# Everything that can be compared, and the settings that make it what it is.
ENTRIES: dict[str, dict[str, Any]] = {
    "vgps": {"method": "vgps", "finish": "none"},
    "vgps-finish": {"method": "vgps", "finish": "average-cost"},
    "gps": {"method": "gps"},
    "adapted-gps": {"method": "adapted-gps"},
    "dagger": {"method": "dagger"},
    "weighted-dagger": {"method": "weighted-dagger"},
    "weighted-dagger-noisy": {"method": "weighted-dagger", "oracle": "noisy"},
    "adapted-dagger": {"method": "adapted-dagger"},
    "adapted-dagger-mean": {"method": "adapted-dagger", "oracle": "mean"},
    "cost-weighted": {"method": "cost-weighted"},
    "cost-weighted-1000": {"method": "cost-weighted", "samples": 1000},
}


class Member(NamedTuple):
    """One run of the plan, with all that a machine elsewhere needs to do it."""

    robot: str
    hidden: int
    method: str  # a name of ENTRIES, or of a method of another package
    seed: int
    settings: RunSettings
    robot_text: str  # the robot's file
    overrides: dict[str, Any]  # of the robot's file
    recorded: Recording | None = None  # what the file starts from

    @property
    def name(self) -> str:
        """Of its run folder."""
        return f"{self.robot}-{self.method}-{self.hidden}-seed{self.seed}"


def plan(
    robots: Sequence[Robot],
    hidden: Sequence[int],
    methods: Sequence[str] | None,
    seeds: int | None = None,
    iterations: int | None = None,
    *,
    first_seed: int = 0,
    finish: Finish | None = None,
) -> list[Member]:
    """Every member, the first seed of everything first, so that early results tell of the whole.

    Args:
        robots: of different names.
        hidden: numbers of hidden units.
        methods: names of ENTRIES or of methods of other packages; all of ENTRIES when absent.
        seeds: runs of each in each panel; SEEDS when absent, of VGPS SEEDS_OF_VGPS.
        iterations: of every run; as each robot's file says when absent.
        first_seed: the others follow it.
        finish: of every run; as ENTRIES says when absent.

    Raises:
        ComparisonError: for an unknown method, two robots of one name, or nothing to compare.
        MethodError: when a method cannot learn from a robot's initial states.
        PluginError: when a method of another package cannot be used.
        RobotFileError: when a robot's file names a recording that cannot be used.
        TooLargeError: when the plan alone does not fit into the memory.
        pydantic.ValidationError: a ValueError, for settings that cannot be.
    """
    chosen = ENTRIES if methods is None else dict.fromkeys(methods)
    entries = {name: _entry(name) for name in chosen}
    by_name: dict[str, Robot] = {}
    for robot in robots:
        other = by_name.setdefault(robot.name, robot)
        if other.path != robot.path:
            raise ComparisonError(f"{other.path} and {robot.path} both name '{robot.name}'")
    units = dict.fromkeys(hidden)
    for what, several in (("robots", by_name), ("hidden", units), ("methods", chosen)):
        if not several:
            raise ComparisonError(f"--{what} needs at least one")
    for option, least, found in (("seeds", 1, seeds), ("first-seed", 0, first_seed)):
        if found is not None and found < least:
            raise ComparisonError(f"--{option} must be at least {least}, found {found}")
    runs = {name: seeds or _seeds_of(entry) for name, entry in entries.items()}
    count = sum(runs.values()) * len(by_name) * len(units)
    require_memory(f"a plan of {count} runs", count * _MEMBER)
    recorded = {robot.name: own_recording(robot) for robot in by_name.values()}
    last_stage = {"finish": finish} if finish else {}
    order = product(range(max(runs.values())), by_name.values(), units, chosen)
    return [
        Member(
            robot.name,
            n_hidden,
            name,
            first_seed + i,
            RunSettings(
                **entries[name] | last_stage,
                hidden=n_hidden,
                seed=first_seed + i,
                iterations=iterations,
            ).resolved(robot),
            robot.text,
            robot.overrides if recorded[robot.name] is None else robot.overrides | OWN_DEMO,
            recorded[robot.name],
        )
        for i, robot, n_hidden, name in order
        if i < runs[name]
    ]


def _entry(name: str) -> dict[str, Any]:
    if name in ENTRIES:
        return ENTRIES[name]
    if not is_method(name):
        allowed = dict.fromkeys([*ENTRIES, *method_names()])
        raise ComparisonError(f"no method '{name}'{hint(name, allowed)}")
    return {"method": name}


def _seeds_of(entry: Mapping[str, Any]) -> int:
    return SEEDS_OF_VGPS if entry["method"] == "vgps" else SEEDS


def folder_of(out: Path, member: Member) -> RunFolder:
    """Where its run is, or would be."""
    return RunFolder(out / RUNS / member.name)


def missing(out: Path, members: Sequence[Member]) -> list[Member]:
    """Those that ``out`` does not hold finished.

    Raises:
        RunFolderError: when it holds one with other settings.
    """
    return [member for member in members if not _is_finished(folder_of(out, member), member)]


def _is_finished(folder: RunFolder, member: Member) -> bool:
    """Whether all that a comparison needs of the run is there.  What is damaged is done again."""
    try:
        config = folder.read_config()
    except RunFolderError:
        return False
    asked = member.settings.model_dump() | {"overrides": member.overrides}
    for name, value in asked.items():
        if getattr(config, name) != value:
            raise RunFolderError(
                f"{folder.path} was run with {name} {getattr(config, name)}, not {value}: "
                "choose another --out"
            )
    if config.recorded_sha256 not in (None, fingerprint_of(member.recorded)):
        raise RunFolderError(f"{folder.path} began with another recording: choose another --out")
    try:
        metrics = folder.read_metrics(member.settings.iterations)
        read_evaluation(folder)
        load_policy(folder.path)
        text = folder.file(ROBOT).read_bytes()
    except (InputError, OSError):
        return False
    if "rollouts" not in metrics:  # of an early version
        return False
    if text == member.robot_text.encode():
        return True
    if config.robot_sha256 == fingerprint(member.robot_text):
        return False
    raise RunFolderError(
        f"{folder.path} was run with another version of the robot's file: choose another --out"
    )


def by_search(members: Sequence[Member]) -> list[tuple[Member, ...]]:
    """Together those whose search is one and the same, as that of vgps and of vgps-finish."""
    together: dict[Any, list[Member]] = {}
    for member in members:
        search = member.robot, member.settings.replaced(finish="none")
        together.setdefault(search, []).append(member)
    return [tuple(group) for group in together.values()]


def store(out: Path, member: Member, files: Mapping[str, bytes]) -> None:
    """Write a finished run, its evaluation last."""
    folder = folder_of(out, member)
    with locked(folder.path):
        remove_leftovers(folder.path)
        for name in sorted(files, key=lambda name: name == EVALUATION):
            write_atomically(folder.file(name), _writer(files[name]))


def _writer(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


class Measured(BaseModel):
    """What evaluation.json says of one kind of rollouts, as far as a comparison reads it."""

    mean_cost: float
    success_rate: float


class Evaluation(BaseModel):
    """What `evaluate --json` said of the run when it ended, as far as a comparison reads it."""

    ddp_cost: float
    longer_ddp_cost: float | None  # see `reference`
    stochastic: Measured
    deterministic: Measured


def read_evaluation(folder: RunFolder) -> Evaluation:
    """The final evaluation of a run.

    Raises:
        RunFolderError: when it is missing or damaged.
    """
    path = folder.file(EVALUATION)
    try:
        return Evaluation.model_validate_json(read_text(path))
    except ValidationError as error:
        raise RunFolderError(f"{path}: {first_refusal(error)[1]}") from None
