"""What a comparison shows: a table, Figure 1, and a page that leads to those of its runs."""

from collections.abc import Sequence
from pathlib import Path

from vgps.codegen.files import write_atomically
from vgps.experiments.aggregate import Comparison
from vgps.experiments.plan import Member, folder_of
from vgps.experiments.run import read_run
from vgps.policy.rollouts import mean_rollout
from vgps.report.comparison_table import markdown
from vgps.report.figure1 import Gait, figure1
from vgps.report.page.comparison import write_comparison_page
from vgps.report.style import save


def report_comparison(out: Path, found: Comparison) -> None:
    """Write table.md, figure1 and index.html of what a comparison has found.

    Args:
        out: Folder of the comparison, which holds the runs.
        found: What is finished of it.
    """
    page = markdown(found.table, found.failures)
    write_atomically(out / "table.md", lambda path: path.write_text(page, encoding="utf-8"))
    if found.rows:
        figure = figure1(found.rows, _gaits(out, found.finished))
        for suffix in ("svg", "png"):
            save(figure, out / f"figure1.{suffix}")
    write_comparison_page(out, found)


def _gaits(out: Path, finished: Sequence[Member]) -> dict[str, Gait]:
    """The gait of a finished run of each robot: VGPS if there is one, most units, first seed."""
    gaits = {}
    for robot in dict.fromkeys(member.robot for member in finished):
        members = [member for member in finished if member.robot == robot]
        chosen = min(members, key=lambda m: (m.method != "vgps", -m.hidden, m.seed))
        run = read_run(folder_of(out, chosen).path)
        title = f"{robot}, {chosen.method}, {chosen.hidden} hidden units, seed {chosen.seed}"
        X = mean_rollout(run.model, run.policy)
        gaits[robot] = Gait(run.model, title, X, run.trajectory.X)
    return gaits
