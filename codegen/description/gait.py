"""A finite-state walking controller as a robot file describes it.

The controller is that of SIMBICON (Yin, Loken & van de Panne, SIGGRAPH 2007): a cycle of states,
each with target angles for the torso and two legs, held by proportional-derivative gains, and a
balance feedback on where the swing foot goes.
"""

from typing import Annotated, Any

from pydantic import BeforeValidator

from vgps.codegen.description.fields import Number, Pair, Part, Positive, Text, Truth, refuse


def _several(what: str) -> BeforeValidator:
    """A validator of lists that hold something."""

    def check(value: Any) -> tuple:
        if not isinstance(value, list | tuple) or not value:
            raise refuse(f"must be a list of {what}")
        return tuple(value)

    return BeforeValidator(check)


class Leg(Part):
    """The joints of a leg, and the contact points of its foot."""

    hip: Text
    knee: Text
    ankle: Text
    foot: Annotated[tuple[Text, ...], _several("points")]


class Legs(Part):
    """Both legs."""

    left: Leg
    right: Leg


class PDGains(Part):
    """Stiffness and damping, N·m/rad and N·m·s/rad, of each controlled angle."""

    torso: Pair
    hip: Pair
    knee: Pair
    ankle: Pair


class GaitState(Part):
    """Targets in rad while one leg is in stance.

    duration          s after which the next state begins; None: when the swing foot strikes
    balance           (c_d, c_v): the swing hip's target grows by c_d d + c_v v, with d the distance
                      of the centre of mass from the stance ankle (m) and v its velocity (m/s)
    torso, swing_hip  angles of torso and swing thigh against the world
    """

    left_stance: Truth
    duration: Positive | None = None
    balance: Pair
    torso: Number
    swing_hip: Number
    swing_knee: Number
    swing_ankle: Number
    stance_knee: Number
    stance_ankle: Number


class Gait(Part):
    """The controller: which link is the torso, the legs, the gains, the cycle of states."""

    torso: Text
    legs: Legs
    gains: PDGains
    states: Annotated[tuple[GaitState, ...], _several("states")]
