"""What the player of a run shows: the policy beside the trajectory that learning began with."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vgps.experiments.run import Run
from vgps.policy.rollouts import run_policy_from
from vgps.report.motion import drawable
from vgps.report.page.columns import column
from vgps.report.page.scene import ground_of, motion_of, scene_of

Array = NDArray[np.float64]
_FRAMES, _RATE = 250, 50.0  # at most so many of a motion, and in a second
_AROUND = 3.0  # m of ground before and after a motion


def motions_of(run: Run) -> dict[str, Any]:
    """Scene, motions, states and actions, for player.js.

    The policy acts without noise from the mean of the first initial state; the second motion is the
    initial trajectory from there.  One that diverges is shown up to the step where it does.
    """
    model, first = run.model, run.trajectory
    no_noise = np.zeros((1, model.robot.task.horizon, model.nu))
    learned = run_policy_from(model, run.policy, model.x0[None], no_noise)
    pairs = [(drawable(X), U) for X, U in ((learned.X[0], learned.U[0]), (first.X, first.U))]
    longest = max(len(X) for X, _ in pairs)
    stride = max(math.ceil(longest / _FRAMES), round(1.0 / (_RATE * model.dt)), 1)
    scene, robot = scene_of(model), model.robot
    places = np.concatenate([X[:, 0] for X, _ in pairs]) if scene["follows"] else np.zeros(1)
    scene["ground"] = ground_of(robot, places.min() - _AROUND, places.max() + _AROUND)
    states = [X[::stride] for X, _ in pairs]
    # Where nothing but the start is left, the action that led away from it is shown all the same.
    actions = [U[: max(len(X) - 1, 1) : stride] for X, U in pairs]
    return {
        "scene": scene,
        "motions": [motion_of(model, X, stride, scene["unit"]) for X, _ in pairs],
        "states": _columns(robot.x_names, robot.x_units, states),
        "actions": _columns(robot.u_names, robot.u_units, actions),
    }


def _columns(
    names: tuple[str, ...], units: tuple[str, ...], motions: list[Array]
) -> list[dict[str, Any]]:
    """Of each quantity its name, its unit and a column for each motion (frames, quantities)."""
    return [
        {"name": name, "unit": unit, "columns": [column(motion[:, i]) for motion in motions]}
        for i, (name, unit) in enumerate(zip(names, units, strict=True))
        if unit  # nothing depends on one without
    ]
