"""Actuators: what an action does beyond a torque or force, with symmetric limits, on one joint."""

from collections.abc import Iterator
from typing import Annotated, Any, NamedTuple

from pydantic import BeforeValidator, model_validator
from pydantic_core import PydanticCustomError

from vgps.codegen.description.expansion import RepeatablePart
from vgps.codegen.description.fields import (
    Limits,
    Name,
    NonNegative,
    Number,
    Pair,
    Positive,
    Text,
    TimeConstant,
    refuse,
    several,
)
from vgps.codegen.errors import found

KINDS = ("link", "between", "joint", "joints")  # what it acts on; an actuator has one of them
KEYS_OF_KINDS = {
    "at": ("link",),
    "direction": ("link",),
    "kp": ("joint", "joints"),
    "kd": ("joint", "joints"),
}


def _two_links(value: Any) -> Any:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise refuse(f"must be a list of two links, found {found(value)}")
    return value


def _some_joints(value: Any) -> Any:
    if not isinstance(value, dict) or not value:
        given = "an empty mapping" if value == {} else found(value)
        raise refuse(f"must be a mapping from joints to numbers, found {given}")
    return value


class Actuator(RepeatablePart):
    """What one action u does: a force on a link, a torque between two, or a force on joints.

    name       of the actuator and of its action
    link       a force of gear u (N) acts on this link; it turns with the link
    at         (x, y) m in the link's frame: where; by default the frame's origin
    direction  rad in the link's frame, counter-clockwise from its x: whereto
    between    [a, b]: a torque of gear u (N·m) on the link b, and its opposite on a; either may be
               the world
    joint      a torque or force of gear u (N·m or N) on the coordinate of this joint
    joints     a transmission, joint -> number: its coordinate c is the sum of number times joint
               coordinate, and its force gear u times each number acts on that joint.  Where all
               joints turn, c is in rad and the force in N·m; otherwise in m and N, so that the
               number of a turning joint is a lever arm in m
    gear       factor from the action to the force
    kp         N·m/rad or N/m of a servo on a joint or transmission: the action is a target of c,
               in rad or m, and the force gear (kp (u - c) - kd c')
    kd         N·m·s/rad or N·s/m of the servo
    limits     [low, high] of the action u itself, before the gear; absent: none
    lag        s, time constant with which the force f follows the action, lag f' = gear u - f, or
               the target of a servo does, lag target' = u - target; 0: at once.  Expressions name
               them as in jet.force and steering.target
    """

    name: Name
    link: Text | None = None
    at: Pair = (0.0, 0.0)
    direction: Number | None = None
    between: Annotated[tuple[Text, Text], BeforeValidator(_two_links)] | None = None
    joint: Text | None = None
    joints: Annotated[dict[str, Number], BeforeValidator(_some_joints)] | None = None
    gear: Number = 1.0
    kp: Positive | None = None
    kd: NonNegative = 0.0
    limits: Limits | None = None
    lag: TimeConstant = 0.0

    @model_validator(mode="after")
    def _consistent(self) -> "Actuator":
        if faults := list(self._faults()):
            raise several(((), fault) for fault in faults)
        return self

    def _faults(self) -> Iterator[PydanticCustomError]:
        kinds = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(kinds) != 1:
            given = " and ".join(map(repr, kinds)) or "none"
            yield refuse(f"must have one of the keys {', '.join(map(repr, KINDS))}, found {given}")
        for key, allowed in KEYS_OF_KINDS.items():
            default = type(self).model_fields[key].default
            if getattr(self, key) != default and not set(kinds) & set(allowed):
                owners = " or ".join(map(repr, allowed))
                yield refuse(f"only an actuator with {owners} takes {key!r}", "key", (key,))
        if self.link is not None and self.direction is None:
            yield refuse("lacks the key 'direction', which 'link' needs")
        if self.kd > 0.0 and self.kp is None:
            yield refuse("'kd' has no meaning without 'kp'", "key", ("kd",))
        if self.kp is not None and self.gear <= 0.0:
            text = f"must be positive where there is a 'kp', found {self.gear}"
            yield refuse(text, at=("gear",))
        if self.limits is not None and self.limits[0] >= self.limits[1]:
            text = f"the lower limit must lie below the upper, found {list(self.limits)}"
            yield refuse(text, "sentence", ("limits",))

    @property
    def coefficients(self) -> dict[str, float]:
        """Of joint coordinates in that of the transmission; empty for other actuators."""
        return {self.joint: 1.0} if self.joint is not None else self.joints or {}

    @property
    def gain(self) -> float:
        """Force for each unit of the action."""
        return self.gear if self.kp is None else self.gear * self.kp

    @property
    def what_lags(self) -> tuple[str, float]:
        """What a lag delays, the force or a servo's target, and how much of it a unit asks for."""
        return ("force", self.gear) if self.kp is None else ("target", 1.0)

    @property
    def strength(self) -> float:
        """Force for each unit of what acts: of the action or, behind a lag, of what is delayed."""
        return 1.0 if self.lag and self.kp is None else self.gain


class LastAction(NamedTuple):
    """What the state remembers of an action: what it was in the step before.

    It is a coordinate that moves no body and that no force moves, with a rate of zero.  Every step
    ends by putting its action there, and so u - u_last is the change du between two steps.
    """

    name: str  # jet.last_u
    coordinate: int  # its index in q
    action: int  # index of u


class Lag(NamedTuple):
    """What follows an action u with a first-order lag, r:  time_constant r' = gain u - r.

    r is the rate of a coordinate, as everything in x = [q, v] is one or the rate of one.  This
    coordinate moves no body and nothing depends on it.
    """

    name: str  # of r, and of the coordinate: jet.force or, of a servo, steering.target
    coordinate: int  # its index in q, and that of r in v
    action: int  # index of u
    time_constant: float  # s
    gain: float
