"""index.html of a comparison: Figure 1, the table, and from each cell on to the runs behind it."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from vgps.codegen.errors import InputError
from vgps.experiments.aggregate import ENOUGH, Aggregate, Comparison
from vgps.experiments.plan import RUNS, Member
from vgps.experiments.progress import Update, Watch
from vgps.experiments.results import Final
from vgps.experiments.run import read_run
from vgps.experiments.run_folder import EVALUATION
from vgps.report.comparison_table import HEADER, LEGEND, cells
from vgps.report.console import plain
from vgps.report.page.run import PAGE, write_run_page
from vgps.report.page.template import write_page

INDEX = "index.html"


def write_comparison_page(out: Path, found: Comparison) -> None:
    """Write index.html of what a comparison has found, beside its figure1.png, if it has one."""
    figure = out / "figure1.png"
    panels = dict.fromkeys((s.robot, s.hidden) for s in found.table)
    context = {
        "header": HEADER,
        "legend": LEGEND,
        "enough": f"{ENOUGH:.0%}",
        "panels": [
            {
                "title": f"{robot}, {hidden} hidden units",
                "rows": [_row(out, s, found) for s in found.table if s[:2] == (robot, hidden)],
            }
            for robot, hidden in panels
        ],
        "figure": _inlined(figure) if found.rows and figure.exists() else None,
        "failures": found.failures,
        "runs": len(found.finals),
    }
    write_page(out / INDEX, "comparison.html", context)


def write_run_pages(out: Path) -> None:
    """Write the pages of those finished runs of a comparison whose page is not of their end.

    A run that is damaged is left out: it will be done again.
    """
    for ended in sorted((out / RUNS).glob(f"*/{EVALUATION}")):
        page = ended.with_name(PAGE)
        if page.exists() and page.stat().st_mtime_ns >= ended.stat().st_mtime_ns:
            continue
        try:
            write_run_page(read_run(ended.parent))
        except InputError:
            continue


def drawing_runs(watch: Watch, out: Path) -> Watch:
    """The same ``watch``, while each run of a comparison gets its page as it ends."""

    @contextmanager
    def drawing(what: str, total: int) -> Iterator[Update]:
        with watch(what, total) as update:

            def draw(done: int, text: str) -> None:
                update(done, text)
                write_run_pages(out)

            yield draw

    return drawing


def _row(out: Path, s: Aggregate, found: Comparison) -> dict[str, Any]:
    """One method in one panel, with a link to each of its runs."""
    key = s.robot, s.hidden, s.method
    ended = [
        _run(out, member, final)
        for member, final in zip(found.finished, found.finals, strict=True)
        if (member.robot, member.hidden, member.method) == key
    ]
    return {
        "anchor": "-".join(map(str, key)),
        "cells": cells(s),
        "runs": ended,
        "failed": [f for f in found.failures if (f.robot, f.hidden, f.method) == key],
    }


def _run(out: Path, member: Member, final: Final) -> dict[str, Any]:
    page = Path(RUNS) / member.name / PAGE
    share = plain(final.stochastic_success)
    return {
        "seed": member.seed,
        "page": quote(page.as_posix()) if (out / page).exists() else None,
        "succeeded": final.stochastic_success >= ENOUGH,
        "title": f"success {share}, cost {plain(final.stochastic_cost)} with its noise",
    }


def _inlined(picture: Path) -> str:
    return f"data:image/png;base64,{base64.b64encode(picture.read_bytes()).decode('ascii')}"
