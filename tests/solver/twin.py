"""A slow, plain twin of DDP in NumPy, written from the equations rather than from the kernels.

Cost terms are Python functions, steps and linearisations are calls of the model, linear systems go
to LAPACK, and the box-constrained quadratic is solved by trying every set of active bounds.
"""

import contextlib
import ctypes
import itertools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest

SIZES = [2.0**-i for i in range(10)]


class Derivatives(NamedTuple):
    """A cost term at one (x, u)."""

    c: float
    c_x: np.ndarray
    c_u: np.ndarray
    c_xx: np.ndarray
    c_ux: np.ndarray
    c_uu: np.ndarray


class Twin(NamedTuple):
    """A problem: the total cost of step t is ``cost(t, x, u)``, expanded by ``expand(t, x, u)``.

    Of these Gauss-Newton expansions those of the robot's own cost, times alpha, may be made exact.
    """

    model: object
    cost: Callable
    expand: Callable  # -> Derivatives
    alpha: float = 1.0


class Result(NamedTuple):
    X: np.ndarray
    U: np.ndarray
    k: np.ndarray
    K: np.ndarray
    Q_uu: np.ndarray
    V_x: np.ndarray
    V_xx: np.ndarray
    cost: float
    regularization: float
    iterations: int
    reason: str


def call_c(address, *arrays):
    """Run ``void f(double *, ...)`` at ``address``."""
    function = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * len(arrays))(address)
    function(*(array.ctypes.data for array in arrays))


def check_rollout(model, X, U):
    """X (T+1, nx) is the rollout of U (T, nu) from X[0]: in lanes bit for bit.

    And so a step at a time what the model computes outside them, to rounding.
    """
    T, again = len(U), np.full_like(X, np.nan)
    pointers = (ctypes.c_void_p(array.ctypes.data) for array in (X[0].copy(), U, again))
    model.library.robot_rollouts(ctypes.c_long(1), ctypes.c_long(T), *pointers)
    np.testing.assert_array_equal(X, again)
    for x, u, x_next in zip(X[:-1], U, X[1:], strict=True):
        scale = max(1.0, np.abs(x_next).max())
        np.testing.assert_allclose(x_next, model.step(x, u), rtol=0, atol=1e-12 * scale)


def agree(found, expected, scale=None, tolerance=1e-9):
    """Largest difference below ``tolerance`` times the largest entry (or ``scale``)."""
    scale = np.abs(expected).max() if scale is None else scale
    np.testing.assert_allclose(found, expected, rtol=0.0, atol=tolerance * scale)


def assert_same(solution, expected):
    gains = solution.gains
    assert (solution.iterations, solution.reason) == (expected.iterations, expected.reason)
    assert solution.regularization == expected.regularization
    assert solution.cost == pytest.approx(expected.cost, rel=1e-9)
    agree(solution.X, expected.X)
    agree(solution.U, expected.U)
    # k is a difference of actions and vanishes at the optimum
    agree(gains.k, expected.k, np.abs(expected.U).max() + np.abs(expected.k).max())
    agree(gains.K, expected.K)
    agree(gains.Q_uu, expected.Q_uu)
    agree(gains.V_x, expected.V_x, np.abs(expected.V_x).max() + np.abs(expected.V_xx).max())
    agree(gains.V_xx, expected.V_xx)


def task_expansion(model, x, u):
    """The robot's own cost, with the Gauss-Newton Hessian that its library defines."""
    nx, nu = model.nx, model.nu
    out = Derivatives(*(np.empty(s) for s in (1, nx, nu, (nx, nx), (nu, nx), (nu, nu))))
    call_c(model.address("cost_expansion"), np.array(x), np.array(u), *out)
    return out._replace(c=out.c[0])


def task(model, alpha=1.0):
    """alpha c(x, u)."""
    return Twin(
        model,
        lambda t, x, u: alpha * model.cost([x], [u])[0],
        lambda t, x, u: Derivatives(*(alpha * part for part in task_expansion(model, x, u))),
        alpha,
    )


