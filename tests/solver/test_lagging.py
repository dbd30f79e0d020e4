"""Trajectories of robots whose actuators lag."""

import numpy as np
import pytest
from uncompiled import Uncompiled

from vgps.solver.optimize import optimize
from vgps.solver.stability import stability

SLIDE = """\
name: slide
base: fixed
links: [{name: sled, mass: 1}]
joints: [{name: rail, type: prismatic, parent: world, child: sled}]
actuators: [{name: pull, joint: rail, gear: 2, lag: LAG, limits: [-4, 4]}]
task:
  dt: 0.1
  horizon: 30
  substeps: SUBSTEPS
  integrator: INTEGRATOR
  cost: 0.01*(pull.u - pull.force/2)**2 + (rail.q - 1)**2
  success: abs(final(rail.q) - 1) < 0.1
"""
INTEGRAL, FORCE = 1, 3  # in x


def text_of(lag, substeps=1, integrator="rk4"):
    text = SLIDE.replace("LAG", str(lag)).replace("SUBSTEPS", str(substeps))
    return text.replace("INTEGRATOR", integrator)


def test_feedback_is_on_the_force_that_lags_and_not_on_its_integral(build_text):
    model = build_text(text_of(0.2))
    solution = optimize(model)
    assert model.success(solution.X, solution.U)
    assert not solution.gains.K[:, :, INTEGRAL].any()
    assert solution.gains.K[:, :, FORCE].any()
    assert not solution.gains.V_x[:, INTEGRAL].any()
    assert not solution.gains.V_xx[:, INTEGRAL].any()


@pytest.mark.parametrize("lag", [0.03, 0.04])
def test_explicit_steps_that_are_too_long_for_a_lag_are_told(lag):
    """RK4 ends at 2.785 lags; what is implicit bears any."""
    model, U = Uncompiled(text_of(lag)), np.zeros((30, 1))
    found = stability(model, np.zeros((30, 4)), U)
    too_long = model.dt > 2.785 * lag
    assert found.ok is not too_long
    x0 = np.array([0.0, 0.0, 0.0, 1.0])
    grows = not abs(model.rollout(x0, U)[:, FORCE]).max() <= 1.0
    assert grows is too_long
    if too_long:
        assert found.coordinate == "pull.force"
        finer = Uncompiled(text_of(lag, found.substeps))
        assert abs(finer.rollout(x0, U)[:, FORCE]).max() <= 1.0
        implicit = Uncompiled(text_of(lag, found.implicit_substeps, "implicit"))
        assert abs(implicit.rollout(x0, U)[:, FORCE]).max() <= 1.0
