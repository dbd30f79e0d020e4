"""Targets: places that are drawn anew for each rollout, and have no mass.

Their x and y are the last coordinates of q, with rates that are always zero.  So whatever is given
the state, such as cost and policy, knows where they are.  In the equations of motion their rows are
those of the identity, without any force; energy and centre of mass leave them out.
"""

from vgps.codegen.description.fields import Name, NonNegativePair, Pair, Part


class Target(Part):
    """A place, such as a goal, that is drawn for each rollout and stays where it is during it.

    Nothing acts on it.  Expressions name its place as that of a point: (hand.x - goal.x)**2.

    name    of the target; goal.x and goal.y are the coordinates of one that is called goal
    at      (x, y) m in the world, its mean, for which trajectories are optimised
    spread  (x, y) m, standard deviations of where it is in a rollout; absent: it is always `at`
    """

    name: Name
    at: Pair
    spread: NonNegativePair = (0.0, 0.0)
