"""A finite-state walking controller as a robot file describes it.

The controller is that of SIMBICON (Yin, Loken & van de Panne, SIGGRAPH 2007): a cycle of states,
each with target angles for the torso and two legs, held by proportional-derivative gains, and a
balance feedback on where the swing foot goes.
"""

from typing import Annotated, Any

from pydantic import ConfigDict

from vgps.codegen.description.check import Check
from vgps.codegen.description.fields import Number, Pair, Part, Positive, Text, Truth, refuse


def _several(what: str) -> Check:
    """A validator of lists that hold something."""

    def check(value: Any) -> tuple:
        if not isinstance(value, list | tuple) or not value:
            raise refuse(f"must be a list of {what}")
        return tuple(value)

    return Check(check, minItems=1)


class Leg(Part):
    """The joints of a leg, and the contact points of its foot.

    hip    name of the joint between torso and thigh
    knee   name of the joint between thigh and shank
    ankle  name of the joint between shank and foot
    foot   names of the foot's contact points
    """

    hip: Text
    knee: Text
    ankle: Text
    foot: Annotated[tuple[Text, ...], _several("points")]


class Legs(Part):
    """Both legs.

    left   the leg that is in stance where `left_stance` is true
    right  the other
    """

    # A file that is mirrored gives one leg.
    model_config = ConfigDict(json_schema_extra={"required": []})

    left: Leg
    right: Leg


class PDGains(Part):
    """Stiffness and damping, N·m/rad and N·m·s/rad, of each controlled angle.

    torso  of the torso's angle against the world
    hip    of the swing thigh's angle against the world
    knee   of both knees
    ankle  of both ankles
    """

    torso: Pair
    hip: Pair
    knee: Pair
    ankle: Pair


class GaitState(Part):
    """Targets in rad while one leg is in stance.

    left_stance   whether that is the left leg
    duration      s after which the next state begins; absent: when the swing foot strikes
    balance       rad/m and rad·s/m, (c_d, c_v): the swing hip's target grows by c_d d + c_v v, with
                  d the distance of the centre of mass from the stance ankle (m) and v its velocity
    torso         rad, of the torso against the world
    swing_hip     rad, of the swing thigh against the world
    swing_knee    rad, of the joint
    swing_ankle   rad, of the joint
    stance_knee   rad, of the joint
    stance_ankle  rad, of the joint
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
    """The walking controller.

    torso   name of the link that is held upright
    legs    the joints and the feet
    gains   of the angles that are controlled
    states  the cycle, in order
    """

    torso: Text
    legs: Legs
    gains: PDGains
    states: Annotated[tuple[GaitState, ...], _several("states")]
