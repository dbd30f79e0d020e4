"""An objective at one step and along a trajectory, and its derivatives the slow way."""

import numpy as np

from vgps.solver.objective import Expansion, costs, expand


def evaluate(objective, t, x, u):
    """c_bar_t(x, u), from a trajectory that stays there."""
    c = np.empty(objective.T)
    costs(objective, np.tile(x, (objective.T, 1)), np.tile(u, (objective.T, 1)), c)
    return c[t]


def expansion_along(model, objective, X, U):
    into = Expansion.empty(len(U), model.nx, model.nu)
    expand(model.address("linearize"), objective, X, U, into)
    assert all(np.isfinite(part).all() for part in into)
    return into


def differences(function, z, h=1e-5):
    """Central differences of a scalar function."""
    return np.array([(function(z + h * e) - function(z - h * e)) / (2 * h) for e in np.eye(len(z))])
