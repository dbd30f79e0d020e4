"""L-BFGS on the M-step's objective against SciPy's L-BFGS-B.

The problem is that of a swimmer's first M-step: states and actions of q around an optimised
trajectory, 5 hidden units, several random networks to start from.  From each start both optimisers
run for as many iterations as an M-step allows; the higher of their two final values is the target.
What is compared is the work until an evaluation reaches the target: seconds, and number of
evaluations, summed over the starts.  Both remember the same number of pairs, and no tolerance stops
either.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from vgps.bench.robots import whole
from vgps.bench.rounds import Benchmark, Peer, Row, Side, row
from vgps.policy.bound import ClosedFormBound
from vgps.policy.mstep import FitSettings, draws_of
from vgps.policy.observation import observation_of
from vgps.policy.optimizers import lbfgs
from vgps.policy.scaling import Scaling
from vgps.policy.search import initial_trajectories, search_settings
from vgps.policy.settings import RunSettings
from vgps.policy.state import distributions

HIDDEN, STARTS, MEMORY = 5, 8, 10
ITERATIONS = FitSettings._field_defaults["iterations"]
TITLE = f"swimmer: L-BFGS of {STARTS} policies"
PEER = "SciPy L-BFGS-B"

Array = NDArray[np.float64]
Objective = Callable[[Array], tuple[float, Array]]  # theta (n,) -> value, gradient (n,)
Optimiser = Callable[[Objective, Array], float]  # objective, start -> value at the end


@cache
def problem() -> tuple[ClosedFormBound, list[Array]]:
    """The objective and the thetas (n,) to start from."""
    model, rng = whole("swimmer"), np.random.default_rng(0)
    settings = search_settings(RunSettings(hidden=HIDDEN), model.robot)
    q = distributions(model, initial_trajectories(model, settings, rng))
    samples = draws_of(q, observation_of(model), settings.fit)(rng)
    scaling = Scaling.of(samples.inputs, samples.mean)
    objective = ClosedFormBound(
        scaling.inputs(samples.inputs),
        samples.mean / scaling.action,
        samples.variance / scaling.action**2,
        HIDDEN,
    )
    n_in, nu = samples.inputs.shape[1], model.nu
    sizes = (HIDDEN * n_in, HIDDEN, nu * HIDDEN, nu, nu)  # W1, b1, W2, b2, log sigma
    scales = (1 / np.sqrt(n_in), 1.0, 1 / np.sqrt(HIDDEN), 0.0, 0.0)
    starts = [
        np.concatenate([s * rng.standard_normal(n) for n, s in zip(sizes, scales, strict=True)])
        for _ in range(STARTS)
    ]
    return objective, starts


def fit_benchmark() -> Benchmark:
    """Seconds to the targets, for all starts."""
    targets = _targets()
    ours = Side(lambda repeats: [_evaluations(_ours, targets) for _ in range(repeats)])

    def prepare() -> Side:
        import scipy  # noqa: F401  a missing peer must be noticed here

        return Side(lambda repeats: [_evaluations(_scipy, targets) for _ in range(repeats)])

    return Benchmark(f"{TITLE}, time", "s", ours, Peer(PEER, ("scipy",), prepare))


def evaluations_row() -> Row:
    """Evaluations to the targets, for all starts: the same in every round."""
    name, unit, targets = f"{TITLE}, evaluations", "evaluations", _targets()
    ours = float(_evaluations(_ours, targets))
    try:
        theirs = float(_evaluations(_scipy, targets))
    except ModuleNotFoundError:
        return Row(name, ours, None, f"{PEER}: not installed", unit, None, None, None)
    return row(name, unit, PEER, [ours], [theirs])


def _ours(objective: Objective, theta: Array) -> float:
    return lbfgs.minimize(objective, theta, ITERATIONS, 0.0, 0.0, MEMORY).value


def _scipy(objective: Objective, theta: Array) -> float:
    from scipy.optimize import minimize

    options = {"maxiter": ITERATIONS, "maxcor": MEMORY, "ftol": 0.0, "gtol": 0.0}
    return minimize(objective, theta, jac=True, method="L-BFGS-B", options=options).fun


@cache
def _targets() -> list[float]:
    """For each start the value that both optimisers reach, or ours does where SciPy is missing."""
    objective, starts = problem()
    targets = [_ours(objective, theta) for theta in starts]
    try:
        ends = [_scipy(objective, theta) for theta in starts]
    except ModuleNotFoundError:
        return targets
    return [max(pair) for pair in zip(targets, ends, strict=True)]


class _Reached(Exception):
    """Raised by the objective, to leave the optimiser, when the target is reached."""


def _evaluations(optimise: Optimiser, targets: list[float]) -> int:
    """Number of evaluations until every start's target is reached."""
    objective, starts = problem()
    count = 0
    for theta, target in zip(starts, targets, strict=True):

        def until(theta: Array, target: float = target) -> tuple[float, Array]:
            nonlocal count
            count += 1
            value, gradient = objective(theta)
            if value <= target:
                raise _Reached
            return value, gradient

        try:
            optimise(until, theta)
        except _Reached:
            continue
        raise AssertionError("an optimiser did not return to the value that it had reached")
    return count
