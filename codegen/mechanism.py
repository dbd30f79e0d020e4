"""The mechanics of a compiled robot: NumPy in, NumPy out, and addresses for Numba kernels."""

import ctypes
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from typing_extensions import TypedDict  # pydantic's, before Python 3.12

from vgps.codegen.description.robot import Robot

Array = NDArray[np.float64]


class Manifest(TypedDict):
    """What the build of a robot recorded."""

    robot: str
    seconds: dict[str, float]  # of each stage
    operations: dict[str, int]  # of each function
    points: list[str]  # names of what `Model.points` computes
    sha256: str  # of the library and of all this


class Mechanism:
    """Dynamics and geometry of one robot, whatever its task.  x = [q, v]; SI units throughout.

    Every method checks the shapes that it is given (ValueError) and takes arrays as they come:
    lists, integers, any memory order.

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
        p = checked_array("p", p, (self.nv,))
        return self._call("velocity_jump", self._q(q), p, no_action, shape=(self.nv,))

    def velocity_jumps(self, Q: ArrayLike, P: ArrayLike) -> Array:
        """``velocity_jump`` of N impulses P (N, nv) at Q (N, nq), side by side: (N, nv)."""
        Q, P = checked_array("Q", Q, (None, self.nq)), checked_array("P", P, (None, self.nv))
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
        U = checked_array("U", U, (None, self.nu))
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
        X, U = checked_array("X", X, (None, self.nx)), checked_array("U", U, (None, self.nu))
        if len(X) != len(U):
            raise ValueError(f"X has {len(X)} states for {len(U)} actions")
        X_next = np.empty_like(X)
        self._run("step_batch", len(U), X, U, X_next)
        return X_next

    def linearize(self, X: ArrayLike, U: ArrayLike) -> tuple[Array, Array]:
        """f_x (T, nx, nx) and f_u (T, nx, nu) of ``step`` at X (T or T+1, nx), U (T, nu)."""
        X, U = self._trajectory(X, U)
        f_x = np.empty((len(U), self.nx, self.nx))
        f_u = np.empty((len(U), self.nx, self.nu))
        self._run("linearize", len(U), X, U, f_x, f_u)
        return f_x, f_u

    def hessians(self, X: ArrayLike, U: ArrayLike, P: ArrayLike) -> Array:
        """p_t^T f_zz (T, nx+nu, nx+nu), z = (x, u), of ``step`` at X (T or T+1, nx), U (T, nu).

        P (T, nx) has the multipliers p_t.
        """
        X, U = self._trajectory(X, U)
        P = checked_array("P", P, (len(U), self.nx))
        H = np.empty((len(U), self.nx + self.nu, self.nx + self.nu))
        self._run("step_hessians", len(U), X, U, P, H)
        return H

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
    def limits(self) -> Array:
        """Least and largest actions, (2, nu); -inf and inf where the file sets none."""
        return np.array(self.robot.action_limits)

    def _q(self, q: ArrayLike) -> Array:
        return checked_array("q", q, (self.nq,))

    def _v(self, v: ArrayLike) -> Array:
        return checked_array("v", v, (self.nv,))

    def _u(self, u: ArrayLike) -> Array:
        return checked_array("u", u, (self.nu,))

    def _x(self, x: ArrayLike) -> Array:
        return checked_array("x", x, (self.nx,))

    def _trajectory(self, X: ArrayLike, U: ArrayLike) -> tuple[Array, Array]:
        X, U = self._states_and_actions(X, U)
        return X[: len(U)], U

    def _states_and_actions(self, X: ArrayLike, U: ArrayLike) -> tuple[Array, Array]:
        X, U = checked_array("X", X, (None, self.nx)), checked_array("U", U, (None, self.nu))
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


def checked_array(name: str, value: ArrayLike, shape: tuple[int | None, ...]) -> Array:
    """``value`` as contiguous doubles of ``shape``, where None stands for any length."""
    array = np.ascontiguousarray(value, dtype=np.float64)
    fits = array.ndim == len(shape) and all(
        want in (None, n) for want, n in zip(shape, array.shape, strict=True)
    )
    if not fits:
        wanted = ", ".join("T" if n is None else str(n) for n in shape)
        raise ValueError(f"{name} must have shape ({wanted}), found {array.shape}")
    return array
