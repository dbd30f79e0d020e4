"""What was learned of the noise: how it acts on success, how much of it is left, where it leads."""

import math
from typing import Any

import numpy as np

from vgps.experiments.evaluation import Evaluated, Measured
from vgps.experiments.run import Run
from vgps.policy.rollouts import mean_rollout, run_policy
from vgps.report.console import plain
from vgps.report.motion import com_path, drawable
from vgps.report.page.columns import column

_ROLLOUTS, _POINTS = 10, 100  # whose paths are drawn, and at most so many points of each


def noise_of(run: Run, found: Evaluated | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the page says of the noise, and the paths that it draws.

    Args:
        run: Whose policy.
        found: Its final evaluation; None while it learns.

    Returns:
        kinds   of the rollouts of the evaluation: label, successes, bounds of the share that
                succeeds, cost and speed
        sigma   of each action its name, standard deviation and, as a share, beside the root of the
                mean square of the action itself
        and, for run.js, the ``x`` and ``y`` of the centre of mass in rollouts with all noise, what
        they are of the policy without any, ``learned``, and the ``step`` from value to value, s.
    """
    model, policy = run.model, run.policy
    T, rng = model.robot.task.horizon, np.random.default_rng(run.settings.seed)
    rollouts = run_policy(model, policy, _ROLLOUTS, T, rng)
    with np.errstate(invalid="ignore", over="ignore"):
        used = np.sqrt(np.nanmean(np.square(rollouts.U), axis=(0, 1)))  # (nu,)
    sigma = [
        {"name": name, "value": f"{plain(float(s))} {unit}", "share": _share(float(s), float(u))}
        for name, unit, s, u in zip(
            model.u_names, model.robot.u_units, policy.sigma, used, strict=True
        )
    ]
    stride = math.ceil((T + 1) / _POINTS)
    paths = [com_path(model, drawable(X)[::stride]) for X in rollouts.X]  # (points, 2) each
    learned = com_path(model, drawable(mean_rollout(model, policy))[::stride])
    kinds = [] if found is None else _kinds(found)
    return {"kinds": kinds, "sigma": sigma}, {
        "step": stride * model.dt,
        "learned": {axis: column(learned[:, i]) for i, axis in enumerate("xy")},
        **{axis: [column(path[:, i]) for path in paths] for i, axis in enumerate("xy")},
    }


def _share(sigma: float, used: float) -> float | None:
    return sigma / used if used > 0.0 else None


def _kinds(found: Evaluated) -> list[dict[str, Any]]:
    kinds = (
        ("without noise", found.deterministic),
        ("with its own noise", found.stochastic),
        ("with the task's noise", found.disturbed.deterministic),
        ("with both", found.disturbed.stochastic),
    )
    return [{"label": label} | _measured(kind, found.rollouts) for label, kind in kinds]


def _measured(kind: Measured, rollouts: int) -> dict[str, Any]:
    low, high = kind.success_interval
    return {
        "successes": f"{round(kind.success_rate * rollouts)} of {rollouts}",
        "rate": kind.success_rate,
        "low": low,
        "high": high,
        "cost": plain(kind.mean_cost),
        "std": plain(kind.std_cost),
        "speed": plain(kind.mean_speed),
    }
