"""What the commands do: arguments, one call, print.

They import what they need themselves: Numba and Matplotlib take seconds to come.
"""

import sys
import time
from pathlib import Path
from typing import Literal

from tyro.conf import OmitArgPrefixes, Positional

from vgps.codegen.description.robot import load
from vgps.codegen.errors import RobotFileError
from vgps.codegen.lock import locked
from vgps.experiments.errors import ClusterLost
from vgps.policy.choices import Finish
from vgps.policy.settings import RunSettings
from vgps.report import console
from vgps.report.console import print_json, progress
from vgps.report.hints import point_to_doctor, point_to_doctor_unless_learned, pointing_to_doctor
from vgps.report.options import (
    Demo,
    Json,
    Like,
    Name,
    Robot,
    Run,
    Set,
    Settings,
    UsageError,
    descriptions,
    loaded,
    overridden,
    require_at_least,
)


def check_command(
    robots: Positional[tuple[Robot, ...]], overrides: Set = (), json: Json = False
) -> int:
    """Validate robot files."""
    results = []
    for name in robots:
        try:
            robot = load(name, overridden(overrides))
            sizes = {"nq": robot.nq, "nu": robot.nu}
            results.append({"robot": name, "ok": True, **sizes, "warnings": [*robot.warnings]})
            line = f"{robot.path}: ok: {robot.name}, {robot.nq} coordinates, {robot.nu} actions"
            said = "\n".join(robot.warnings)
        except RobotFileError as error:
            every = [*error.sentences]
            results.append({"robot": name, "ok": False, "error": str(error), "errors": every})
            line, said = "", str(error)
        if line and not json:
            print(line)
        if said and not json:
            print(said, file=sys.stderr)
    if json:
        print_json({"robots": results})
    return 0 if all(result["ok"] for result in results) else 2


def schema_command(json: Json = False) -> None:
    """The JSON Schema of robot files, by which editors complete and check them."""
    from vgps.codegen.description.schema import robot_schema, schema_text

    if json:
        print_json(robot_schema())
    else:
        print(schema_text(), end="")


def new_command(name: Positional[Name], like: Like = None, json: Json = False) -> None:
    """Write NAME.yaml, a commented robot to start from, into the current folder."""
    from vgps.report.new_robot import START, new_robot

    path = new_robot(name, START if like is None else like)
    if json:
        print_json({"robot": name, "file": str(path)})
    else:
        print(f"{path}: edit it, then `check {path}`, `optimize {path}`, `train {path}`")


def build_command(
    robots: Positional[tuple[Robot, ...]],
    force: bool = False,
    overrides: Set = (),
    json: Json = False,
) -> None:
    """Derive, generate and compile robots; do nothing for those that are up to date.

    Args:
        force: Build even what is up to date.
    """
    from vgps.codegen.build import build

    results = []
    for robot in descriptions(robots, overrides):  # all are valid before any is built
        model = build(robot, force)
        results.append({"robot": robot.name, "built": model.was_built, **model.manifest})
        if not json:
            console.show_build(results[-1])
    if json:
        print_json({"robots": results})


def doctor_command(
    robot: Positional[Robot],
    hidden: int = RunSettings.model_fields["hidden"].default,
    seed: int = 0,
    fix: Path | None = None,
    json: Json = False,
) -> None:
    """Say what keeps a robot from learning: examine its file, its trajectory and a first policy.

    Args:
        hidden: Number of hidden units of the policy.
        seed: Seed of everything random.
        fix: New file for the robot with those edits that are advised.
    """
    require_at_least(1, hidden=hidden)
    require_at_least(0, seed=seed)
    described = loaded(robot, ())
    from vgps.experiments.doctor import diagnose
    from vgps.experiments.mending import require_free, write_mended

    if fix is not None:
        require_free(fix)
    diagnosis = diagnose(described, hidden, seed, progress)
    edits = [edit for finding in diagnosis.findings for edit in finding.edits]
    if fix is not None and edits:
        write_mended(described, edits, fix)
    if json:
        written = str(fix) if fix is not None and edits else None
        print_json(diagnosis._asdict() | {"fix": written})
        return
    console.show_diagnosis(diagnosis, described.path)
    if fix is not None:
        print(f"{fix}: written" if edits else f"{fix}: not written, no finding has an edit")


