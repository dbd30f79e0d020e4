"""The simulation of a run, for somebody who watches and pushes."""

import numpy as np

from vgps.codegen.build import build
from vgps.experiments.run import Run
from vgps.policy.raised_ground import RaisedGround, can_rise, landscape, robot_size
from vgps.policy.simulation import Simulation


def simulation_of(run: Run) -> Simulation:
    """The run's robot under its policy; where its ground can be raised, that is built as well.

    Raises:
        BuildError: where that cannot be compiled.
    """
    model, ground = run.model, None
    if can_rise(model.robot):
        ground = RaisedGround(model, build(landscape(model.robot, robot_size(model))))
    return Simulation(model, run.policy, np.random.default_rng(0), ground)
