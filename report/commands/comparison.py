"""The command that compares methods.  It imports what it needs itself."""

from pathlib import Path

from vgps.codegen.lock import locked
from vgps.experiments.errors import ClusterLost
from vgps.report import console
from vgps.report.console import print_json, progress
from vgps.report.options import (
    Compared,
    Count,
    File,
    Json,
    LastStage,
    Methods,
    Numbers,
    Set,
    Text,
    UsageError,
    descriptions,
    require_at_least,
)


def compare_command(
    robots: Compared = ("swimmer", "walker"),
    hidden: Numbers = (5, 10),
    methods: Methods = None,
    seeds: Count = None,
    first_seed: int = 0,
    iterations: Count = None,
    finish: LastStage = None,
    jobs: Count = None,
    cluster: Text = None,
    tls_ca_file: File = None,
    tls_cert: File = None,
    tls_key: File = None,
    out: Path = Path("runs") / "comparison",
    overrides: Set = (),
    json: Json = False,
) -> int:
    """Figure 1 of the paper: every method on every robot, a run for each seed, table and picture.

    Started again it does what is missing.  Exit status 1 where a run failed: the others are done.

    Args:
        hidden: Numbers of hidden units; with the robots they make the panels (5 and 10).
        methods: What is compared (all of the paper's).
        seeds: Runs of each method in each panel (30 of VGPS, 10 of others).
        first_seed: Seed of the first run; the others follow.
        iterations: Outer iterations (as each robot's file says).
        finish: Last stage of every run (average-cost for vgps-finish, none for the others).
        jobs: Processes on this machine (one for each core).
        cluster: Address of a Dask scheduler whose workers do the runs instead.
        tls_ca_file: Authority that signed the certificates of a cluster at tls://.
        tls_cert: Our certificate for it.
        tls_key: The key of our certificate.
        out: Folder for the runs, the table, the picture and index.html.
    """
    require_at_least(1, jobs=jobs)
    if jobs is not None and cluster is not None:
        raise UsageError("--cluster brings its own workers: leave out --jobs")
    tls = [file for file in (tls_ca_file, tls_cert, tls_key) if file is not None]
    if len(tls) not in (0, 3) or (tls and cluster is None):
        raise UsageError("--tls-ca-file, --tls-cert and --tls-key go together, and with --cluster")
    for file in tls:
        if not file.is_file():
            raise UsageError(f"{file}: no such file")
    compared = descriptions(robots, overrides)
    from vgps.experiments.aggregate import collect
    from vgps.experiments.cluster import Certificates
    from vgps.experiments.comparison import compare
    from vgps.experiments.plan import plan
    from vgps.experiments.results import holds_comparison
    from vgps.report.comparison_report import report_comparison
    from vgps.report.page.comparison import drawing_runs, write_run_pages

    members = plan(
        compared, hidden, methods, seeds, iterations, first_seed=first_seed, finish=finish
    )
    certificates = Certificates(*tls) if tls else None
    with locked(out):
        try:
            watch = drawing_runs(progress, out)
            compare(out, compared, members, jobs, cluster, certificates, watch)
        except (ClusterLost, KeyboardInterrupt):
            if holds_comparison(out):  # it had come to the runs
                report_comparison(out, collect(out, members))
            raise
        write_run_pages(out)
        found = collect(out, members)
        report_comparison(out, found)
    if json:
        print_json({"out": str(out), "table": found.table, "failed": found.failures})
    else:
        console.show_comparison(found.table)
        count = f"{len(members)} runs, {len(found.failures)} failed"
        print(f"{count}; index.html, figure1.png, table.md, results.csv in {out}")
    return 1 if found.failures else 0
