"""Whether two runs are the same to the bit."""

import numpy as np


def assert_same(run, other):
    np.testing.assert_array_equal(run.policy.theta, other.policy.theta)
    np.testing.assert_array_equal(run.trajectory.X, other.trajectory.X)
    assert run.metrics.keys() == other.metrics.keys()
    for name, column in run.metrics.items():
        if name != "seconds":
            np.testing.assert_array_equal(column, other.metrics[name], err_msg=name)
