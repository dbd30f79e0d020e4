"""A small imitation problem, as the search methods meet it: follow a noisy teacher by a policy."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from vgps.policy.gaussian import Policy


class Imitation(NamedTuple):
    Z: np.ndarray  # (N, n_in) what the policy observes
    mu_q: np.ndarray  # (N, nu)
    var_q: np.ndarray  # (N, nu)
    n_hidden: int
    start: np.ndarray  # (n_weights + nu,)


def random_policy(rng, n_in=4, n_hidden=3, nu=2, observed=None):
    return Policy(
        observed=np.arange(n_in) if observed is None else observed,
        W1=rng.normal(size=(n_hidden, n_in)) / np.sqrt(n_in),
        b1=rng.normal(size=n_hidden),
        W2=rng.normal(size=(nu, n_hidden)),
        b2=rng.normal(size=nu),
        log_sigma=0.3 * rng.normal(size=nu),
    )


def imitation_problem(rng):
    """A teacher of the policy's own form with small errors of its own, and a start near it.

    Its units bend sharply and its outputs are large against the errors, so that an optimiser has a
    clear optimum to find.
    """
    N, n_in, n_hidden, nu = 400, 4, 3, 2
    teacher = random_policy(rng, n_in, n_hidden, nu)
    teacher = replace(
        teacher, W1=3.0 * teacher.W1, W2=3.0 * teacher.W2, log_sigma=teacher.log_sigma - 1.0
    )
    Z = rng.normal(size=(N, n_in))
    mu_q = teacher.sample(Z, rng)
    var_q = rng.uniform(0.05, 0.5, size=(N, nu))
    start = teacher.theta + 0.3 * rng.normal(size=teacher.theta.size)
    return Imitation(Z, mu_q, var_q, n_hidden, start)
