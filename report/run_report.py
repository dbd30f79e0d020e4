"""The picture and the report page of a training run."""

from numpy.typing import NDArray

from vgps.codegen.model import Model
from vgps.experiments.run_folder import RunFolder
from vgps.report.console import plain
from vgps.report.figures import training_picture
from vgps.report.page import write_page

_COLUMNS = ("iteration", "alpha", "stochastic_cost", "deterministic_cost", "deterministic_success")


def draw_run(folder: RunFolder, model: Model, X: NDArray) -> None:
    """Write training.png and report.html of a run.

    Args:
        folder: The run; the animation gait.gif becomes part of the page where it exists.
        model: The robot of the run.
        X: Rollout of the learned policy, without noise, from the mean initial state, (T+1, nx).

    Raises:
        RunFolderError: where the folder lacks something that they show.
    """
    config, metrics = folder.read_config(), folder.read_metrics()
    trajectory = folder.read_arrays("trajectory.npz")
    picture, gait = folder.file("training.png"), folder.file("gait.gif")
    training_picture(
        picture, model, metrics, float(trajectory["cost"]), X, reference=trajectory["X"]
    )
    facts = [(name, str(value)) for name, value in config.items() if name != "versions"]
    facts += [(f"version of {name}", value) for name, value in config["versions"].items()]
    rows = zip(*(map(plain, metrics[name].tolist()) for name in _COLUMNS), strict=True)
    pictures = [("Learning curve and gait", picture)]
    pictures += [("Gait", gait)] if gait.exists() else []
    title = f"{config['robot']}, {config['method']}, {config['hidden']} hidden units"
    write_page(folder.file("report.html"), title, facts, (_COLUMNS, list(rows)), pictures)
