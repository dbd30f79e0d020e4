"""A robot's task as a nonlinear program of multiple shooting, for the solvers of CasADi's wheel.

    min_w  sum_t c(x_t, u_t)     subject to  x_{t+1} = f(x_t, u_t),  low <= u_t <= high,  x_0 given

w = (x_0, u_0, x_1, u_1, ..., x_T), in the order in which fatrop wants the stages.  f and c are our
own expressions, f the same discrete step.  CasADi makes the derivatives, Hessian of the Lagrangian
included, and C of all functions, which is compiled as our robots are.  That is the fastest way: for
the swing-up fatrop then takes 0.18 s, and as much with -O2; 0.44 s with all steps expanded into one
expression on CasADi's virtual machine, and 0.82 s with a map of steps on it.  Compilation is not
timed on either side.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import casadi as ca
import numpy as np
from numpy.typing import NDArray

from vgps.bench.agreement import require_close
from vgps.bench.robots import folder
from vgps.codegen.mechanics.function import compile_expressions
from vgps.codegen.mechanics.functions import generate
from vgps.codegen.model import Model
from vgps.codegen.toolchain import find_toolchain

Array = NDArray[np.float64]

MOST = 1000  # iterations
STEP_TOLERANCE = 1e-9  # of the largest entry of a step


class Found(NamedTuple):
    """What a solver has reached after some iterations."""

    U: Array  # (T, nu)
    cost: float
    gap: float  # the largest violation of the dynamics, in units of the state
    iterations: int


class Shooting:
    """The program of a robot, begun from the rollout of U (T, nu)."""

    def __init__(self, model: Model, U: Array) -> None:
        """State the program.

        Raises:
            Disagreement: where its step is not ours.
        """
        self._model, self._T = model, len(U)
        T, nx, n = len(U), model.nx, model.nx + model.nu
        step, cost = discrete_step(model), _function(model, "cost")
        _require_same_step(model, step, U)
        w = ca.MX.sym("w", n * T + nx)
        stages = ca.reshape(w[: n * T], n, T)
        X, following = stages[:nx, :], ca.horzcat(stages[:nx, 1:], w[n * T :])
        gaps = following - step.map(T)(X, stages[nx:, :])  # (nx, T)
        total = ca.sum2(cost.map(T)(X, stages[nx:, :]))
        self._program = {"x": w, "f": total, "g": ca.vec(gaps)}
        low, high = model.limits
        free = np.full((T, nx), np.inf)
        first = np.vstack([model.x0, free[1:]])  # x_0 is given, the other states are free
        self._at: dict[str, Any] = {
            "x0": self._packed(model.rollout(model.x0, U), U),
            "lbx": self._packed(np.vstack([model.x0, -free]), np.tile(low, (T, 1))),
            "ubx": self._packed(np.vstack([first, free[:1]]), np.tile(high, (T, 1))),
            "lbg": 0.0,
            "ubg": 0.0,
        }
        self._libraries: dict[str, str] = {}

    def solver(self, name: str, iterations: int = MOST) -> Callable[[], Found]:
        """A call that solves the program from the start, for at most so many iterations.

        Raises:
            ModuleNotFoundError: where CasADi has no such solver.
        """
        if not ca.has_nlpsol(name):
            raise ModuleNotFoundError(f"CasADi has no {name}", name=name)
        if name not in self._libraries:
            self._libraries[name] = self._compiled(name)
        solve = ca.nlpsol(name, name, self._libraries[name], self._options(name, iterations))

        def run() -> Found:
            result = solve(**self._at)
            stages = np.array(result["x"]).ravel()[: -self._model.nx].reshape(self._T, -1)
            U = stages[:, self._model.nx :]
            gap = float(np.abs(np.array(result["g"])).max())
            return Found(U, float(result["f"]), gap, solve.stats()["iter_count"])

        return run

    def _compiled(self, name: str) -> str:
        """The library with the functions that this solver asks for."""
        solve = ca.nlpsol(name, name, self._program, self._options(name, MOST))
        code = ca.CodeGenerator(f"{name}.c")
        for function in (solve.oracle(), *map(solve.get_function, solve.get_function())):
            code.add(function)
        source = Path(code.generate(f"{tempfile.mkdtemp(dir=folder())}/"))
        library = source.with_suffix(".so")
        find_toolchain().compile(source, library)
        return str(library)

    def _options(self, name: str, iterations: int) -> dict[str, Any]:
        of_solver = {"print_level": 0, "max_iter": iterations}
        if name == "ipopt":
            return {"print_time": False, name: of_solver | {"sb": "yes"}}
        equality = [True] * (self._T * self._model.nx)
        structure = {"structure_detection": "auto", "equality": equality}
        return {"print_time": False, name: of_solver} | structure

    def _packed(self, X: Array, U: Array) -> Array:
        """w (T (nx + nu) + nx,) of X (T+1, nx) and U (T, nu)."""
        return np.concatenate([np.hstack([X[:-1], U]).ravel(), X[-1]])


def discrete_step(model: Model) -> ca.Function:
    """x_{t+1} of (x, u), all substeps included."""
    task, nq = model.robot.task, model.nq
    x, u = ca.MX.sym("x", model.nx), ca.MX.sym("u", model.nu)
    h, end = task.dt / task.substeps, x
    if task.integrator == "rk4":
        acceleration = _function(model, "acceleration")

        def slope(x: ca.MX) -> ca.MX:
            return ca.vertcat(x[nq:], acceleration(x[:nq], x[nq:], u))

        for _ in range(task.substeps):
            one = slope(end)
            two = slope(end + h / 2 * one)
            three = slope(end + h / 2 * two)
            four = slope(end + h * three)
            end = end + h / 6 * (one + 2 * two + 2 * three + four)
    else:
        velocity_update = _function(model, "velocity_update")
        for _ in range(task.substeps):
            v = velocity_update(end[:nq], end[nq:], u)
            end = ca.vertcat(end[:nq] + h * v, v)
    return ca.Function("step", [x, u], [end])


def _function(model: Model, name: str) -> ca.Function:
    named = {function.name: function for function in generate(model.robot).functions}
    return compile_expressions(named[name])


def _require_same_step(model: Model, step: ca.Function, U: Array) -> None:
    X = model.rollout(model.x0, U)
    theirs = np.array(step.map(len(U))(X[:-1].T, U.T)).T
    require_close("a step", X[1:], theirs, STEP_TOLERANCE)
