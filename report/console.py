"""What a person at a terminal sees: tables on standard output, progress on standard error.

On a terminal progress is a bar; elsewhere a plain line every tenth of the way, fit for a log file.
"""

import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from vgps.experiments.progress import Update

if TYPE_CHECKING:
    from vgps.experiments.aggregate import Aggregate
    from vgps.experiments.doctor import Diagnosis


class Detail(Enum):
    """How much of the progress is shown."""

    NOTHING = "quiet"
    TENTHS = "normal"  # a bar on a terminal; elsewhere a line every tenth of the way
    EVERYTHING = "verbose"  # a line for every update


_detail = Detail.TENTHS


def show_progress(detail: Detail) -> None:
    """Show so much of it from now on, in all commands of this process."""
    global _detail
    _detail = detail


@contextmanager
def progress(what: str, total: int) -> Iterator[Update]:
    """Show how far work is; the context's value reports how many of ``total`` units are done."""
    if _detail is not Detail.TENTHS or not sys.stderr.isatty():
        yield _lines(what, total, _detail)
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[text]}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total, text="")
        yield lambda done, text: bar.update(task, completed=done, text=text)


def _lines(what: str, total: int, detail: Detail) -> Update:
    last = -1  # tenth that has been told of

    def show(done: int, text: str) -> None:
        nonlocal last
        tenth = 10 * done // total
        if detail is Detail.EVERYTHING or (detail is Detail.TENTHS and tenth > last):
            print(f"{what} {done}/{total}: {text}", file=sys.stderr, flush=True)
        last = max(last, tenth)

    return show


