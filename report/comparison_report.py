"""What a comparison leaves in its folder: CSV files, a table, Figure 1."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from vgps.codegen.model import Model
from vgps.experiments.aggregate import Standing, standings
from vgps.experiments.plan import Run, folder_of, missing
from vgps.experiments.results import Failure, Final, Row, read_failures, read_results, write_rows
from vgps.experiments.run_folder import write_atomically
from vgps.policy.evaluation import mean_rollout
from vgps.policy.store import load_policy
from vgps.report.comparison_table import markdown
from vgps.report.figure1 import Gait, figure1
from vgps.report.style import save


def report_comparison(
    out: Path, runs: Sequence[Run], models: Mapping[str, Model]
) -> tuple[list[Standing], list[Failure]]:
    """Write results.csv, final.csv, table.md and figure1 of those of ``runs`` that are finished.

    Args:
        out: Folder of the comparison, which holds the runs.
        runs: All runs of the plan.
        models: Every robot of the plan by name.

    Returns:
        The rows of the table, and the runs that failed.
    """
    left = {run.name for run in missing(out, runs)}
    finished = [run for run in runs if run.name not in left]
    failures = read_failures(out)
    rows, finals = read_results(out, finished)
    write_rows(out / "results.csv", Row, rows)
    write_rows(out / "final.csv", Final, finals)
    table = standings(finals, failures)
    page = markdown(table, failures)

    def write_table(temporary: Path) -> None:
        temporary.write_text(page, encoding="utf-8")

    write_atomically(out / "table.md", write_table)
    if rows:
        figure = figure1(rows, _gaits(out, finished, models))
        for suffix in ("svg", "png"):
            save(figure, out / f"figure1.{suffix}")
    return table, failures


def _gaits(out: Path, finished: Sequence[Run], models: Mapping[str, Model]) -> dict[str, Gait]:
    """The gait of one finished run of each robot: of VGPS if there is one, most units, first seed."""
    gaits = {}
    for robot, model in models.items():
        runs = [run for run in finished if run.robot == robot]
        if not runs:
            continue
        run = min(runs, key=lambda run: (run.method != "vgps", -run.hidden, run.seed))
        folder = folder_of(out, run)
        title = f"{robot}, {run.method}, {run.hidden} hidden units, seed {run.seed}"
        X = mean_rollout(model, load_policy(folder.path))
        gaits[robot] = Gait(model, title, X, folder.read_arrays("trajectory.npz")["X"])
    return gaits
