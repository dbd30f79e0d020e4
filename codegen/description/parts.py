"""The parts of a robot as the file describes them: links, joints, points.

Planar; SI units and radians throughout.  At q = 0 the frame of every link is parallel to the
world's: x to the right, y up, angles counter-clockwise.  The origin of a link's frame is the joint
to its parent.
"""

import math
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from vgps.codegen.description.expansion import RepeatablePart
from vgps.codegen.description.fields import (
    Limits,
    Name,
    NonNegative,
    Number,
    Pair,
    Part,
    Positive,
    PositiveLimit,
    ProfileText,
    Text,
    Truth,
    refuse,
    several,
)
from vgps.codegen.description.unsupported import SPATIAL
from vgps.codegen.errors import found

FREE_ONLY = (
    "limits",
    "limit_stiffness",
    "limit_softness",
    "damping",
    "stiffness",
    "rest",
    "armature",
    "actuated",
)


class Drag(Part):
    """Linear drag across and along the long axis of a link, N·s/m² per metre of link.

    normal      N·s/m² per metre, across the link
    tangential  N·s/m² per metre, along the link
    """

    normal: NonNegative
    tangential: NonNegative


class Link(RepeatablePart):
    """A rigid body.

    name       of the link
    mass       kg
    length     m, from the frame's origin to the tip
    direction  rad, of the long axis in the link's own frame
    com        (x, y) m, centre of mass in the link's frame; by default halfway along the axis
    inertia    kg·m² about the centre of mass; by default that of a thin rod, m·length²/12
    drag       of the fluid around it; absent: none
    """

    name: Name
    mass: Positive
    length: NonNegative = 0.0
    direction: Number = 0.0
    com: Pair = Field(default=None, validate_default=True)
    inertia: NonNegative = Field(default=None, validate_default=True)
    drag: Drag | None = None

    @field_validator("com", mode="before")
    @classmethod
    def _halfway(cls, value: Any, info: ValidationInfo) -> Any:
        if value is not None:
            return value
        return _along(info.data.get("direction", 0.0), 0.5 * info.data.get("length", 0.0))

    @field_validator("inertia", mode="before")
    @classmethod
    def _rod(cls, value: Any, info: ValidationInfo) -> Any:
        if value is not None:
            return value
        return info.data.get("mass", 0.0) * info.data.get("length", 0.0) ** 2 / 12.0

    @property
    def tip(self) -> tuple[float, float]:
        """(x, y) m: the far end in the link's frame."""
        return _along(self.direction, self.length)


def unit_vector(angle: float) -> tuple[float, float]:
    """(cos, sin) of an angle, exact at multiples of a quarter turn.

    The rounding error of cos(pi/2) would otherwise live on as a term of the equations of motion.
    """
    cosine, sine = math.cos(angle), math.sin(angle)
    return 0.0 if abs(cosine) < 1e-15 else cosine, 0.0 if abs(sine) < 1e-15 else sine


def _along(direction: float, distance: float) -> tuple[float, float]:
    cosine, sine = unit_vector(direction)
    return distance * cosine, distance * sine


def _in_plane(value: Any) -> Any:
    if isinstance(value, list | tuple):
        text = f"must be an angle in rad, found {found(value)}"
        raise refuse(text, tail=f"; {SPATIAL}" if len(value) == 3 else "")
    return value


class Joint(RepeatablePart):
    """A connection of a child link to its parent link, or to the world.

    name             of the joint and of its coordinate
    type             "revolute" turns, "prismatic" slides along `axis`, "fixed" does neither
    parent           name of a link, or world
    child            name of the link that hangs from it
    at               (x, y) m in the parent's frame: where the child's origin is at q = 0; by
                     default the parent's tip, or (0, 0) in the world
    axis             rad, direction in which a prismatic joint moves, in the parent's frame
    limits           (low, high) rad or m; absent: none
    limit_stiffness  N·m/rad or N/m beyond a limit; `limits` need it
    limit_softness   rad or m over which a limit sets in
    damping          N·m·s/rad or N·s/m
    stiffness        N·m/rad or N/m of a spring
    rest             rad or m, where the spring is without force
    armature         kg·m² or kg that the drive adds to the coordinate's inertia
    actuated         whether a drive acts on it: one action, N·m or N
    torque_limit     N·m or N, the largest action; absent: none
    """

    name: Name
    type: Literal["revolute", "prismatic", "fixed"] = "revolute"
    parent: Text
    child: Text
    at: Pair | None = None
    axis: Annotated[Number, BeforeValidator(_in_plane)] = 0.0
    limits: Limits | None = None
    limit_stiffness: Positive | None = None
    limit_softness: Positive = 0.05
    damping: NonNegative = 0.0
    stiffness: NonNegative = 0.0
    rest: Number = 0.0
    armature: NonNegative = 0.0
    actuated: Truth = False
    torque_limit: PositiveLimit | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "Joint":
        if faults := list(self._faults()):
            raise several(((), fault) for fault in faults)
        return self

    def _faults(self) -> Iterator[PydanticCustomError]:
        given = {
            key
            for key, field in type(self).model_fields.items()
            if getattr(self, key) != field.default
        }
        if self.type == "fixed":
            for key in FREE_ONLY:
                if key in given:
                    yield refuse(f"a fixed joint takes no {key!r}", "key", (key,))
        if self.type != "prismatic" and "axis" in given:
            text = f"only a prismatic joint takes 'axis', not a {self.type} one"
            yield refuse(text, "key", ("axis",))
        if self.limits is None:
            for key in ("limit_stiffness", "limit_softness"):
                if key in given:
                    yield refuse(f"{key!r} has no meaning without 'limits'", "key", (key,))
        elif self.limits[0] >= self.limits[1]:
            text = f"the lower limit must lie below the upper, found {list(self.limits)}"
            yield refuse(text, "sentence", ("limits",))
        elif self.limit_stiffness is None:
            yield refuse("lacks the key 'limit_stiffness', which 'limits' need")
        if self.torque_limit is not None and not self.actuated:
            yield refuse("only an actuated joint takes 'torque_limit'", "key", ("torque_limit",))

    @property
    def origin(self) -> tuple[float, float]:
        """``at`` of a joint in a robot, which has filled in what the file leaves out."""
        if self.at is None:
            raise ValueError(f"the joint {self.name!r} is in no robot")
        return self.at


class Point(RepeatablePart):
    """A named point that moves with a link.

    name     of the point
    link     name of the link
    at       (x, y) m in the link's frame
    contact  whether the ground pushes back on it
    """

    name: Name
    link: Text
    at: Pair
    contact: Truth = False


class Ground(Part):
    """Compliant ground with friction, a smooth function of a contact point's position and velocity.

    height          m, expression in x of its profile
    stiffness       N/m of one contact point
    softness        m over which the normal force sets in
    damping_speed   m/s at which the approach has added 70 % to the normal force
    friction        coefficient mu
    friction_speed  m/s of sliding at which friction reaches 70 % of mu times the normal force
    """

    height: ProfileText = "0"
    stiffness: Positive
    softness: Positive
    damping_speed: Positive
    friction: NonNegative
    friction_speed: Positive
