"""The profile of the ground, as points of a line."""

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.description.expression import NUMERIC_FUNCTIONS, parse
from vgps.codegen.description.grammar import ExpressionError
from vgps.codegen.description.robot import Robot

Array = NDArray[np.float64]


def ground_line(robot: Robot, x: Array) -> Array:
    """Points (n, 2) of the surface, in m, at the places x (n,); (0, 2) without ground.

    A view reaches farther than the robot, to places where the profile's expression may have no
    value; the height is NaN there.
    """
    if robot.ground is None:
        return np.empty((0, 2))
    profile = parse(robot.ground.height)

    def height(place: float) -> float:
        try:
            return profile.evaluate({**robot.parameters, "x": place}, NUMERIC_FUNCTIONS)
        except ExpressionError:
            return np.nan

    return np.array([(place, height(place)) for place in x.tolist()])
