"""What stands in front of what, in a plane that has no depth of its own."""

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.description.robot import Joint, Robot

Array = NDArray[np.float64]


def link_depths(robot: Robot) -> Array:
    """Depth of each link, (number of links,) in file order: 0 in front, towards 1 behind.

    Links that are alike and hang from the same place, as the thighs of a walker do, would be
    mistaken for each other.  The last of them in the file is drawn in front and the others behind
    it, each together with the links that hang from it.
    """
    links = {link.name: link for link in robot.links}

    def looks(joint: Joint) -> tuple:
        child = links[joint.child]
        return joint.parent, joint.at, child.length, child.start, child.direction

    depths = dict.fromkeys(links, 0.0)
    for joint in robot.ordered_joints:
        twins = [other.child for other in robot.joints if looks(other) == looks(joint)]
        nearness = (1 + twins.index(joint.child)) / len(twins)
        depths[joint.child] = 1.0 - nearness * (1.0 - depths.get(joint.parent, 0.0))
    return np.array(list(depths.values()))
