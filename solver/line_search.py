"""The line search of DDP: how far to go along the step that the backward pass found.

The sizes are 1, 1/2, ..., 2^-9; the largest is taken that achieves at least a given share of the
decrease that the quadratic model expects.  The search starts two sizes above the one taken last:
where the dynamics bend sharply many iterations in a row take the same small step.

Rollouts of four sizes run side by side in SIMD lanes, in about the time of one.  Their costs are
evaluated one after another until one is accepted, because the policy's part of the cost is
expensive.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.model import Model
from vgps.solver.backward import Gains
from vgps.solver.objective import Objective
from vgps.solver.rollout import closed_loop_rollouts, total_cost

Array = NDArray[np.float64]

_SIZES = np.array([0.5**i for i in range(10)])
_AT_ONCE = 4  # as many as the registers of most processors hold; a fifth is seldom asked for


class LineSearchStep(NamedTuple):
    """The step that a line search took."""

    size: float  # 0 where no size was accepted
    cost: float  # after it
    decrease: float  # of the cost


class LineSearch:
    """Over trajectories of one robot, judged by ``objective``."""

    def __init__(self, model: Model, objective: Objective):
        self.follow = model.address("follow")
        self.limits = model.limits
        self.objective = objective
        self.first = 0  # index of the first size to try
        T = objective.T
        self.X = np.empty((_AT_ONCE, T + 1, model.nx))
        self.U = np.empty((_AT_ONCE, T, model.nu))
        self.c = np.empty(T)

    def descend(
        self, X: Array, U: Array, gains: Gains, cost: float, accept: float
    ) -> LineSearchStep:
        """Overwrite the trajectory X (T+1, nx), U (T, nu) with a better one where there is one.

        Args:
            X: (T+1, nx) states.
            U: (T, nu) actions.
            gains: of the backward pass about them.
            cost: of the trajectory.
            accept: share of the expected decrease that is enough.
        """
        linear, quadratic = gains.expected
        for i in range(self.first, len(_SIZES)):
            lane = (i - self.first) % _AT_ONCE
            if lane == 0:
                self._roll_out(_SIZES[i : i + _AT_ONCE], X, U, gains)
            size = float(_SIZES[i])
            trial = total_cost(self.objective, self.X[lane], self.U[lane], self.c)
            expected = -(size * linear + size**2 * quadratic)
            if cost - trial > accept * expected > 0.0:
                X[:], U[:] = self.X[lane], self.U[lane]
                self.first = max(i - 2, 0)
                return LineSearchStep(size, trial, cost - trial)
        self.first = 0
        return LineSearchStep(0.0, cost, 0.0)

    def _roll_out(self, sizes: Array, X: Array, U: Array, gains: Gains) -> None:
        """Fill the first rollouts with those of ``sizes``."""
        n = len(sizes)
        x0, reference = np.repeat(X[:1], n, axis=0), (X, U, gains.k, gains.K)
        new = self.X[:n], self.U[:n]
        closed_loop_rollouts(self.follow, x0, *reference, sizes, self.limits, *new)
