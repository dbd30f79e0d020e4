"""What the runs of a small comparison ended with, one of them not at all."""

import numpy as np

from vgps.experiments.results import Failure, Final


def final(method, seed, stochastic, success, hidden=5):
    costs = (stochastic, stochastic / 2)
    seconds = 10.0 + seed
    return Final("walker", hidden, method, seed, *costs, success, 1.0, 178.0, 210.0, seconds, 800)


FINALS = [
    final("vgps", 0, 240.0, 0.79),
    final("gps", 0, 1e5, 0.0),
    final("vgps", 1, 250.0, 0.8),
    final("gps", 1, np.inf, 0.0),
    final("vgps", 2, 300.0, 1.0),
    final("vgps", 0, 230.0, 1.0, hidden=10),
]
FAILURES = [
    Failure("walker", 5, "gps", 2, "FloatingPointError: lost"),
    Failure("walker", 10, "gps", 0, "x"),
]
