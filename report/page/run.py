"""report.html of a run: what it learned, then how, then with what."""

import math
import time
from pathlib import Path
from typing import Any

import numpy as np

from vgps.codegen.files import remove_leftovers
from vgps.codegen.lock import locked
from vgps.experiments.config import RunConfig
from vgps.experiments.evaluation import Evaluated, stored_evaluation
from vgps.experiments.measuring import ROLLOUTS
from vgps.experiments.run import Run
from vgps.report.console import plain
from vgps.report.page.motions import motions_of
from vgps.report.page.noise import noise_of
from vgps.report.page.template import embedded, write_page
from vgps.report.page.verdict import successes, travels, verdict

PAGE = "report.html"
_TABLE = (
    *("iteration", "stage", "alpha", "stochastic_cost", "deterministic_cost"),
    *("stochastic_success", "deterministic_success", "spread", "ddp_cost", "seconds"),
)


def write_run_page(run: Run, live: bool = False) -> Path:
    """Write the page of a run into its folder.

    Args:
        run: The run, which has a folder.
        live: Whether it still learns: a browser then looks for news of it.

    Returns:
        Where the page is.

    Raises:
        FolderError: when another process is writing into the folder.
        RunFolderError: when the folder's evaluation.json is damaged.
    """
    if run.folder is None:
        raise ValueError("a run that is kept nowhere has no place for its page")
    path = run.folder.file(PAGE)
    with locked(run.folder.path):
        remove_leftovers(run.folder.path)
        config, found = run.folder.read_config(), stored_evaluation(run.folder)
        write_page(path, "run.html", _context(run, config, found, live))
    return path


def _context(run: Run, config: RunConfig, found: Evaluated | None, live: bool) -> dict[str, Any]:
    robot, data = run.model.robot, motions_of(run)
    noise, paths = noise_of(run, found)
    data |= {"curve": _curve(run), "paths": paths}
    data["live"] = round(time.time()) if live else None
    columns = [name for name in _TABLE if name in run.metrics]
    rows = zip(*(map(_cell, run.metrics[name].tolist()) for name in columns), strict=True)
    return {
        "robot": robot.name,
        "description": robot.description,
        "verdict": _so_far(run, live) if found is None else verdict(robot, found),
        "live": live,
        "method": f"{config.method}, {config.hidden} hidden units, seed {config.seed}",
        "starts": len(run.trajectories),
        "touches": bool(robot.contact_points),
        "moves": travels(robot),
        "noise": noise,
        "facts": _facts(config),
        "columns": columns,
        "rows": list(rows),
        "data": embedded(data),
    }


def _so_far(run: Run, live: bool) -> str:
    """The verdict of a run without a final evaluation, by what was measured on the way."""
    metrics, robot = run.metrics, run.model.robot
    done = len(metrics["iteration"])
    row = done - 1
    best = float(metrics["best"][row]) if "best" in metrics else math.nan
    if 1 <= best <= done:  # of the search; the finish has none
        row = int(best) - 1
    kinds = ("deterministic", "stochastic")
    bare, noisy = (_share(metrics[f"{kind}_success"][row]) for kind in kinds)
    line = successes(robot, bare, noisy, ROLLOUTS * len(run.trajectories))
    if not live:
        return f"after {done} iterations: {line}"
    if metrics["stage"][-1] == "finish":
        rounds = np.count_nonzero(metrics["stage"] == "finish")
        return f"round {rounds} of the finish: {line}"
    return f"iteration {done} of {run.settings.last_iteration(robot)}: {line}"


def _share(value: float) -> float:
    """Whatever a file says, between 0 and 1."""
    return float(np.clip(np.nan_to_num(value), 0.0, 1.0))


def _curve(run: Run) -> dict[str, Any]:
    """The learning curve; a cost that is not finite is None."""
    metrics = run.metrics
    rounds = np.flatnonzero(metrics["stage"] == "finish")
    costs = {
        kind: [_digits(cost) for cost in metrics[f"{kind}_cost"].tolist()]
        for kind in ("stochastic", "deterministic")
    }
    return costs | {
        "iteration": metrics["iteration"].tolist(),
        "ddp": _digits(run.ddp_cost),
        "finish": int(metrics["iteration"][rounds[0]]) if rounds.size else None,
    }


def _digits(value: float) -> float | None:
    return float(f"{value:.5g}") if math.isfinite(value) else None


def _facts(config: RunConfig) -> dict[str, dict[str, str]]:
    """Everything that the run depends on, in groups."""
    apart = ("versions", "machine", "chosen", "overrides", "robot")
    settings = config.model_dump(exclude=set(apart))
    shown = {name: str(value) for name, value in settings.items() if value is not None}
    if config.robot_sha256 is not None:
        shown["robot_sha256"] = config.robot_sha256[:16]
    shown |= {place: str(value) for place, value in config.overrides.items()}
    groups = {
        "settings": shown,
        "chosen by the run": config.chosen,
        "versions": config.versions,
        "machine": config.machine,
    }
    return {name: group for name, group in groups.items() if group}


def _cell(value: str | float) -> str:
    """Its text; nothing where a stage has no such number."""
    return "" if isinstance(value, float) and math.isnan(value) else plain(value)
