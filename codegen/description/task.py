"""What a robot is asked to do, from which states, under which noise, and what it observes."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from vgps.codegen.description.fields import (
    ExpressionText,
    NonNegative,
    Number,
    Part,
    PerCoordinate,
    Positive,
    Text,
    Truth,
    refuse,
    whole,
)
from vgps.codegen.errors import found


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise refuse(f"must be a mapping from coordinates to numbers, found {found(value)}")
    return value


def _names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise refuse(f"must be a list of coordinates, found {found(value)}")
    return tuple(value)


Coordinates = Annotated[dict[str, Number], BeforeValidator(_mapping)]
Names = Annotated[tuple[Text, ...], BeforeValidator(_names)]


class Deviation(Part):
    """Standard deviations of coordinates and their rates.

    One number holds for all; of a mapping, coordinates that are not named have none.

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

    q: Coordinates = Field(default_factory=dict)
    v: Coordinates = Field(default_factory=dict)
    spread: Deviation = Deviation()


class Observe(Part):
    """The coordinates whose positions (q) and velocities (v) the policy sees, in this order."""

    q: Names
    v: Names


class Start(Part):
    """Where the optimiser starts.

    noise  standard deviation of random actions, N·m or N
    gait   instead: the actions of the robot's walking controller
    """

    noise: NonNegative = 0.0
    gait: Truth = False


class Task(Part):
    """The task of a robot.

    dt             s, length of a step, over which the action is constant
    horizon        number of steps T
    substeps       integration steps in a step
    integrator     "rk4": Runge-Kutta of fourth order; "implicit": first order, with damping, drag
                   and contact implicit in the velocity, which contact needs
    cost           expression, the cost of a step
    success        condition over a rollout, of mean, min, max and final of quantities
    process_noise  standard deviations that each step adds to the state
    observe        None: every position and velocity but the x of a floating root
    """

    dt: Positive
    horizon: Annotated[int, whole(2)]
    substeps: Annotated[int, whole(1)] = 1
    integrator: Literal["rk4", "implicit"] = "rk4"
    cost: ExpressionText
    success: ExpressionText
    initial: Initial = Initial()
    process_noise: Deviation = Deviation()
    observe: Observe | None = None
    start: Start = Start()


class Training(Part):
    """How the policy of this robot is learned; what the file leaves out is the paper's.

    iterations   outer iterations of a method
    alpha_start  weight of the cost in the first iteration
    alpha_end    weight of the cost after `anneal` iterations, to which it falls exponentially
    anneal       outer iterations
    samples      states drawn at each time step to fit the policy
    pairs        opposite pairs of states over which the policy term of the cost is averaged
    tail         steps before the horizon's end from which the policy does not learn: what follows
                 the end costs an optimal trajectory nothing, so a walker lets itself fall there
    """

    iterations: Annotated[int, whole(1)] = 50
    alpha_start: Positive = 1.0
    alpha_end: Positive = 0.1
    anneal: Annotated[int, whole(1)] = 50
    samples: Annotated[int, whole(1)] = 10
    pairs: Annotated[int, whole(0)] = 5
    tail: Annotated[int, whole(0)] = 0
