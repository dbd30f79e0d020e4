"""What the share of the peak is a share of."""

import numpy as np

from vgps.bench.accelerations import States, derivatives_side, derivatives_ways
from vgps.bench.robots import bare
from vgps.bench.share import in_lanes, lanes_of, share_rows
from vgps.codegen.toolchain import find_toolchain


def test_in_lanes_the_results_are_those_of_the_batch():
    model = bare("swimmer")
    states = States(model)
    function, loop, _ = derivatives_ways(model)[-1]
    derivatives_side(model, function, loop, states).work(1)
    side, a, a_z = in_lanes(model, states)
    side.work(2)
    lanes = lanes_of(find_toolchain())
    for mine, batch in ((a, states.a), (a_z, states.a_z)):
        # a compiler may fuse other products where it inlines the function into the batch's loop
        theirs = batch[:lanes].reshape(lanes, -1)
        rounding = 1e-12 * np.abs(theirs).max()
        np.testing.assert_allclose(mine.T, theirs, rtol=0, atol=rounding)
    assert side.units == lanes


def test_the_share_is_that_of_the_time_in_which_arithmetic_alone_would_be_done():
    for row in share_rows("swimmer", 1):
        assert row.unit == "s/state" and row.peer_name == "arithmetic at the peak"
        assert row.ratio == row.peer / row.ours
        assert 0.0 < row.ratio < 1.0
