"""What to do next, and where to look when a robot does not learn."""

import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vgps.experiments.run import Run

LEARNED = 0.5  # of the rollouts without noise


def say_next(*commands: Sequence[str]) -> None:
    """Name the commands that a person at a terminal may want to give now, a line each."""
    if sys.stderr.isatty():
        for command in commands:
            print(f"next: vgps {shlex.join(command)}", file=sys.stderr)


def say_unfinished(iterations: int) -> None:
    """Say on standard error that an optimisation came to its limit, and how it goes further."""
    more = f"`--iterations {max(4 * iterations, 100)}` allows more"
    print(f"not at an optimum after {iterations} iterations, the limit: {more}", file=sys.stderr)


def say_which_policy(run: "Run", asked: str | None) -> None:
    """On standard error, where nobody has asked for one and the best is not the last."""
    last = len(run.metrics["iteration"])
    if asked is None and run.iteration not in (None, last):
        print(
            f"the policy of iteration {run.iteration} of {last}, the best in rollouts of its own; "
            "--iteration last for the last",
            file=sys.stderr,
        )


def point_to_doctor(robot: str) -> None:
    """Name on standard error the command that says what keeps this robot from learning."""
    print(f"vgps doctor {robot}: says what keeps it from succeeding", file=sys.stderr)


def point_to_doctor_unless_learned(result: Mapping[str, Any], robot: str) -> None:
    """After an evaluation, where the policy fails even without noise."""
    if result["deterministic"]["success_rate"] < LEARNED:
        point_to_doctor(robot)


@contextmanager
def pointing_to_doctor(robot: str, json: bool) -> Iterator[None]:
    """After numbers that diverge, within the one sentence that a failure has."""
    try:
        yield
    except FloatingPointError as error:
        if json:
            raise
        raise FloatingPointError(f"{error}; vgps doctor {robot} says more") from error