def rollout(problem, X, U, k, K, size):
    """States, actions and cost of u = U + size k + K (x - X), clipped to the limits."""
    limits = problem.model.limits
    x, states, actions, total = X[0], [X[0]], [], 0.0
    for t in range(len(U)):
        u = np.clip(U[t] + size * k[t] + K[t] @ (x - X[t]), *limits)
        total += problem.cost(t, x, u)
        x = problem.model.step(x, u)
        states.append(x)
        actions.append(u)
    return np.array(states), np.array(actions), total


def box_minimum(H, g, lower, upper):
    """argmin 1/2 u^T H u + g^T u in the box, by trial of all active sets; and what is free."""
    n, best = len(g), None
    for sides in itertools.product((-1, 0, 1), repeat=n):
        free = np.array(sides) == 0
        u = np.where(np.array(sides) < 0, lower, upper)
        if not np.isfinite(u[~free]).all():
            continue
        u[free] = np.linalg.solve(
            H[np.ix_(free, free)], -g[free] - H[np.ix_(free, ~free)] @ u[~free]
        )
        if (u < lower).any() or (u > upper).any():
            continue
        value = 0.5 * u @ H @ u + g @ u
        if best is None or value < best[0]:
            best = value, u, free
    return best[1], best[2]


class NotConvex(Exception):
    pass


def left_out(problem, X, U, V_x):
    """What Gauss-Newton leaves out of the Hessian of each step, from V_x (T+1, nx)."""
    model, n = problem.model, problem.model.nx + problem.model.nu
    of_cost = model.library.robot_cost_curvature_batch
    H = []
    for t in range(len(U)):
        curvature = np.empty((n, n))
        arrays = X[t].copy(), U[t].copy(), curvature
        of_cost(ctypes.c_long(1), *(ctypes.c_void_p(array.ctypes.data) for array in arrays))
        (dynamics,) = model.hessians(X[t : t + 1], U[t : t + 1], V_x[t + 1 : t + 2])
        H.append(dynamics + problem.alpha * curvature)
    return np.array(H)


def backward(problem, X, U, mu, H=None):
    """k, K, regularised Q_uu, V_x, V_xx for each step, and the two terms of the expected change.

    The Hessians are those of Gauss-Newton and H (T, nz, nz).
    """
    model, nx = problem.model, problem.model.nx
    f_x, f_u = model.linearize(X, U)
    limits = model.limits
    V_x, V_xx = np.zeros(model.nx), np.zeros((model.nx, model.nx))
    linear = quadratic = 0.0
    steps = []
    for t in reversed(range(len(U))):
        A, B, c = f_x[t], f_u[t], problem.expand(t, X[t], U[t])
        more = np.zeros((nx + model.nu, nx + model.nu)) if H is None else H[t]
        c_xx, c_ux, c_uu = c.c_xx + more[:nx, :nx], c.c_ux + more[nx:, :nx], c.c_uu + more[nx:, nx:]
        Q_x, Q_u = c.c_x + A.T @ V_x, c.c_u + B.T @ V_x
        Q_xx, Q_ux, Q_uu = c_xx + A.T @ V_xx @ A, c_ux + B.T @ V_xx @ A, c_uu + B.T @ V_xx @ B
        V_regular = V_xx + mu * np.eye(model.nx)
        R_uu, R_ux = c_uu + B.T @ V_regular @ B, c_ux + B.T @ V_regular @ A
        if np.linalg.eigvalsh(R_uu).min() <= 0.0:
            raise NotConvex
        k, free = box_minimum(R_uu, Q_u, *(limits - U[t]))
        K = np.zeros_like(R_ux)
        K[free] = -np.linalg.solve(R_uu[np.ix_(free, free)], R_ux[free])
        linear += k @ Q_u
        quadratic += 0.5 * k @ Q_uu @ k
        # the quadratic Q(dx, du) with du = k + K dx put in
        V_x = Q_x + K.T @ Q_uu @ k + K.T @ Q_u + Q_ux.T @ k
        V_xx = Q_xx + K.T @ Q_uu @ K + K.T @ Q_ux + Q_ux.T @ K
        steps.append((k, K, R_uu, V_x, V_xx))
    return [np.array(part) for part in zip(*reversed(steps), strict=True)], linear, quadratic


