"""Where to look when a robot does not learn: a line on standard error."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

LEARNED = 0.5  # of the rollouts without noise


def point_to_doctor(robot: str) -> None:
    """Name the command that says what keeps this robot from learning."""
    print(f"vgps doctor {robot}: says what keeps it from succeeding", file=sys.stderr)


def point_to_doctor_unless_learned(result: Mapping[str, Any], robot: str) -> None:
    """After an evaluation, where the policy fails even without noise."""
    if result["deterministic"]["success_rate"] < LEARNED:
        point_to_doctor(robot)


@contextmanager
def pointing_to_doctor(robot: str, json: bool) -> Iterator[None]:
    """After numbers that diverge."""
    try:
        yield
    except FloatingPointError:
        if not json:
            point_to_doctor(robot)
        raise
