"""What the share of the peak is a share of."""

import numpy as np

from vgps.bench.accelerations import States, derivatives_side, derivatives_ways
from vgps.bench.robots import bare
from vgps.bench.share import in_lanes, lanes_of
from vgps.codegen.toolchain import find_toolchain


def test_in_lanes_the_results_are_those_of_the_batch():
    model = bare("swimmer")
    states = States(model)
    function, loop, _ = derivatives_ways(model)[-1]
    derivatives_side(model, function, loop, states).work(1)
    side, a, a_z = in_lanes(model, states)
    side.work(2)
    lanes = lanes_of(find_toolchain())
    np.testing.assert_array_equal(a.T, states.a[:lanes])
    np.testing.assert_array_equal(a_z.T, states.a_z[:lanes].reshape(lanes, -1))
    assert side.units == lanes
