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
    TimeConstant,
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
    "friction",
    "friction_speed",
    "actuated",
)


class QuadraticDrag(Part):
    """Drag in proportion to the square of the velocity, across and along the long axis of a link.

    normal      N·s²/m² per metre of link, at each place along it
    tangential  N·s²/m² per metre of link
    """

    normal: NonNegative
    tangential: NonNegative


class Drag(Part):
    """Drag across and along the long axis of a link.

    normal      N·s/m per metre of link, in proportion to the velocity at each place along it
    tangential  N·s/m per metre of link
    quadratic   what is added in proportion to the square of the velocity; absent: nothing
    """

    normal: NonNegative
    tangential: NonNegative
    quadratic: QuadraticDrag | None = None


class Link(RepeatablePart):
    """A rigid body.

    name       of the link
    mass       kg
    length     m, from where the body begins to its tip
    start      m along the long axis from the frame's origin to where the body begins
    direction  rad, of the long axis in the link's own frame
    width      m across the long axis and out of the plane; 0 for a thin rod, which a `fluid` does
               not resist
    com        (x, y) m, centre of mass in the link's frame; by default halfway along the body
    inertia    kg·m² about the centre of mass; by default that of a bar, m·(length² + width²)/12
    drag       of its own, which does not depend on `fluid`; absent: none
    """

    name: Name
    mass: Positive
    length: NonNegative = 0.0
    start: Number = 0.0
    direction: Number = 0.0
    width: NonNegative = 0.0
    com: Pair = Field(default=None, validate_default=True)
    inertia: NonNegative = Field(default=None, validate_default=True)
    drag: Drag | None = None

    @field_validator("com", mode="before")
    @classmethod
    def _halfway(cls, value: Any, info: ValidationInfo) -> Any:
        if value is not None:
            return value
        middle = info.data.get("start", 0.0) + 0.5 * info.data.get("length", 0.0)
        return _along(info.data.get("direction", 0.0), middle)

    @field_validator("inertia", mode="before")
    @classmethod
    def _rod(cls, value: Any, info: ValidationInfo) -> Any:
        if value is not None:
            return value
        length, width = info.data.get("length", 0.0), info.data.get("width", 0.0)
        return info.data.get("mass", 0.0) * (length**2 + width**2) / 12.0

    @model_validator(mode="after")
    def _consistent(self) -> "Link":
        if self.start != 0.0 and self.length == 0.0:
            raise refuse("'start' has no meaning without 'length'", "key", ("start",))
        return self

    def at(self, fraction: float) -> tuple[float, float]:
        """(x, y) m in the link's frame: 0 where the body begins, 1 at its tip."""
        return _along(self.direction, self.start + fraction * self.length)

    @property
    def tip(self) -> tuple[float, float]:
        """(x, y) m: the far end in the link's frame."""
        return self.at(1.0)


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
    friction         N·m or N of dry (Coulomb) friction, against the motion whatever its speed
    friction_speed   rad/s or m/s at which friction reaches 70 % of its value, as F v/√(v² + v_s²)
    actuated         whether a drive acts on it: one action, N·m or N
    torque_limit     N·m or N, the largest action; absent: none
    lag              s, time constant with which the drive's torque or force f follows its action u,
                     lag f' = u - f; 0: at once.  Expressions name f as in hip.force
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
    friction: NonNegative = 0.0
    friction_speed: Positive = 0.1
    actuated: Truth = False
    torque_limit: PositiveLimit | None = None
    lag: TimeConstant = 0.0

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
        if self.type != "fixed" and self.friction == 0.0 and "friction_speed" in given:
            text = "'friction_speed' has no meaning without 'friction'"
            yield refuse(text, "key", ("friction_speed",))
        for key in ("torque_limit", "lag"):
            if key in given and not self.actuated:
                yield refuse(f"only an actuated joint takes {key!r}", "key", (key,))

    @property
    def origin(self) -> tuple[float, float]:
        """``at`` of a joint in a robot, which has filled in what the file leaves out."""
        if self.at is None:
            raise ValueError(f"the joint {self.name!r} is in no robot")
        return self.at


class Point(RepeatablePart):
    """A named point that moves with a link.

    name      of the point
    link      name of the link
    at        (x, y) m in the link's frame
    contact   whether the ground pushes back on it
    radius    m of the disc around it that touches the ground, and turns with the link
    friction  coefficient mu of its contact; absent: the ground's
    """

    name: Name
    link: Text
    at: Pair
    contact: Truth = False
    radius: NonNegative = 0.0
    friction: NonNegative | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "Point":
        given = {"radius": self.radius > 0.0, "friction": self.friction is not None}
        faults = [
            refuse(f"{key!r} has no meaning without 'contact: true'", "key", (key,))
            for key, is_given in given.items()
            if is_given and not self.contact
        ]
        if faults:
            raise several(((), fault) for fault in faults)
        return self


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

    def friction_at(self, point: Point) -> float:
        """Coefficient mu of a contact point: its own, or else the ground's."""
        return self.friction if point.friction is None else point.friction


class Fluid(Part):
    """A fluid at rest around all links that have a `width`, after MuJoCo's inertia-box model.

    It sees a link as the bar of its mass, inertia and width.

    density    kg/m³, of drag in proportion to the square of the velocity
    viscosity  Pa·s, of drag in proportion to the velocity, that of a ball as large as the bar
    """

    density: NonNegative = 0.0
    viscosity: NonNegative = 0.0


class BaseArmature(Part):
    """Inertia that is added to the coordinates of a floating base, and that gravity does not pull.

    x, y   kg
    angle  kg·m²
    """

    x: NonNegative = 0.0
    y: NonNegative = 0.0
    angle: NonNegative = 0.0
