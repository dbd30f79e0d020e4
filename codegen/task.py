"""What a robot is asked to do: time grid, cost, success, initial state, noise, what the policy
sees."""

from typing import Annotated, Any

from pydantic import BeforeValidator

from codegen.errors import found
from codegen.fields import (
    ExpressionText,
    NonNegative,
    Number,
    Part,
    PerCoordinate,
    Positive,
    Text,
    refuse,
    whole,
)


def _mapping(value: Any) -> dict:
    if not isinstance(value, dict):
        raise refuse(f"must be a mapping from coordinates to numbers, found {found(value)}")
    return value


def _names(value: Any) -> tuple:
    if not isinstance(value, list | tuple):
        raise refuse(f"must be a list of coordinates, found {found(value)}")
    return tuple(value)


Coordinates = Annotated[dict[str, Number], BeforeValidator(_mapping)]
Names = Annotated[tuple[Text, ...], BeforeValidator(_names)]


class Deviation(Part):
    """Standard deviations: one for all coordinates, or one for each named coordinate and zero for
    the rest.

    q   rad or m
    v   rad/s or m/s
    """

    q: PerCoordinate = 0.0
    v: PerCoordinate = 0.0


class Initial(Part):
    """The state at step 0: coordinates that are not named are zero.

    q       rad or m
    v       rad/s or m/s
    spread  how far rollouts start from it
    """

    q: Coordinates = {}
    v: Coordinates = {}
    spread: Deviation = Deviation()


class Observe(Part):
    """The coordinates whose positions (q) and velocities (v) the policy sees, in this order."""

    q: Names
    v: Names


class Start(Part):
    """Where the optimiser starts: actions drawn with standard deviation `noise`, N·m or N."""

    noise: NonNegative = 0.0


class Task(Part):
    """The task of a robot.

    dt             s, length of a step, over which the action is constant
    horizon        number of steps T
    substeps       integration steps in a step
    cost           expression, the cost of a step
    success        condition over a rollout, of mean, min, max and final of quantities
    process_noise  standard deviations that each step adds to the state
    observe        None: every position and velocity but the x of a floating root
    """

    dt: Positive
    horizon: Annotated[int, whole(2)]
    substeps: Annotated[int, whole(1)] = 1
    cost: ExpressionText
    success: ExpressionText
    initial: Initial = Initial()
    process_noise: Deviation = Deviation()
    observe: Observe | None = None
    start: Start = Start()


class Training(Part):
    """How the policy of this robot is learned: the number of outer iterations K."""

    iterations: Annotated[int, whole(1)] = 50
