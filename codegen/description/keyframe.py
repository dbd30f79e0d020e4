"""Postures that a motion goes through on its way, as a robot file gives them."""

from typing import Annotated

from pydantic import AfterValidator

from vgps.codegen.description.fields import (
    Coordinates,
    Part,
    Positive,
    at_least_one,
    at_most,
    refuse,
)

MOST_KEYFRAMES = 100


def _not_empty(q: dict[str, float]) -> dict[str, float]:
    if not q:
        raise refuse("must name at least one coordinate")
    return q


class Keyframe(Part):
    """A posture at a time.

    t  s, from one step to the whole horizon; a keyframe counts at the step that is nearest
    q  rad or m, of the coordinates that it is about; the others are free.  An angle is that of the
       coordinate itself, so that 2*pi is a turn away from 0
    """

    t: Positive
    q: Annotated[Coordinates, AfterValidator(_not_empty)]


Keyframes = Annotated[
    tuple[Keyframe, ...],
    at_most(MOST_KEYFRAMES),
    at_least_one("must be a list of at least one keyframe, such as {t: 0.5, q: {hip: 0.3}}"),
]
