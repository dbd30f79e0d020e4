"""A compiled robot with its task: what it costs, when it succeeds, what a policy sees of it."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vgps.codegen.description.expression import (
    Term,
    decide,
    parse,
    split_aggregates,
    value_of,
)
from vgps.codegen.description.grammar import VECTORS
from vgps.codegen.description.robot import Robot
from vgps.codegen.emission.policy_rollouts import Arguments
from vgps.codegen.mechanism import Manifest, Mechanism, checked_array

Array = NDArray[np.float64]
_AGGREGATES: dict[str, Callable[[Array], float]] = {
    "mean": np.mean,
    "min": np.min,
    "max": np.max,
    "final": lambda values: values[-1],
}


class Model(Mechanism):
    """Dynamics, cost and success of one robot.  x = [q, v]; SI units throughout.

    Every method but `policy_rollouts` checks the shapes that it is given (ValueError) and takes
    arrays as they come, as those of a `Mechanism` do.
    """

    def __init__(self, robot: Robot, library: Path, manifest: Manifest, was_built: bool) -> None:
        super().__init__(robot, library, manifest, was_built)
        self._timed = robot.task.is_timed
        self._outer_success, self._aggregates = split_aggregates(parse(robot.task.success))

    def policy_rollouts(self, arguments: Arguments) -> None:
        """Fill the rollouts of policies that ``arguments`` describe.

        It gets addresses, so that nothing is checked here: `policy.rollouts` does that.
        """
        self._run("policy_rollouts", np.array(arguments))

    def cost(self, X: ArrayLike, U: ArrayLike) -> Array:
        """The task's cost at each step, (T,), of X (T+1 or T, nx) and U (T, nu) from time 0 on.

        The last one includes the final cost of X[T]; without that row there is none.
        """
        X, U = self._states_and_actions(X, U)
        T = len(U)
        c = self.costs(X[:T], U, self.dt * np.arange(T))
        if 0 < T < len(X):
            c[-1] += self.final_cost(X[T], T * self.dt)
        return c

    def costs(self, X: ArrayLike, U: ArrayLike, t: ArrayLike) -> Array:
        """The task's cost (N,) of N steps that have nothing to do with each other.

        They begin at X (N, nx) under U (N, nu) at the times t (N,), s; no final cost is included.
        """
        X, U = self._trajectory(X, U)
        t, c = checked_array("t", t, (len(U),)), np.empty(len(U))
        self._run("cost_batch", len(U), X, U, *self._time(t), c)
        return c

    def terms(self, X: ArrayLike, U: ArrayLike, t: ArrayLike) -> Array:
        """What the terms of the success expression aggregate, (N, number of terms).

        Of N steps as in ``costs``.
        """
        X, U = self._trajectory(X, U)
        t = checked_array("t", t, (len(U),))
        if not self._timed:
            return self._measures(X, U)[:, 1:]
        shape = (1 + len(self._aggregates),)
        measures = [
            self._call("measures", *step, shape=shape)
            for step in zip(X, U, t[:, None], strict=True)
        ]
        return np.array(measures).reshape(-1, *shape)[:, 1:]

    def final_cost(self, x: ArrayLike, t: float | None = None) -> float:
        """The final cost of the state x (nx,) at the time t, s, by default the task's end.

        It is 0 for a task that has none.
        """
        if self.robot.task.final_cost is None:
            return 0.0
        t = self.robot.task.horizon * self.dt if t is None else t
        return float(self._call("final_cost", self._x(x), *self._time(t), shape=(1,))[0])

    def cost_quantities(
        self, x: ArrayLike, u: ArrayLike, t: float = 0.0
    ) -> dict[str, float | Array]:
        """What the cost names at x (nx,), u (nu,) and t, s: its quantities and parameters."""
        return self._quantities("cost", self.robot.task.cost, t, self._x(x), self._u(u))

    def final_cost_quantities(self, x: ArrayLike, t: float) -> dict[str, float | Array]:
        """What the final cost names at x (nx,) and t, s: its quantities and parameters."""
        return self._quantities("final_cost", self.robot.task.final_cost or "", t, self._x(x))

    def observation(self, x: ArrayLike, t: ArrayLike = 0.0) -> Array:
        """What the expressions of task.observe give (..., n) at states x (..., nx) and times t, s.

        The times are of any shape that is broadcast to that of the states, without their last axis.
        """
        return self._observed("observation", x, t)[0]

    def observation_jacobian(self, x: ArrayLike, t: ArrayLike = 0.0) -> Array:
        """The derivatives (..., n, nx) of ``observation`` by x."""
        return self._observed("observation_jacobian", x, t, self.nx)[1]

    def speed(self, X: ArrayLike, U: ArrayLike) -> Array:
        """Horizontal velocity of the centre of mass at each step, (T,) m/s."""
        return self._measures(X, U)[:, 0]

    def success(self, X: ArrayLike, U: ArrayLike) -> bool:
        """Whether a rollout meets the success expression of the robot's file."""
        return decide(self._outer_success, self.aggregates(X, U), self.robot.parameters)

    def aggregates(self, X: ArrayLike, U: ArrayLike) -> list[float]:
        """Of a rollout, the terms over time of the success expression, in order of appearance."""
        measures = self._measures(X, U)[:, 1:]  # (T, number of aggregates)
        return [
            float(_AGGREGATES[term.aggregate](measures[-self._steps_of(term, len(measures)) :, i]))
            for i, term in enumerate(self._aggregates)
        ]

    @property
    def x0(self) -> Array:
        """Mean of the first initial state, (nx,)."""
        return self.x0s[0]

    @property
    def x0s(self) -> Array:
        """Means of all S initial states, (S, nx)."""
        return np.array(self.robot.initial_states)

    @property
    def initial_covariances(self) -> Array:
        """Of the state at step 0 around each of the S initial states, (S, nx, nx)."""
        return np.array([np.diag(np.square(each)) for each in self.robot.initial_deviations])

    @property
    def marginal_covariances(self) -> Array:
        """Sigma_f (S, nx, nx), what each step adds to the state marginals from an initial state.

        As the robot's file says, or else that of the process noise: a force counts as white noise
        that spreads the velocity as much in the long run, at the initial posture.
        """
        return np.array([self._marginal_covariance(x0[: self.nq]) for x0 in self.x0s])

    @property
    def force_memory(self) -> float:
        """Correlation of the random forces of one step with those of the step before."""
        bandwidth = self.robot.task.process_noise.bandwidth
        return 0.0 if bandwidth is None else math.exp(-2.0 * math.pi * bandwidth * self.dt)

    def _marginal_covariance(self, q: Array) -> Array:
        """Sigma_f (nx, nx), where it depends on a posture with this one."""
        given = self.robot.marginal_deviation
        if given is not None:
            return np.diag(np.square(given))
        Sigma_f = np.diag(np.square(self.robot.process_deviation))
        force = np.array(self.robot.force_deviation)
        if force.any():
            jumps = np.array([self.velocity_jump(q, p) for p in np.diag(force * self.dt)])
            a = self.force_memory
            Sigma_f[self.nq :, self.nq :] += (1.0 + a) / (1.0 - a) * jumps.T @ jumps
        return Sigma_f

    def _steps_of(self, term: Term, T: int) -> int:
        """How many of the last of T steps a term of success is about: at least one."""
        if term.last is None:
            return T
        steps = value_of(term.last, self.robot.parameters) / self.dt
        return max(1, round(min(steps, T)))

    def _quantities(
        self, function: str, text: str, t: float, *inputs: Array
    ) -> dict[str, float | Array]:
        """The numbers of FUNCTION_quantities by the names in its expression ``text``."""
        sizes = {name: self.nu if name in VECTORS else 1 for name in sorted(parse(text).names)}
        numbers = self._call(
            f"{function}_quantities", *inputs, *self._time(t), shape=(sum(sizes.values()),)
        )
        parts = np.split(numbers, np.cumsum(list(sizes.values()))[:-1])
        return {
            name: part if name in VECTORS else float(part[0])
            for name, part in zip(sizes, parts, strict=True)
        }

    def _observed(self, function: str, x: ArrayLike, t: ArrayLike, *columns: int) -> list[Array]:
        """All that an observation function fills in, for states of any number of axes."""
        states = np.ascontiguousarray(x, dtype=np.float64)
        if states.shape[-1:] != (self.nx,):
            raise ValueError(f"x must have shape (..., {self.nx}), found {states.shape}")
        if not (n := len(self.robot.task.expressions)):
            raise ValueError(f"task.observe of {self.robot.name} lists no expressions")
        shape = states.shape[:-1]
        times = np.ascontiguousarray(np.broadcast_to(t, shape), dtype=np.float64)
        filled = [np.empty((*shape, n)), *(np.empty((*shape, n, width)) for width in columns)]
        self._run(f"{function}_batch", times.size, states, times, *filled)
        return filled

    def _time(self, t: ArrayLike) -> tuple[Array, ...]:
        """The argument t of functions of expressions, where one of the task names it."""
        return (np.array(t, dtype=np.float64),) if self._timed else ()

    def _measures(self, X: ArrayLike, U: ArrayLike) -> Array:
        X, U = self._trajectory(X, U)
        measures = np.empty((len(U), 1 + len(self._aggregates)))
        self._run("measures_along", len(U), X, U, measures)
        return measures
