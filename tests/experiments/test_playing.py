"""The simulation of a run."""

import numpy as np
import pytest
from ground_robots import FOOT, HILLS, RAISABLE

from vgps.experiments.playing import simulation_of
from vgps.experiments.run import Run
from vgps.policy.gaussian import Policy
from vgps.policy.settings import RunSettings


def still_run(model):
    nu = model.nu
    policy = Policy([0], np.zeros((1, 1)), np.zeros(1), np.zeros((nu, 1)), np.zeros(nu), [0.0] * nu)
    return Run(model, RunSettings(), (), policy, {}, None)


def test_level_ground_under_a_floating_base_can_be_raised(build_text):
    simulation = simulation_of(still_run(build_text(RAISABLE)))
    level = simulation.ground.height(0.0)
    simulation.raise_ground(-1.0, 0.05)
    for _ in range(100):
        simulation.advance()
    assert simulation.ground.height(0.0) == pytest.approx(level + 0.05, abs=simulation.ground.unit)


@pytest.mark.parametrize("height", [HILLS, None])
def test_no_other_can(cartpole, build_text, height):
    model = build_text(FOOT.replace("height: 0", f"height: {height}")) if height else cartpole
    assert simulation_of(still_run(model)).ground is None
