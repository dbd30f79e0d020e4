"""How good the policy of a run is, as `evaluate --json` says it."""

import json
from collections.abc import Sequence
from math import ceil, isfinite
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, Field, ValidationError

from vgps.experiments.errors import RunFolderError
from vgps.experiments.files import read_text
from vgps.experiments.memory import of_rollouts, require_memory
from vgps.experiments.run import Run
from vgps.experiments.run_folder import EVALUATION, RunFolder
from vgps.experiments.schema import first_refusal
from vgps.policy import push
from vgps.policy.evaluation import ROLLOUTS, evaluate, require_finite_rollouts

Share = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]


class Measured(BaseModel):
    """What evaluation.json says of one kind of rollouts, as far as a page shows it."""

    mean_cost: float
    std_cost: float
    success_rate: Share
    success_interval: tuple[Share, Share]
    mean_speed: float


class Kinds(BaseModel):
    """The policy with its noise and without."""

    stochastic: Measured
    deterministic: Measured


class Evaluated(Kinds):
    """The final evaluation of a run, as far as a page shows it."""

    rollouts: int
    disturbed: Kinds  # under the task's noise


def evaluation(
    run: Run, rollouts: int | None = None, horizon: int | None = None, seed: int = 0
) -> dict[str, Any]:
    """Cost and success of the policy, with its noise and without, undisturbed and disturbed.

    Args:
        run: whose policy.
        rollouts: of each kind, from the task's initial states in turn; ROLLOUTS when absent.
        horizon: steps of a rollout; the task's when absent.
        seed: of initial states and noise.

    Raises:
        TooLargeError: when so many rollouts of so many steps do not fit into the memory.
    """
    model, rollouts = run.model, rollouts or ROLLOUTS
    steps = horizon or model.robot.task.horizon
    require_memory(f"{rollouts} rollouts of {steps} steps", of_rollouts(model, rollouts, steps))
    result = _identity(run) | {
        "iterations": int(np.count_nonzero(run.metrics["stage"] == "search")),
        "iteration": run.iteration,
        "finish": run.settings.finish,
        "horizon": steps,
        "dt": model.dt,
        "rollouts": rollouts,
        "ddp_cost": run.ddp_cost,
        "reference_cost": _reference_cost(run, steps),
    }
    kinds = {"stochastic": True, "deterministic": False}

    def summaries(disturbed: bool) -> dict[str, Any]:
        return {
            kind: evaluate(
                model, run.policy, rollouts, horizon, seed, stochastic, disturbed
            )._asdict()
            for kind, stochastic in kinds.items()
        }

    return result | summaries(disturbed=False) | {"disturbed": summaries(disturbed=True)}


def store_evaluation(folder: RunFolder, result: dict[str, Any]) -> None:
    """Write evaluation.json, of the policy that the run ended with."""
    folder.write_text(EVALUATION, json.dumps(result))


def stored_evaluation(folder: RunFolder) -> Evaluated | None:
    """What evaluation.json says; None before the run has ended.

    Raises:
        RunFolderError: when it is damaged.
    """
    path = folder.file(EVALUATION)
    if not path.exists():
        return None
    try:
        return Evaluated.model_validate_json(read_text(path))
    except ValidationError as error:
        raise RunFolderError(f"{path}: {first_refusal(error)[1]}") from None


def _reference_cost(run: Run, steps: int) -> float | None:
    """What as many steps cost the initial trajectories, whose last one may be another.

    Beyond it they are taken to go on at their mean cost of a step; None where the task ends.
    """
    model, T = run.model, run.model.robot.task.horizon
    if steps == T:
        return run.ddp_cost
    if model.robot.task.ends:
        return None
    known = min(steps, T)
    costs = [model.cost(one.X[: known + 1], one.U[:known]).sum() for one in run.trajectories]
    return float(np.mean(costs)) * steps / known


def require_finite_cost(run: Run, result: dict[str, Any]) -> None:
    """Refuse a policy whose rollouts have no finite mean cost, neither with its noise nor without.

    Args:
        run: whose policy.
        result: its `evaluation`.

    Raises:
        FloatingPointError: names the first step that is not finite, and what is not.
    """
    if any(isfinite(result[kind]["mean_cost"]) for kind in ("stochastic", "deterministic")):
        return
    failure = "no rollouts of the policy have a finite mean cost"
    try:
        require_finite_rollouts(run.model, run.policy, result["rollouts"], result["horizon"])
    except FloatingPointError as error:
        failure += f": {error}"
    raise FloatingPointError(failure)


def pushes(run: Run, point: str, duration: float) -> dict[str, Any]:
    """The strongest horizontal pushes that the policy survives, as `push --json` says it.

    Args:
        run: whose policy.
        point: what is pushed, a name in ``model.points(q)``.
        duration: of the push, s, a multiple of the task's dt.

    Raises:
        PushError: when the robot has no such point, or the duration is no multiple of dt.
        TooLargeError: when so long pushes do not fit into the memory.
    """
    if isfinite(steps := duration / run.model.dt):
        estimate = of_rollouts(run.model, len(push.INSTANTS), ceil(steps))
        require_memory(f"pushes of {duration:g} s", estimate)
    survived = push.survived_pushes(run.model, run.policy, point, duration)
    result = _identity(run) | {
        "point": point,
        "duration": duration,
        "instants": push.INSTANTS,
        "recovery": push.RECOVERY,
        "success": run.model.robot.task.success,
        "impulse_step": push.IMPULSE_STEP,
        "impulse_limit": push.LARGEST_IMPULSE,
    }
    return result | {direction: impulse._asdict() for direction, impulse in survived.items()}


def pushes_of_all(results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The pushes of several runs, and over them the median and the least at the worst instant."""
    summary: dict[str, Any] = {"runs": list(results)}
    for direction in ("forward", "backward"):
        worst = [result[direction]["worst"] for result in results]
        survived = np.nan_to_num(np.array(worst, dtype=float))  # NaN fails unpushed
        summary[direction] = {"median": float(np.median(survived)), "least": float(survived.min())}
    return summary


def _identity(run: Run) -> dict[str, Any]:
    return {
        "robot": run.model.robot.name,
        "method": run.settings.method,
        "hidden": run.settings.hidden,
        "seed": run.settings.seed,
    }
