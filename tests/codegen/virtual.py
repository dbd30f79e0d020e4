"""The functions of a robot without a C compiler: on CasADi's virtual machine, with NumPy arrays."""

from collections.abc import Callable

import casadi as ca
import numpy as np

from vgps.codegen.description.robot import Robot
from vgps.codegen.mechanics.function import compile_expressions
from vgps.codegen.mechanics.functions import generate

_MATRICES = {"M", "a_z", "v_z", "c_xx", "c_ux", "c_uu", "p", "J"}  # outputs, of whatever size


class Virtual:
    """The generated functions by name; each takes arrays and returns one, or a tuple of several."""

    def __init__(self, robot: Robot):
        self.robot = robot
        generated = generate(robot)
        self.casadi = {f.name: compile_expressions(f) for f in generated.functions}
        self.in_lanes_only = {f.name for f in generated.functions if f.second_order}
        self.point_names = generated.point_names

    def __getattr__(self, name: str) -> Callable:
        if name not in self.casadi:
            raise AttributeError(name)
        f = self.casadi[name]

        def call(*arguments):
            results = f.call([np.asarray(a, dtype=float) for a in arguments])
            arrays = tuple(
                result.full() if name in _MATRICES or result.size2() > 1 else result.full()[:, 0]
                for name, result in zip(f.name_out(), results, strict=True)
            )
            return arrays if len(arrays) > 1 else arrays[0]

        return call

    def step(self, x: np.ndarray, u: np.ndarray) -> np.ndarray:
        """x (nx,) after a control period, as the textbook integrates it."""
        task = self.robot.task
        substep = self._runge_kutta if task.integrator == "rk4" else self._implicit
        for _ in range(task.substeps):
            x = substep(np.asarray(x, dtype=float), u, task.dt / task.substeps)
        return x

    def rollout(self, x0: np.ndarray, U: np.ndarray) -> np.ndarray:
        """X (T+1, nx) from x0 (nx,) under U (T, nu)."""
        X = [np.asarray(x0, dtype=float)]
        for u in U:
            X.append(self.step(X[-1], u))
        return np.array(X)

    def explicit_derivatives(self, q: np.ndarray, v: np.ndarray, u: np.ndarray) -> np.ndarray:
        """d(acceleration)/d(q, v, u), (nv, nx + nu): CasADi's, of the whole expression."""
        arguments = [
            ca.SX.sym(name, len(each)) for name, each in zip("qvu", (q, v, u), strict=True)
        ]
        a = self.casadi["acceleration"](*arguments)
        derivatives = ca.Function("a_z", arguments, [ca.jacobian(a, ca.vertcat(*arguments))])
        return derivatives(q, v, u).full()

    def slope(self, x: np.ndarray, u: np.ndarray) -> np.ndarray:
        """dx/dt (nx,)."""
        q, v = np.split(x, 2)
        return np.concatenate([v, self.acceleration(q, v, u)])

    def _runge_kutta(self, x, u, h):
        k1 = self.slope(x, u)
        k2 = self.slope(x + h / 2 * k1, u)
        k3 = self.slope(x + h / 2 * k2, u)
        k4 = self.slope(x + h * k3, u)
        return x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)

    def _implicit(self, x, u, h):
        q, v = np.split(x, 2)
        v = self.velocity_update(q, v, u)  # over task.dt / task.substeps
        return np.concatenate([q + h * v, v])
