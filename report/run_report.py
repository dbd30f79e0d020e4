"""The picture and the report page of a training run."""

import math

from vgps.codegen.files import remove_leftovers
from vgps.codegen.lock import locked
from vgps.experiments.run import Run
from vgps.experiments.run_folder import RunFolder
from vgps.policy.rollouts import mean_rollout
from vgps.report.animation import animate
from vgps.report.console import plain
from vgps.report.figures import training_picture
from vgps.report.old_page import write_page

_COLUMNS = (
    *("iteration", "stage", "alpha"),
    *("stochastic_cost", "deterministic_cost", "deterministic_success"),
)


def draw_run(run: Run, animation: str | None = None) -> dict[str, str]:
    """Write training.png and report.html of a run.

    Args:
        run: The run, which has a folder.
        animation: Format of an animation of the gait, gif or mp4, that is written too.  A gait.gif
            becomes part of the page wherever it is from.

    Returns:
        What `render --json` prints: where the animation and the page are.

    Raises:
        MissingEncoder: when this machine cannot write the format.
        FolderError: when another process is writing into the folder.
    """
    if run.folder is None:
        raise ValueError("a run that is kept nowhere has no place for its pictures")
    with locked(run.folder.path):
        remove_leftovers(run.folder.path)
        return _draw(run, run.folder, animation)


def _draw(run: Run, folder: RunFolder, animation: str | None) -> dict[str, str]:
    config, trajectory = folder.read_config(), run.trajectory
    X = mean_rollout(run.model, run.policy)  # (T+1, nx)
    written = {"report": str(folder.file("report.html"))}
    if animation is not None:
        written = {"gait": str(folder.file(f"gait.{animation}"))} | written
        animate(run.model, X, folder.file(f"gait.{animation}"))
    picture, gait = folder.file("training.png"), folder.file("gait.gif")
    training_picture(picture, run.model, run.metrics, run.ddp_cost, X, reference=trajectory.X)
    settings = config.model_dump()
    several = ("versions", "chosen")
    facts = [(name, str(value)) for name, value in settings.items() if name not in several]
    facts += [(f"chosen {place}", value) for place, value in config.chosen.items()]
    facts += [(f"version of {name}", value) for name, value in config.versions.items()]
    rows = zip(*(map(_cell, run.metrics[name].tolist()) for name in _COLUMNS), strict=True)
    pictures = [("Learning curve and gait", picture)]
    pictures += [("Gait", gait)] if gait.exists() else []
    title = f"{config.robot}, {config.method}, {config.hidden} hidden units"
    write_page(folder.file("report.html"), title, facts, (_COLUMNS, list(rows)), pictures)
    return written


def _cell(value: str | float) -> str:
    """Its text; nothing where a stage has no such number."""
    return "" if isinstance(value, float) and math.isnan(value) else plain(value)