def optimize_command(
    robot: Positional[Robot],
    iterations: int | None = None,
    seed: int = 0,
    demo: Demo = None,
    out: Path | None = None,
    overrides: Set = (),
    json: Json = False,
) -> None:
    """Optimise a trajectory alone, one from each initial state; save it with a picture.

    Args:
        iterations: Largest number of iLQR iterations; as many as training begins with when absent.
        seed: Seed of the noise that the actions start from.
        demo: Start from the actions U (T, nu) of this .npz; (S, T, nu) for S initial states.
        out: Folder for the result; a new one in runs/ when absent.
    """
    described = loaded(robot, overrides)
    from vgps.experiments.optimization import optimize_into
    from vgps.experiments.run_folder import free_path
    from vgps.report.figures import trajectory_picture
    from vgps.solver.trials import succeeds

    folder = out or free_path(f"{described.name}-trajectory-seed{seed}")
    with locked(folder), pointing_to_doctor(robot, json):
        model, found, result = optimize_into(folder, described, iterations, seed, demo, progress)
        trajectory_picture(folder / "trajectory.png", model, found[0].X, found[0].U)
    console.show_result(result, f"trajectory of {described.name}", json)
    if not (json or all(succeeds(model, one.X, one.U) for one in found)):
        point_to_doctor(robot)


def train_command(
    robot: Positional[Robot],
    settings: OmitArgPrefixes[Settings],
    demo: Demo = None,
    out: Path | None = None,
    resume: Path | None = None,
    accept_changes: bool = False,
    overrides: Set = (),
    json: Json = False,
) -> None:
    """Learn a policy.

    Args:
        demo: Start from the actions U (T, nu) of this .npz, such as a trajectory.npz of optimize;
            (S, T, nu) for S initial states.
        out: Run folder; a new one in runs/ when absent.
        resume: Run folder to continue from its last checkpoint, to the same bits.
        accept_changes: Resume with other training settings of the robot's file than at first.
    """
    for option, given in (("demo", demo), ("out", out), ("set", overrides)):
        if resume is not None and given:
            raise UsageError(f"--resume continues a run as it began: leave out --{option}")
    if accept_changes and resume is None:
        raise UsageError("--accept-changes belongs to --resume")
    described = loaded(robot, overrides)
    from vgps.experiments import training
    from vgps.experiments.changes import require_same_run
    from vgps.experiments.evaluation import evaluation, require_finite_cost
    from vgps.experiments.run_folder import free_path

    if resume is None:
        chosen = RunSettings.model_validate(settings)
        name = f"{described.name}-{chosen.method}-{chosen.hidden}-seed{chosen.seed}"
        folder = out or free_path(name)
    else:
        folder, asked = resume, dict(settings)
        require_same_run(folder, described, asked, accept_changes)
        chosen = RunSettings.model_validate({"iterations": asked.get("iterations")})
    started = time.perf_counter()
    with locked(folder), pointing_to_doctor(robot, json):
        if resume is None:
            run = training.train(described, chosen, demonstration=demo, out=folder, watch=progress)
        else:
            run = training.resume(folder, iterations=chosen.iterations, watch=progress)
        seconds = time.perf_counter() - started
        result = evaluation(run) | {"seconds": seconds, "out": str(folder)}
        # Drawing needs half a second of imports, which the first iteration should not wait for.
        from vgps.report.run_report import draw_run

        draw_run(run)
    if json:
        print_json(result)
    else:
        console.show_evaluation(result)
        print(f"{result['iterations']} iterations in {seconds:.1f} s, saved in {folder}")
        point_to_doctor_unless_learned(result, robot)
    require_finite_cost(run, result)


