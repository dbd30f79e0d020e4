"""Kinematics in floating point against the symbolic ones, on random trees."""

import casadi as ca
import numpy as np
import pytest
from actuated import actuated_tree
from quick import quick_ones

from vgps.codegen.description.formulas import quantities
from vgps.codegen.description.motion import quantities_at
from vgps.codegen.mechanics.coordinates import Coordinates
from vgps.codegen.mechanics.equations_of_motion import derive


@pytest.mark.parametrize("seed", quick_ones(range(8), range(3)))
def test_quantities_are_those_of_the_mechanics(tree, seed):
    robot, _ = tree(seed)
    require_same(robot, seed)


def test_quantities_know_what_lags(tmp_path):
    robot = actuated_tree(tmp_path, 735, lagging=True)
    assert "push.u" in quantities(robot) and "wheel.force" in quantities(robot)
    require_same(robot, 735)


def require_same(robot, seed):
    c = Coordinates(robot, derive(robot))
    symbolic = c.quantities
    # What is remembered of actions is only in the state of a robot whose task names it.
    remembered = ("du", ".last_u")
    names = sorted(n for n in quantities(robot) - {"u", "t"} if not n.endswith(remembered))
    f = ca.Function("f", [c.x, c.u], [ca.vertcat(*(symbolic[name] for name in names))])
    rng = np.random.default_rng(seed)
    x, u = rng.standard_normal(robot.nx), rng.standard_normal(robot.nu)
    mine = quantities_at(robot, x.tolist(), u.tolist())
    assert set(mine) == set(names)
    expected = f(x, u).full()[:, 0]
    assert np.allclose([mine[name] for name in names], expected, rtol=1e-12, atol=1e-12)
