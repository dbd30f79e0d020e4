"""A run is of the robot that it began with: what differs is noticed, named, and seldom accepted.

The folder holds the robot's file, robot.yaml, and config.yaml a hash of its text.  A run cannot go
on with other mechanics or another task, since what it has learned is about the old ones.  How the
policy is trained may change on the way, if that is what one wants.
"""

from pathlib import Path
from typing import Any, NamedTuple

from vgps.codegen.description.robot import Robot, load
from vgps.experiments.config import RunConfig, fingerprint
from vgps.experiments.errors import RunFolderError
from vgps.experiments.run_folder import OWN_DEMO, ROBOT, RunFolder

_LISTED = 4  # changes that a sentence names
_LONGEST = 200  # characters of a value in it


class Change(NamedTuple):
    """A value of the robot's file that differs."""

    key: str  # its dotted place
    old: Any  # None where there was none
    new: Any

    @property
    def harmless(self) -> bool:
        """Whether what was learned before it still holds: a matter of training."""
        # The arrays of a checkpoint end where the tail begins.
        return self.key.startswith("training.") and self.key != "training.tail"

    def __str__(self) -> str:
        return f"{self.key} was {_shown(self.old)}, now {_shown(self.new)}"


def robot_of(folder: RunFolder, config: RunConfig) -> Robot:
    """The robot of a run.

    Raises:
        RobotFileError: when robot.yaml cannot be read.
        RunFolderError: when it is not the file that the run began with.
    """
    robot = load(folder.file(ROBOT), config.overrides)
    if robot.name != config.robot:
        raise RunFolderError(f"{robot.path} is of '{robot.name}', config.yaml of '{config.robot}'")
    if not _is_original(robot, config):
        raise RunFolderError(
            f"{robot.path} was edited after the run began: put it back as it was "
            f"(`train ORIGINAL --resume {folder.path}` says what differs from the original)"
        )
    if robot.demo is None:
        return robot
    # The folder has what its path led to from elsewhere.
    return load(folder.file(ROBOT), config.overrides | OWN_DEMO)


def require_same_run(
    path: str | Path, robot: Robot, asked: dict[str, object], accept_changes: bool = False
) -> None:
    """Refuse to continue a run as another robot's, or with other settings than its own.

    Args:
        path: folder of the run.
        robot: whose run it is said to be.
        asked: settings by name; the number of iterations may differ.
        accept_changes: go on with other training settings of the robot's file; they are kept.

    Raises:
        RunFolderError: for the first setting that differs, or for what does in the robot's file.
    """
    folder = RunFolder(path)
    config = folder.read_config()
    if robot.name != config.robot:
        raise RunFolderError(f"{path} is a run of '{config.robot}', not of '{robot.name}'")
    for name, value in asked.items():
        own = getattr(config, name)
        if name != "iterations" and value != own:
            raise RunFolderError(f"{path} was started with --{name} {own}, not {value}")
    given = robot if robot.path is None else load(robot.path, config.overrides)
    kept = load(folder.file(ROBOT), config.overrides)
    if given.text == kept.text:
        robot_of(folder, config)
        return
    edited = not _is_original(kept, config)
    if edited and not _is_original(given, config):
        robot_of(folder, config)  # of neither is it known what was changed
    before, after = (given, kept) if edited else (kept, given)
    _require_harmless(after.path or after.name, differences(before, after), accept_changes)
    folder.write_config(config.replaced(robot_sha256=fingerprint(after.text)))
    folder.write_text(ROBOT, after.text)


def differences(before: Robot, after: Robot) -> list[Change]:
    """The values that differ, once expressions are numbers; what only describes does not count."""
    old, new = _flat(_content(before)), _flat(_content(after))
    return [
        Change(key, old.get(key), new.get(key))
        for key in dict.fromkeys([*old, *new])
        if old.get(key) != new.get(key)
    ]


def _is_original(robot: Robot, config: RunConfig) -> bool:
    # Early versions kept no hash.
    return config.robot_sha256 in (None, fingerprint(robot.text))


def _require_harmless(path: str, changes: list[Change], accepted: bool) -> None:
    harmful = [change for change in changes if not change.harmless]
    if not changes or (accepted and not harmful):
        return
    shown = harmful or changes
    listed = "; ".join(map(str, shown[:_LISTED]))
    if len(shown) > _LISTED:
        listed += f"; and {len(shown) - _LISTED} more"
    advice = "begin a new run" if harmful else "--accept-changes goes on with it"
    raise RunFolderError(f"{path} is not as the run began: {listed}: {advice}")


def _shown(value: Any) -> str:
    shown = "absent" if value is None else repr(value)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}..."


def _content(robot: Robot) -> dict[str, Any]:
    return robot.model_dump(mode="json", exclude={"name", "description"})


def _flat(value: Any, place: str = "") -> dict[str, Any]:
    """Values by their dotted place; items of a list go by their names, as in --set."""
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        named = {item.get("name", str(i)): item for i, item in enumerate(value)}
        return {f"order of {place}": list(named)} | _flat(named, place)
    if not isinstance(value, dict):
        return {place: value}
    flat: dict[str, Any] = {}
    for key, item in value.items():
        flat |= _flat(item, f"{place}.{key}" if place else key)
    return flat
