"""How far iLQR goes along a step: sizes are halved until one will do."""

import numpy as np
import pytest
from python_term import python_term

from vgps.solver.backward import Gains
from vgps.solver.ilqr import Reason, Settings, ilqr
from vgps.solver.line_search import LineSearch
from vgps.solver.objective import task_objective, with_extra
from vgps.solver.rollout import rollout


def barrier(nx, nu, T, size):
    """-log(size - u^2), NaN outside."""

    def value(x, u):
        with np.errstate(invalid="ignore"):
            return -np.log(size - u**2).sum()

    def expansion(x, u):
        gap = size - u**2
        zeros = np.zeros((nx, nx)), np.zeros((nu, nx))
        curvature = np.diag(2.0 / gap + (2.0 * u / gap) ** 2)
        return value(x, u), np.zeros(nx), 2.0 * u / gap, *zeros, curvature

    return python_term(value, expansion, nx, nu, T)


@pytest.mark.parametrize(
    ("stretch", "largest", "smallest"), [(5.0, 0.5, 2.0**-7), (1000.0, 2.0**-8, 2.0**-9)]
)
def test_trial_steps_that_are_not_finite_are_backed_off(springs, stretch, largest, smallest):
    """The full step leaves the domain of the cost; the search halves it until it is inside.

    Also beyond the four sizes that are rolled out together.
    """
    T, nx, nu, records = 10, springs.nx, springs.nu, []
    term, _keep = barrier(nx, nu, T, 0.3)
    x0, U = np.array([stretch, -stretch, 0.0, 0.0]), np.zeros((T, nu))
    objective = with_extra(task_objective(springs, T), term)
    solution = ilqr(springs, objective, x0, U, Settings(regularization_start=0.0), records.append)
    assert smallest <= records[0].step_size <= largest
    assert all(np.isfinite(r.cost) for r in records)
    assert solution.reason in (Reason.CONVERGED, Reason.STATIONARY)
    assert 0.4 < np.abs(solution.U).max() < 0.3**0.5


def test_search_starts_two_sizes_above_the_last(springs):
    """Though larger ones would do; and from the full step again after none did."""
    T, nx, nu = 4, springs.nx, springs.nu
    term, _keep = python_term(
        lambda x, u: -u.sum() if np.abs(u).max() < 0.5 else np.nan, None, nx, nu, T
    )
    objective = with_extra(task_objective(springs, T, 0.0), term)
    search, gains = LineSearch(springs, objective), Gains.zeros(T, nx, nu)
    gains.expected[0] = -1e-3

    def size_of(push):
        gains.k[:] = push
        X, U, cost = rollout(springs, objective, springs.x0, np.zeros((T, nu)))
        return search.descend(X, U, gains, cost, 1e-4).size

    assert size_of(0.4) == 1.0
    assert size_of(20.0) == 2.0**-6
    assert size_of(0.4) == 2.0**-4
    assert size_of(-0.4) == 0.0
    assert size_of(0.4) == 1.0
