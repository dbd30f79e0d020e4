"""The table's numbers against a computation by hand."""

import numpy as np
from finals import FAILURES, FINALS

from vgps.experiments.aggregate import Spread, aggregate


def test_numbers_by_hand():
    table = aggregate(FINALS, FAILURES)
    assert [row[:3] for row in table] == [
        ("walker", 5, "vgps"),
        ("walker", 5, "gps"),
        ("walker", 10, "vgps"),
        ("walker", 10, "gps"),
    ]
    vgps, gps, _, lost = table
    assert (vgps.runs, vgps.failed) == (3, 0)
    assert (vgps.stochastic_succeeded, vgps.deterministic_succeeded) == (2, 3)
    assert vgps.stochastic_cost == Spread(250.0, 240.0, 300.0)
    assert vgps.deterministic_cost == Spread(125.0, 120.0, 150.0)
    assert vgps.ddp_cost == Spread(178.0, 178.0, 178.0)
    assert vgps.longer_ddp_cost == Spread(210.0, 210.0, 210.0)
    assert vgps.seconds == Spread(11.0, 10.0, 12.0)
    assert vgps.rollouts == 800
    assert (gps.runs, gps.failed, gps.stochastic_succeeded) == (3, 1, 0)
    assert gps.deterministic_succeeded == 2  # the failed one did not
    assert gps.stochastic_cost == Spread(np.inf, 1e5, np.inf)
    assert (lost.runs, lost.failed, lost.stochastic_cost, lost.rollouts) == (1, 1, None, None)
