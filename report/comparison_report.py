"""What a comparison leaves in its folder: CSV files, a table, Figure 1."""

from collections.abc import Sequence
from pathlib import Path

from vgps.codegen.build import build
from vgps.codegen.description.robot import Robot
from vgps.experiments.aggregate import Aggregate, aggregate
from vgps.experiments.files import write_atomically
from vgps.experiments.plan import Member, folder_of, missing
from vgps.experiments.results import Failure, Final, Row, read_failures, read_results, write_rows
from vgps.experiments.run import read_trajectory
from vgps.policy.evaluation import mean_rollout
from vgps.policy.store import load_policy
from vgps.report.comparison_table import markdown
from vgps.report.figure1 import Gait, figure1
from vgps.report.style import save


def report_comparison(
    out: Path, robots: Sequence[Robot], members: Sequence[Member]
) -> tuple[list[Aggregate], list[Failure]]:
    """Write results.csv, final.csv, table.md and figure1 of those of ``members`` that are finished.

    Args:
        out: Folder of the comparison, which holds the runs.
        robots: Every robot of the plan.
        members: All runs of the plan.

    Returns:
        The rows of the table, and the runs that failed.
    """
    left = {member.name for member in missing(out, members)}
    finished = [member for member in members if member.name not in left]
    failures = read_failures(out)
    rows, finals = read_results(out, finished)
    write_rows(out / "results.csv", Row, rows)
    write_rows(out / "final.csv", Final, finals)
    table = aggregate(finals, failures)
    page = markdown(table, failures)

    def write_table(temporary: Path) -> None:
        temporary.write_text(page, encoding="utf-8")

    write_atomically(out / "table.md", write_table)
    if rows:
        figure = figure1(rows, _gaits(out, finished, robots))
        for suffix in ("svg", "png"):
            save(figure, out / f"figure1.{suffix}")
    return table, failures


def _gaits(out: Path, finished: Sequence[Member], robots: Sequence[Robot]) -> dict[str, Gait]:
    """The gait of a finished run of each robot: VGPS if there is one, most units, first seed."""
    gaits = {}
    for robot in robots:
        members = [member for member in finished if member.robot == robot.name]
        if not members:
            continue
        chosen = min(members, key=lambda m: (m.method != "vgps", -m.hidden, m.seed))
        folder = folder_of(out, chosen)
        title = f"{robot.name}, {chosen.method}, {chosen.hidden} hidden units, seed {chosen.seed}"
        model = build(robot)
        X = mean_rollout(model, load_policy(folder.path))
        gaits[robot.name] = Gait(model, title, X, read_trajectory(folder).X)
    return gaits
