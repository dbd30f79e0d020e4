"""What a page may ask of the robot that it shows: one JSON object, by its key `do`."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

FARTHEST = 1e6  # m, of what the mouse may point to

Length = Annotated[float, Field(ge=-FARTHEST, le=FARTHEST, allow_inf_nan=False)]
Place = tuple[Length, Length]


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Pull(_Message):
    """Move the hand, which grips the nearest link first."""

    do: Literal["pull"]
    at: Place  # m


class Release(_Message):
    """Let go."""

    do: Literal["release"]


class Move(_Message):
    """Put a target elsewhere."""

    do: Literal["move"]
    target: Annotated[int, Field(ge=0)]
    at: Place  # m


class Raise(_Message):
    """Let the ground rise from a place on."""

    do: Literal["raise"]
    beyond: Length
    by: Length


class Settings(_Message):
    """Switch what is given; the rest stays as it is."""

    do: Literal["set"]
    paused: bool | None = None
    rate: Annotated[float, Field(ge=0.01, le=1.0)] | None = None  # of the clock: 1 is real time
    noisy: bool | None = None  # the policy's own noise
    disturbed: bool | None = None  # the task's process noise
    strength: Annotated[float, Field(ge=0.01, le=100.0)] | None = None  # of the hand


class Reset(_Message):
    """Begin anew."""

    do: Literal["reset"]


Message = Pull | Release | Move | Raise | Settings | Reset
MESSAGE: TypeAdapter[Message] = TypeAdapter(Annotated[Message, Field(discriminator="do")])
