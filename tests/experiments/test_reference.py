"""What a task costs whose horizon is not the end of everything."""

from pathlib import Path

import numpy as np
import pytest

from vgps.codegen.description.robot import load
from vgps.experiments import reference
from vgps.experiments.reference import longer_ddp_cost
from vgps.solver.optimize import optimize

CARTPOLE = Path(__file__).parents[1] / "robots" / "cartpole.yaml"


def test_it_is_that_of_the_first_horizon_of_a_longer_optimum(compiled):
    model = compiled(load("swimmer", {"task.horizon": 30}))
    X, U, *_ = optimize(model, rng=np.random.default_rng(4), horizon=45)
    assert longer_ddp_cost(model, 4) == pytest.approx(model.cost(X[:31], U[:30]).sum())


def test_a_task_that_ends_has_none(compiled):
    model = compiled(load(CARTPOLE, {"task.horizon": 30, "task.success": "final(rail.q) > 0"}))
    assert longer_ddp_cost(model, 0) is None


def test_what_diverges_has_none(compiled, monkeypatch):
    def diverge(*_, **__):
        raise FloatingPointError

    monkeypatch.setattr(reference, "watched_trajectories", diverge)
    assert longer_ddp_cost(compiled(load("swimmer", {"task.horizon": 31})), 0) is None
