"""Robots under simple policies, for somebody who plays with them."""

import numpy as np

from vgps.policy.gaussian import Policy
from vgps.policy.simulation import Simulation
from vgps.report.play.player import Player


def playing(model, action=0.0, gain=0.0, ground=None):
    """A player and its simulation; each action is ``action`` plus about ``gain`` for what is seen."""
    observed = np.array(model.robot.observed_indices)
    n_in, nu = len(observed), model.nu
    policy = Policy(
        observed,
        W1=np.full((1, n_in), gain),
        b1=np.zeros(1),
        W2=np.full((nu, 1), gain),
        b2=np.full(nu, action),
        log_sigma=np.zeros(nu),
    )
    simulation = Simulation(model, policy, np.random.default_rng(0), ground)
    return Player(simulation), simulation