def evaluate_command(
    run: Positional[Run],
    rollouts: int | None = None,
    horizon: int | None = None,
    seed: int = 0,
    json: Json = False,
) -> None:
    """Average cost and success of the stochastic and the deterministic policy of a run.

    Args:
        rollouts: Rollouts of each, from the distributions of the task's initial states in turn.
        horizon: Steps of a rollout; as the robot's file says when absent.
        seed: Seed of initial states and noise.
    """
    require_at_least(1, rollouts=rollouts, horizon=horizon)
    require_at_least(0, seed=seed)
    from vgps.experiments.evaluation import evaluation, require_finite_cost
    from vgps.experiments.run import read_run
    from vgps.experiments.run_folder import ROBOT

    trained = read_run(run)
    result = evaluation(trained, rollouts, horizon, seed)
    if json:
        print_json(result)
    else:
        console.show_evaluation(result)
        point_to_doctor_unless_learned(result, str(Path(run) / ROBOT))
    require_finite_cost(trained, result)


def push_command(
    runs: Positional[tuple[Run, ...]], point: str, duration: float = 0.1, json: Json = False
) -> None:
    """The strongest horizontal push that learned policies survive, at several instants.

    Args:
        runs: Folders of training runs; of several, such as seeds, also the median and the least.
        point: What is pushed: a joint, a link's start or end, a point of the robot's file, or com.
        duration: Of the push, s, a multiple of the task's dt.
    """
    from vgps.experiments.evaluation import pushes, pushes_of_all
    from vgps.experiments.run import read_run

    results = [pushes(read_run(run), point, duration) for run in runs]
    summary = results[0] if len(results) == 1 else pushes_of_all(results)
    if json:
        print_json(summary)
        return
    for result in results:
        console.show_pushes(result)
    if len(results) > 1:
        console.show_push_summary(summary)


def render_command(
    run: Positional[Run], format: Literal["gif", "mp4"] = "gif", json: Json = False
) -> None:
    """The gait of the learned policy as an animation, and the report page.

    Args:
        format: Of the animation; mp4 needs ffmpeg.
    """
    from vgps.experiments.run import read_run
    from vgps.report.run_report import draw_run

    console.show_result(draw_run(read_run(run), format), f"pictures of {run}", json)


def compare_command(
    robots: tuple[Robot, ...] = ("swimmer", "walker"),
    hidden: tuple[int, ...] = (5, 10),
    methods: tuple[str, ...] | None = None,
    seeds: int | None = None,
    first_seed: int = 0,
    iterations: int | None = None,
    finish: Finish | None = None,
    jobs: int | None = None,
    cluster: str | None = None,
    tls_ca_file: Path | None = None,
    tls_cert: Path | None = None,
    tls_key: Path | None = None,
    out: Path = Path("runs") / "comparison",
    overrides: Set = (),
    json: Json = False,
) -> int:
    """Figure 1 of the paper: every method on every robot, a run for each seed, table and picture.

    Started again it does what is missing.  Exit status 1 where a run failed: the others are done.

    Args:
        hidden: Numbers of hidden units; with the robots they make the panels.
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
        out: Folder for the runs, the table and the picture.
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

    members = plan(
        compared, hidden, methods, seeds, iterations, first_seed=first_seed, finish=finish
    )
    certificates = Certificates(*tls) if tls else None
    with locked(out):
        try:
            compare(out, compared, members, jobs, cluster, certificates, progress)
        except (ClusterLost, KeyboardInterrupt):
            if holds_comparison(out):  # it had come to the runs
                report_comparison(out, collect(out, members))
            raise
        found = collect(out, members)
        report_comparison(out, found)
    if json:
        print_json({"out": str(out), "table": found.table, "failed": found.failures})
    else:
        console.show_comparison(found.table)
        count = f"{len(members)} runs, {len(found.failures)} failed"
        print(f"{count}; figure1.png, table.md, results.csv in {out}")
    return 1 if found.failures else 0
