"""The words of the command line: what its arguments are, and what they stand for."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, TypedDict, get_args

import tyro
from tyro.conf import arg

from vgps.codegen.description.robot import Robot as Description
from vgps.codegen.description.robot import load
from vgps.codegen.errors import InputError
from vgps.policy.choices import Finish
from vgps.policy.settings import RunSettings

Robot = Annotated[str, arg(metavar="ROBOT", help="a name in models/ or a YAML file")]
Robots = Annotated[
    tuple[str, ...],
    arg(metavar="ROBOT...", help="names in models/ or YAML files", help_behavior_hint=""),
]
Compared = Annotated[
    tuple[str, ...], arg(metavar="ROBOT...", help="names in models/ or YAML files")
]
Trained = Annotated[
    str | None,
    arg(
        metavar="ROBOT",
        help="a name in models/ or a YAML file; that of the run when it is resumed",
        help_behavior_hint="",
    ),
]
Name = Annotated[str, arg(metavar="NAME", help="of the robot and of its file")]
Like = Annotated[
    str | None,
    arg(metavar="ROBOT", help="copy this robot, but for its name", help_behavior_hint=""),
]
Foreign = Annotated[Path, arg(metavar="FILE", help="an .xml of MuJoCo (MJCF) or a .urdf")]
Run = Annotated[str, arg(metavar="RUN", help="folder of a training run")]
Shown = Annotated[
    str, arg(metavar="RUN|TRAJECTORY", help="folder of a training run, or a trajectory.npz")
]
Exported = Annotated[
    str,
    arg(metavar="RUN|ROBOT", help="folder of a training run; for mjcf a robot's name or file"),
]
Runs = Annotated[tuple[str, ...], arg(metavar="RUN...", help_behavior_hint="")]
# What is absent unless it is given; the help of each says what happens then.
Count = Annotated[int | None, arg(metavar="INT", help_behavior_hint="")]
Amount = Annotated[float | None, arg(metavar="FLOAT", help_behavior_hint="")]
File = Annotated[Path | None, arg(metavar="FILE", help_behavior_hint="")]
Folder = Annotated[Path | None, arg(metavar="FOLDER", help_behavior_hint="")]
Numbers = Annotated[tuple[int, ...], arg(metavar="INT...", help_behavior_hint="")]
Methods = Annotated[tuple[str, ...] | None, arg(metavar="METHOD...", help_behavior_hint="")]
Text = Annotated[str | None, arg(metavar="STR", help_behavior_hint="")]
LastStage = Annotated[
    Finish | None, arg(metavar=f"{{{','.join(get_args(Finish))}}}", help_behavior_hint="")
]
Iteration = Annotated[
    str | None,
    arg(
        metavar="{best,last,INT}",
        help="whose policy: the best, which is the result of the finish where there is one, the "
        "last, or of a number in metrics.csv; the best, and it is said which, when absent",
        help_behavior_hint="",
    ),
]
Ground = Annotated[
    Literal["fitted", "default", "ours"] | None,
    arg(metavar="{fitted,default,ours}", help_behavior_hint=""),
]
Flag = Annotated[bool, tyro.conf.FlagCreatePairsOff, arg(help_behavior_hint="")]
Json = Annotated[Flag, arg(help="print one JSON object only")]
Set = Annotated[
    tuple[str, ...],
    tyro.conf.UseAppendAction,
    arg(
        name="set",
        metavar="KEY=VALUE",
        help="a value in place of one of the robot's file, such as training.iterations=80",
    ),
]


def _option(name: str) -> object:
    """A setting of a run as an option, which is absent unless it is given."""
    field = RunSettings.model_fields[name]
    default = "" if field.default is None else f"(default: {field.default})"
    # An option that is absent says what None does.
    kinds = [kind for kind in get_args(field.annotation) if kind is not type(None)]
    kind = kinds[0] if field.default is None else field.annotation
    return Annotated[kind, arg(help=field.description, help_behavior_hint=default)]


Settings = TypedDict(  # type: ignore[misc]  # the options are those of RunSettings
    "Settings", {name: _option(name) for name in RunSettings.model_fields}, total=False
)


class UsageError(InputError):
    """One sentence about a command line that cannot be meant."""


def overridden(given: Sequence[str]) -> dict[str, str]:
    """What --set puts in place of values of a robot's file, by place."""
    for text in given:
        if "=" not in text:
            raise UsageError(f"--set needs KEY=VALUE, such as task.horizon=100, found {text!r}")
    return dict(text.split("=", 1) for text in given)


def loaded(name: str, overrides: Sequence[str]) -> Description:
    """The robot of this name; what is allowed in its file but hardly meant is said."""
    robot = load(name, overridden(overrides))
    for warning in robot.warnings:
        print(warning, file=sys.stderr)
    return robot


def descriptions(names: Sequence[str], overrides: Sequence[str]) -> list[Description]:
    """The robots of these names, each once; all are valid before anything is done with one."""
    require_named(names, "robot", "a name in models/ or a YAML file")
    return [loaded(name, overrides) for name in dict.fromkeys(names)]


def chosen_iteration(text: str | None) -> int | Literal["best", "last"]:
    """What --iteration asks for."""
    if text is None or text == "best":
        return "best"
    if text == "last":
        return "last"
    if not text.isdecimal():
        raise UsageError(f"--iteration must be best, last or a whole number, found {text!r}")
    return int(text)


def require_named(names: Sequence[str], what: str, allowed: str) -> None:
    """Refuse a command without anything to work on."""
    if not names:
        raise UsageError(f"no {what} is named: give at least one, {allowed}")


def with_finish(arguments: Sequence[str]) -> list[str]:
    """The arguments, where --finish without a value asks for the one finish that there is."""
    given = list(arguments)
    for place, word in enumerate(given):
        if word == "--finish" and (given[place + 1 : place + 2] or ["-"])[0].startswith("-"):
            given.insert(place + 1, "average-cost")
    return given


def require_at_least(least: int, **options: int | None) -> None:
    """Refuse options that are given and smaller."""
    for name, value in options.items():
        if value is not None and value < least:
            raise UsageError(f"--{name} must be at least {least}, found {value}")
