"""One whole iLQR iteration against Crocoddyl's: expansion, backward pass, forward rollout.

Bare robots (`robots.bare_data`) float at rest under small random torques for T steps of
semi-implicit Euler, which is Crocoddyl's integrated action model on free forward dynamics, with the
same quadratic cost of all states and actions.  Neither side has box limits or regularisation.  Our
expansion also evaluates the dynamics along the trajectory; Crocoddyl's calcDiff takes that from an
earlier rollout, which is not timed.  In the forward pass both take the full step; our line search
rolls out smaller ones beside it.  Both sides are called from Python, which is a fifth of our time
for the swimmer at 200 steps.

The check is done in our coordinates, where both sides must find the same gains and the same new
trajectory.  There Crocoddyl needs an actuation model of three lines of Python, which would slow it
down.  What is timed is therefore the same robot and cost on Pinocchio's planar joint, with
Crocoddyl's own actuation of floating bases: the same numbers of states, actions and steps, and all
of it in C++.

Crocoddyl keeps 60 KB (swimmer) to 130 KB (walker) for each step, most of it Pinocchio's data.  A
trajectory of 500 steps fills a last-level cache of 32 MB, which is shared with the machine's other
work, and its time varies by a factor of more than two between runs; one of 200 steps fits into it.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.bench.agreement import require_close
from vgps.bench.robots import bare_data, compiled, robot_of
from vgps.bench.rounds import Benchmark, Peer, Side
from vgps.codegen.model import Model
from vgps.solver.backward import Gains, backward
from vgps.solver.ilqr import Settings
from vgps.solver.line_search import LineSearch
from vgps.solver.objective import Expansion, Objective, expand, task_objective

Array = NDArray[np.float64]
LENGTHS = (500, 200)  # steps
STATE_WEIGHT, ACTION_WEIGHT = 1.0, 1e-3  # of half a square, per second
TOLERANCE = 1e-7  # of the largest entry, after T steps of recursion
PLANAR_TOLERANCE = 1e-2  # of the cost: Euler steps in other coordinates


class Problem(NamedTuple):
    """What our side of an iteration starts from, and the arrays that it fills."""

    model: Model
    objective: Objective
    X: Array  # (T+1, nx)
    U: Array  # (T, nu)
    expansion: Expansion
    gains: Gains
    X_new: Array  # (T+1, nx)
    U_new: Array  # (T, nu)


def iteration_benchmark(name: str, T: int) -> Benchmark:
    """One iteration of T steps for the bare robot ``name``, s/iteration."""
    problem = _problem(name, T)
    ours = _our_side(problem)
    peer = Peer("Crocoddyl", ("crocoddyl", "pinocchio"), lambda: _crocoddyl_side(problem, ours))
    return Benchmark(f"{name}: iLQR iteration, {T} steps in flight", "s/iteration", ours, peer)


def _problem(name: str, T: int) -> Problem:
    data = bare_data(name, integrator="implicit", substeps=1)
    data["gravity"] = 0.0
    del data["task"]["initial"]
    root, joints = data["links"][0]["name"], data["joints"]
    state = [f"{root}.{part}" for part in ("x", "y", "angle", "vx", "vy", "omega")]
    state += [f"{joint['name']}.{part}" for joint in joints for part in ("q", "v")]
    squares = " + ".join(f"{quantity}**2" for quantity in state)
    half_dt = 0.5 * data["task"]["dt"]
    data["task"]["cost"] = (
        f"{half_dt * STATE_WEIGHT!r}*({squares}) + {half_dt * ACTION_WEIGHT!r}*sum(u**2)"
    )
    model = compiled(robot_of(data, f"{name}_bench_flight"))
    U = 0.01 * np.random.default_rng(0).normal(size=(T, model.nu))
    return Problem(
        model,
        task_objective(model, T),
        model.rollout(model.x0, U),
        U,
        Expansion.empty(T, model.nx, model.nu),
        Gains.zeros(T, model.nx, model.nu),
        np.empty((T + 1, model.nx)),
        np.empty((T, model.nu)),
    )


def _our_side(p: Problem) -> Side:
    linearize, steps_back = p.model.address("linearize"), p.model.address("backward")
    search, limits = LineSearch(p.model, p.objective), p.model.limits
    cost, accept = float(p.model.cost(p.X, p.U).sum()), Settings().accept

    def run(repeats: int) -> None:
        for _ in range(repeats):
            expand(linearize, p.objective, p.X, p.U, p.expansion)
            backward(steps_back, p.expansion, p.U, limits, 0.0, p.gains)
            p.X_new[:], p.U_new[:] = p.X, p.U
            search.descend(p.X_new, p.U_new, p.gains, cost, accept)

    return Side(run)


def _crocoddyl_side(p: Problem, ours: Side) -> Side:
    from vgps.bench.crocoddyl_problem import Iteration

    ours.work(1)
    same = Iteration(p.model, p.U, STATE_WEIGHT, ACTION_WEIGHT, planar=False)
    same.run(1)
    theirs = same.results()
    for what, mine in (
        ("f_x", p.expansion.f_x),
        ("f_u", p.expansion.f_u),
        ("c_x", p.expansion.c_x),
        ("c_u", p.expansion.c_u),
        ("k", p.gains.k),
        ("K", p.gains.K),
        ("the new trajectory", p.X_new[1:]),
    ):
        require_close(what, mine, theirs[what], TOLERANCE)
    timed = Iteration(p.model, p.U, STATE_WEIGHT, ACTION_WEIGHT, planar=True)
    require_close("the cost", [p.expansion.c.sum()], [timed.cost], PLANAR_TOLERANCE)
    return Side(timed.run)
