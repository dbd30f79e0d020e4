"""The line search of iLQR: how far to go along the step that the backward pass found.

Sizes 1, 1/2, ..., 2^-9, of which the largest is taken that achieves at least a given share of the
decrease that the quadratic model expects.  The search starts two sizes above the one taken last:
where the dynamics bend sharply many iterations in a row take the same small step.

Rollouts of eight sizes run side by side in SIMD lanes, for about the time of one; their costs, of
which the policy's part is dear, are asked for in turn until one will do.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.model import Model
from vgps.solver.backward import Gains
from vgps.solver.objective import Objective
from vgps.solver.rollout import follow, total_cost

Array = NDArray[np.float64]

_SIZES = 0.5 ** np.arange(10)
_AT_ONCE = 8  # as many as the widest registers hold


class Step(NamedTuple):
    size: float  # 0 where none achieved enough
    cost: float  # after it
    decrease: float


class LineSearch:
    """Over trajectories of one robot, judged by ``objective``."""

    def __init__(self, model: Model, objective: Objective):
        self.rollouts = model.address("follow")
        self.limits = model.limits
        self.objective = objective
        self.first = 0
        T = objective.T
        self.X = np.empty((_AT_ONCE, T + 1, model.nx))
        self.U = np.empty((_AT_ONCE, T, model.nu))
        self.c = np.empty(T)

    def descend(self, X: Array, U: Array, gains: Gains, cost: float, accept: float) -> Step:
        """Replace the trajectory X (T+1, nx), U (T, nu) of this cost by a better one, if there is.

        ``accept`` is the share of the expected decrease that is enough.
        """
        linear, quadratic = gains.expected
        for i in range(self.first, len(_SIZES)):
            lane = (i - self.first) % _AT_ONCE
            if lane == 0:
                self._follow(_SIZES[i : i + _AT_ONCE], X, U, gains)
            size = float(_SIZES[i])
            trial = total_cost(self.objective, self.X[lane], self.U[lane], self.c)
            expected = -(size * linear + size**2 * quadratic)
            if cost - trial > accept * expected > 0.0:
                X[:], U[:] = self.X[lane], self.U[lane]
                self.first = max(i - 2, 0)
                return Step(size, trial, cost - trial)
        self.first = 0
        return Step(0.0, cost, 0.0)

    def _follow(self, sizes: Array, X: Array, U: Array, gains: Gains) -> None:
        n = len(sizes)
        about = X, U, gains.k, gains.K, sizes, self.limits
        follow(self.rollouts, np.repeat(X[:1], n, axis=0), *about, self.X[:n], self.U[:n])
