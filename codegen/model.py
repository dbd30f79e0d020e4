"""A compiled robot: NumPy in, NumPy out, and the addresses that Numba kernels call."""

import ctypes
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from typing_extensions import TypedDict  # pydantic's, before Python 3.12

from vgps.codegen.description.expression import (
    Term,
    decide,
    parse,
    split_aggregates,
    value_of,
)
from vgps.codegen.description.robot import Robot
from vgps.codegen.emission.policy_rollouts import Arguments

Array = NDArray[np.float64]
_AGGREGATES: dict[str, Callable[[Array], float]] = {
    "mean": np.mean,
    "min": np.min,
    "max": np.max,
    "final": lambda values: values[-1],
}


class Manifest(TypedDict):
    """What the build of a robot recorded."""

    robot: str
    seconds: dict[str, float]  # of each stage
    operations: dict[str, int]  # of each function
    points: list[str]  # names of what `Model.points` computes
    sha256: str  # of the library and of all this


class Model:
    """Dynamics, cost and success of one robot.  x = [q, v]; SI units throughout.

    Every method but `policy_rollouts` checks the shapes that it is given (ValueError) and takes
    arrays as they come: lists, integers, any memory order.

    robot      the description
    manifest   what its build recorded (`build`)
    was_built  whether this process compiled it
    library    the loaded shared library
    """

    def __init__(self, robot: Robot, library: Path, manifest: Manifest, was_built: bool) -> None:
        self.robot = robot
        self.manifest = manifest
        self.was_built = was_built
        self.nq, self.nv, self.nx, self.nu = robot.nq, robot.nv, robot.nx, robot.nu
        self.q_names, self.u_names = robot.q_names, robot.u_names
        self.dt = robot.task.dt
        self.library = ctypes.CDLL(str(library))
        self._timed = robot.task.is_timed
        self._outer_success, self._aggregates = split_aggregates(parse(robot.task.success))

    def mass_matrix(self, q: ArrayLike) -> Array:
        """M(q), (nv, nv); rows of what moves no body are those of the identity."""
        return self._call("mass_matrix", self._q(q), shape=(self.nv, self.nv))

    def bias_force(self, q: ArrayLike, v: ArrayLike) -> Array:
        """Coriolis, centrifugal and gravity forces, (nv,): M v' + bias = everything else."""
        return self._call("bias_force", self._q(q), self._v(v), shape=(self.nv,))

    def passive_force(self, q: ArrayLike, v: ArrayLike) -> Array:
        """Drag, contact, joint springs, damping and limits, servos at a target of 0, (nv,).

        Of what lags it is the decay towards zero.
        """
        return self._call("passive_force", self._q(q), self._v(v), shape=(self.nv,))

    def contact_forces(self, q: ArrayLike, v: ArrayLike) -> dict[str, Array]:
        """Force (2,) N of the ground on each contact point, in the world's frame."""
        names = [point.name for point in self.robot.contact_points]
        if not names:
            return {}
        forces = self._call("contact_forces", self._q(q), self._v(v), shape=(len(names), 2))
        return dict(zip(names, forces, strict=True))

    def energy(self, q: ArrayLike, v: ArrayLike) -> float:
        """Kinetic plus gravitational energy, J.  Armature counts as kinetic."""
        return float(self._call("energy", self._q(q), self._v(v), shape=(1,))[0])

    def acceleration(self, q: ArrayLike, v: ArrayLike, u: ArrayLike) -> Array:
        """v' with everything included, (nv,)."""
        return self._call("acceleration", self._q(q), self._v(v), self._u(u), shape=(self.nv,))

    def accelerations(self, X: ArrayLike, U: ArrayLike) -> Array:
        """v' (N, nv) at X (N, nx), U (N, nu), of a robot whose integrator is rk4."""
        X, U = self._trajectory(X, U)
        Q, V = np.ascontiguousarray(X[:, : self.nq]), np.ascontiguousarray(X[:, self.nq :])
        a = np.empty((len(U), self.nv))
        self._run("acceleration_batch", len(U), Q, V, U, a)
        return a

    def acceleration_derivatives(self, q: ArrayLike, v: ArrayLike, u: ArrayLike) -> Array:
        """[dv'/dq  dv'/dv  dv'/du], (nv, nx + nu)."""
        a, a_z = np.empty(self.nv), np.empty((self.nv, self.nx + self.nu))
        self._run("acceleration_derivatives", self._q(q), self._v(v), self._u(u), a, a_z)
        return a_z

    def velocity_jump(self, q: ArrayLike, p: ArrayLike) -> Array:
        """M(q)^-1 p, (nv,): what the generalised impulse p (nv,), N s or N m s, does to v.

        An impulse (2,) on a point with Jacobian J is p = J^T impulse.
        """
        no_action = np.zeros(self.nu)
        p = _array("p", p, (self.nv,))
        return self._call("velocity_jump", self._q(q), p, no_action, shape=(self.nv,))

    def velocity_jumps(self, Q: ArrayLike, P: ArrayLike) -> Array:
        """``velocity_jump`` of N impulses P (N, nv) at Q (N, nq), side by side: (N, nv)."""
        Q, P = _array("Q", Q, (None, self.nq)), _array("P", P, (None, self.nv))
        if len(Q) != len(P):
            raise ValueError(f"Q has {len(Q)} postures for {len(P)} impulses")
        jumps = np.empty_like(P)
        self._run("velocity_jump_batch", len(P), Q, P, np.zeros((len(P), self.nu)), jumps)
        return jumps

    def step(self, x: ArrayLike, u: ArrayLike) -> Array:
        """State one control period dt later, (nx,)."""
        return self._call("step", self._x(x), self._u(u), shape=(self.nx,))

    def rollout(self, x0: ArrayLike, U: ArrayLike) -> Array:
        """States (T+1, nx) from x0 under U (T, nu).

        Raises:
            FloatingPointError: names the first step and coordinate that is no longer finite.
        """
        U = _array("U", U, (None, self.nu))
        X = np.empty((len(U) + 1, self.nx))
        self._run("rollout", len(U), self._x(x0), U, X)
        self.require_finite_states(X)
        return X

    def require_finite_states(self, X: Array) -> None:
        """Refuse states X (T+1, nx) with a number that is not finite.

        Raises:
            FloatingPointError: names the first step and coordinate.
        """
        faults = np.argwhere(~np.isfinite(X))
        if len(faults):
            step, i = faults[0]
            name = self.x_names[i]
            raise FloatingPointError(f"the state is no longer finite at step {step}: {name}")

    def steps(self, X: ArrayLike, U: ArrayLike) -> Array:
        """``step`` of N states X (N, nx) under U (N, nu), side by side: (N, nx)."""
        X, U = _array("X", X, (None, self.nx)), _array("U", U, (None, self.nu))
        if len(X) != len(U):
            raise ValueError(f"X has {len(X)} states for {len(U)} actions")
        X_next = np.empty_like(X)
        self._run("step_batch", len(U), X, U, X_next)
        return X_next

    def policy_rollouts(self, arguments: Arguments) -> None:
        """Fill the rollouts of policies that ``arguments`` describe.

        It gets addresses, so that nothing is checked here: `policy.rollouts` does that.
        """
        self._run("policy_rollouts", np.array(arguments))

    def linearize(self, X: ArrayLike, U: ArrayLike) -> tuple[Array, Array]:
        """f_x (T, nx, nx) and f_u (T, nx, nu) of ``step`` at X (T or T+1, nx), U (T, nu)."""
        X, U = self._trajectory(X, U)
        f_x = np.empty((len(U), self.nx, self.nx))
        f_u = np.empty((len(U), self.nx, self.nu))
        self._run("linearize", len(U), X, U, f_x, f_u)
        return f_x, f_u

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
        t, c = _array("t", t, (len(U),)), np.empty(len(U))
        self._run("cost_batch", len(U), X, U, *self._time(t), c)
        return c

    def terms(self, X: ArrayLike, U: ArrayLike, t: ArrayLike) -> Array:
        """What the terms of the success expression aggregate, (N, number of terms).

        Of N steps as in ``costs``.
        """
        X, U = self._trajectory(X, U)
        t = _array("t", t, (len(U),))
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

    def points(self, q: ArrayLike) -> dict[str, Array]:
        """Positions (2,) in metres of joints, link ends, named points and the centre of mass."""
        names = self.manifest["points"]
        return dict(
            zip(names, self._call("points", self._q(q), shape=(len(names), 2)), strict=True)
        )

    def point_jacobians(self, q: ArrayLike) -> dict[str, Array]:
        """dp/dq (2, nv) of each of ``points``: its velocity is J v, a force F (2,) on it J^T F."""
        names = self.manifest["points"]
        J = self._call("point_jacobians", self._q(q), shape=(len(names), 2, self.nv))
        return dict(zip(names, J, strict=True))

    def address(self, function: str) -> int:
        """Address of a C function of the library, for Numba kernels."""
        pointer = ctypes.cast(getattr(self.library, f"robot_{function}"), ctypes.c_void_p)
        return pointer.value or 0

    @property
    def x_names(self) -> tuple[str, ...]:
        """Names of the nx coordinates of the state (`Robot.x_names`)."""
        return self.robot.x_names

    @property
    def x0(self) -> Array:
        """Mean of the first initial state, (nx,)."""
        return self.x0s[0]

    @property
    def x0s(self) -> Array:
        """Means of all S initial states, (S, nx)."""
        return np.array(self.robot.initial_states)

    @property
    def limits(self) -> Array:
        """Least and largest actions, (2, nu); -inf and inf where the file sets none."""
        return np.array(self.robot.action_limits)

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
        sizes = {name: self.nu if name == "u" else 1 for name in sorted(parse(text).names)}
        numbers = self._call(
            f"{function}_quantities", *inputs, *self._time(t), shape=(sum(sizes.values()),)
        )
        parts = np.split(numbers, np.cumsum(list(sizes.values()))[:-1])
        return {
            name: part if name == "u" else float(part[0])
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

    def _q(self, q: ArrayLike) -> Array:
        return _array("q", q, (self.nq,))

    def _v(self, v: ArrayLike) -> Array:
        return _array("v", v, (self.nv,))

    def _u(self, u: ArrayLike) -> Array:
        return _array("u", u, (self.nu,))

    def _x(self, x: ArrayLike) -> Array:
        return _array("x", x, (self.nx,))

    def _trajectory(self, X: ArrayLike, U: ArrayLike) -> tuple[Array, Array]:
        X, U = self._states_and_actions(X, U)
        return X[: len(U)], U

    def _states_and_actions(self, X: ArrayLike, U: ArrayLike) -> tuple[Array, Array]:
        X, U = _array("X", X, (None, self.nx)), _array("U", U, (None, self.nu))
        if len(X) - len(U) not in (0, 1):
            raise ValueError(f"X has {len(X)} states for {len(U)} actions: as many or one more fit")
        return X, U

    def _call(self, function: str, *inputs: Array, shape: tuple[int, ...]) -> Array:
        out = np.empty(shape)
        self._run(function, *inputs, out)
        return out

    def _run(self, function: str, *arguments: Array | int) -> None:
        getattr(self.library, f"robot_{function}")(
            *(
                ctypes.c_long(a) if isinstance(a, int) else ctypes.c_void_p(a.ctypes.data)
                for a in arguments
            )
        )


def _array(name: str, value: ArrayLike, shape: tuple[int | None, ...]) -> Array:
    """``value`` as contiguous doubles of ``shape``, where None stands for any length."""
    array = np.ascontiguousarray(value, dtype=np.float64)
    fits = array.ndim == len(shape) and all(
        want in (None, n) for want, n in zip(shape, array.shape, strict=True)
    )
    if not fits:
        wanted = ", ".join("T" if n is None else str(n) for n in shape)
        raise ValueError(f"{name} must have shape ({wanted}), found {array.shape}")
    return array