class Regularization:
    """A weight, multiplied by a rate that itself grows or shrinks by ``regularization_factor``."""

    def __init__(self, settings):
        self.s, self.weight, self.rate = settings, settings.regularization_start, 1.0

    def grow(self):
        factor = self.s.regularization_factor
        self.rate = self.rate * factor if self.rate > 1.0 else factor
        self.weight = max(self.weight * self.rate, self.s.regularization_min)

    def shrink(self):
        factor = self.s.regularization_factor
        self.rate = self.rate / factor if self.rate < 1.0 else 1.0 / factor
        self.weight *= self.rate
        if self.weight <= self.s.regularization_min:
            self.weight = 0.0

    def backward(self, problem, X, U):
        while self.weight <= self.s.regularization_max:
            try:
                return backward(problem, X, U, self.weight)
            except NotConvex:
                self.grow()
        return None


def ilqr(problem, x0, U, settings):
    """The algorithm of solver/ilqr.py."""
    model, U = problem.model, np.array(U, dtype=float)
    still = np.zeros((len(U), model.nu)), np.zeros((len(U), model.nu, model.nx))
    start = np.tile(x0, (len(U) + 1, 1))
    X, U, cost = rollout(problem, start, U, *still, 0.0)
    regularization, first = Regularization(settings), 0
    reason, done = "iterations", 0
    pause = next_trial = 0
    for iteration in range(1, settings.max_iterations + 1):
        done = iteration
        found = regularization.backward(problem, X, U)
        if found is None:
            reason = "regularization"
            break
        ((k, K, _, V_x, _), linear, quadratic), exact = found, False
        trial_is_due = iteration > next_trial
        tried = trial_is_due or -linear - quadratic < settings.cost_tolerance
        tried &= settings.second_order
        if tried:
            H = left_out(problem, X, U, np.vstack([V_x, np.zeros(model.nx)]))
            with contextlib.suppress(NotConvex):
                (k_2, K_2, *_), l_2, q_2 = backward(problem, X, U, regularization.weight, H)
                if exact := l_2 + q_2 < 0.0:
                    k, K, linear, quadratic = k_2, K_2, l_2, q_2
        weight = regularization.weight
        small = -linear - quadratic < settings.cost_tolerance
        if small and weight <= (0.0 if settings.second_order else settings.regularization_start):
            reason = "stationary"
            break
        decrease, size = None, 0.0
        for trial_size in SIZES[first:]:
            X_new, U_new, trial = rollout(problem, X, U, k, K, trial_size)
            expected = -(trial_size * linear + trial_size**2 * quadratic)
            if expected > 0.0 and cost - trial > settings.accept * expected:
                decrease, size = cost - trial, trial_size
                break
        if tried:
            pause = 0 if exact and size > 0.125 else min(max(1, 2 * pause), 8)
            next_trial = iteration + pause
        if decrease is None:
            first = 0
            if small and settings.second_order:
                reason = "stationary"
                break
            regularization.grow()
            continue
        X, U, cost = X_new, U_new, trial
        first = max(SIZES.index(size) - 2, 0)
        if size < 0.125:
            regularization.grow()
        if size > 0.125:
            regularization.shrink()
            if decrease < settings.cost_tolerance:
                conclusive = weight == 0.0 and tried and not (exact and size < 1.0)
                if conclusive or not settings.second_order:
                    reason = "converged"
                    break
                next_trial = 0
    regularization = Regularization(settings._replace(regularization_start=0.0))
    (k, K, Q_uu, V_x, V_xx), _, _ = regularization.backward(problem, X, U)
    return Result(X, U, k, K, Q_uu, V_x, V_xx, cost, regularization.weight, done, reason)


def gradient(problem, x0, U):
    """Total cost of the actions alone (single shooting) and its gradient, by the chain rule."""
    model = problem.model
    X = model.rollout(x0, U)
    f_x, f_u = model.linearize(X, U)
    total, slope, adjoint = 0.0, np.empty_like(U), np.zeros(model.nx)
    for t in reversed(range(len(U))):
        c = problem.expand(t, X[t], U[t])
        total += c.c
        slope[t] = c.c_u + f_u[t].T @ adjoint
        adjoint = c.c_x + f_x[t].T @ adjoint
    return total, slope