def show_table(title: str, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print a table on standard output; a column that holds numbers only is set to the right.

    A header without a name is not shown.
    """
    table = Table(show_header=any(header))
    for column, name in enumerate(header):
        numeric = all(isinstance(row[column], int | float) for row in rows)
        table.add_column(name, justify="right" if numeric else "left")
    for row in rows:
        table.add_row(*map(plain, row))
    print(title)  # above a table rich would wrap it to the table's width
    Console(markup=False, emoji=False).print(table)  # a path may have brackets


def show_result(result: Mapping[str, Any], title: str, json: bool) -> None:
    """Print what a command found, a line for each entry, or one JSON object."""
    if json:
        print_json(result)
    else:
        show_table(title, ("", ""), list(result.items()))


def show_build(result: Mapping[str, Any]) -> None:
    """What a build did, stage by stage, and the operations of each function."""
    seconds = result["seconds"]
    state = "built" if result["built"] else "up to date, built earlier"
    stages = ", ".join(f"{stage} {s:.2f} s" for stage, s in seconds.items())
    print(f"{result['robot']}: {state} in {sum(seconds.values()):.2f} s ({stages})")
    rows = list(result["operations"].items())
    show_table("operations after common subexpressions", ("function", "operations"), rows)


def show_diagnosis(diagnosis: "Diagnosis", path: str | None) -> None:
    """Print what keeps a robot from learning, a line for each finding."""
    for finding in diagnosis.findings:
        print(finding.sentence)
    if not diagnosis.findings:
        print(f"{path}: nothing found that would keep {diagnosis.robot} from learning")


def show_evaluation(result: Mapping[str, Any], moves: bool) -> None:
    """Print an evaluation: costs, success and, of what moves about, the speed."""
    title = "{robot}, {method}, {hidden} hidden units, seed {seed}: "
    title += "{rollouts} rollouts of {horizon} steps"
    rows: list[tuple[str | float, ...]] = []
    if result["reference_cost"] is not None:
        rows.append(("initial DDP", result["reference_cost"], "", "", "", ""))
    for kind in ("stochastic", "deterministic"):
        for label, summaries in ((kind, result), ("  disturbed", result["disturbed"])):
            s = summaries[kind]
            low, high = s["success_interval"]
            interval = f"{low:.2f} to {high:.2f}"
            cost, speed = (s["mean_cost"], s["std_cost"]), s["mean_speed"]
            rows.append((label, *cost, s["success_rate"], interval, speed))
    header = ("", "mean cost", "std", "success", "95 %", "speed m/s")
    shown = len(header) if moves else len(header) - 1
    show_table(title.format(**result), header[:shown], [row[:shown] for row in rows])
    for kind in ("stochastic", "deterministic"):
        by_initial = result[kind]["success_by_initial"]
        if len(by_initial) > 1:
            rates = ", ".join(f"{rate:.2f}" for rate in by_initial)
            print(f"{kind} success from each initial state: {rates}")
    speeds = result["deterministic"]["speed_by_horizon"]
    if moves and len(speeds) > 1:
        values = ", ".join(f"{speed:.2f}" for speed in speeds)
        print(f"deterministic speed in each training horizon: {values} m/s")


def show_transfer(result: Mapping[str, Any]) -> None:
    """Print how good a policy is in MuJoCo beside how good it is in ours."""
    there = result["mujoco"]
    rows = []
    for kind in ("stochastic", "deterministic"):
        for label, ours, theirs in (
            (kind, result[kind], there[kind]),
            ("  disturbed", result["disturbed"][kind], there["disturbed"][kind]),
        ):
            low, high = theirs["success_interval"]
            costs, rates = (
                [s[key] for s in (ours, theirs)] for key in ("mean_cost", "success_rate")
            )
            rows.append((label, *costs, *rates, f"{low:.2f} to {high:.2f}"))
    ground = f"{there['ground']} ground, " if there["ground"] else ""
    title = f"ours and MuJoCo ({ground}steps of {there['timestep']:.3g} s)"
    header = ("", "mean cost", "MuJoCo", "success", "MuJoCo", "95 %")
    show_table(title, header, rows)


def show_comparison(table: Sequence["Aggregate"]) -> None:
    """Print the outcome of a comparison: a table for each panel, medians over seeds."""
    for panel in dict.fromkeys((s.robot, s.hidden) for s in table):
        rows = []
        for s in table:
            if (s.robot, s.hidden) != panel:
                continue
            row: list[str | float] = [s.method]
            for cost, succeeded in (
                (s.stochastic_cost, s.stochastic_succeeded),
                (s.deterministic_cost, s.deterministic_succeeded),
            ):
                row += ["failed" if cost is None else cost.median, f"{succeeded} of {s.runs}"]
            rows.append(row)
        header = ("method", "stochastic", "success", "deterministic", "success")
        show_table(f"{panel[0]}, {panel[1]} hidden units: final cost", header, rows)


def show_pushes(result: Mapping[str, Any]) -> None:
    """Print the largest pushes that were survived, and what surviving means."""
    title = "{robot}, {method}, {hidden} hidden units, seed {seed}: "
    title += "largest push of {duration:g} s at {point} survived, N·s"
    rows = [
        (direction, *(_impulse(result[direction][i], result) for i in ("worst", "best")))
        for direction in ("forward", "backward")
    ]
    show_table(title.format(**result), ("", "at every instant", "at the best instant"), rows)
    instants = ", ".join(f"{t:g}" for t in result["instants"])
    print(f"pushed after {instants} s, followed for {result['recovery']:g} s")
    print(f"success: {result['success']}")


def show_push_summary(result: Mapping[str, Any]) -> None:
    """Print what several runs survive at the worst instant, N·s."""
    ways = ("forward", "backward")
    rows = [(way, result[way]["median"], result[way]["least"]) for way in ways]
    show_table(f"{len(result['runs'])} runs, at every instant, N·s", ("", "median", "least"), rows)


def _impulse(value: float, result: Mapping[str, Any]) -> str:
    if math.isnan(value):
        return "fails unpushed"
    return f"{value:g}" + (" or more" if value >= result["impulse_limit"] else "")


def plain(value: Any) -> str:
    """The text of a table cell: a float with four significant digits."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def print_json(result: Any) -> None:
    """Print one JSON value; named tuples become objects, and inf and NaN become null."""
    print(json.dumps(_finite(result)))


def _finite(value: Any) -> Any:
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
