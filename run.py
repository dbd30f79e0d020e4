"""The command line: parse, call, print.

Exit status: 0 done, 2 bad input, 1 failure, 130 interrupted (what was learned is saved).
"""

import os

# The matrices are small: threads cost more than they bring, and one thread makes sums reproducible.
for _library in ("OPENBLAS", "OMP", "MKL"):
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")

import difflib
import sys
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal

import numpy as np
import tyro
from tyro.conf import Positional
from tyro.extras import SubcommandApp

from vgps.codegen.build import build
from vgps.codegen.description.robot import Robot as Description
from vgps.codegen.description.robot import load
from vgps.codegen.errors import BuildError, RobotFileError
from vgps.codegen.folders import MODELS, PACKAGE
from vgps.experiments.demonstration import read_demonstration
from vgps.experiments.errors import (
    ClusterError,
    ClusterLost,
    DemonstrationError,
    RunFolderError,
)
from vgps.experiments.run_folder import RunFolder, new_folder
from vgps.report.console import (
    print_json,
    progress,
    show_evaluation,
    show_pushes,
    show_standings,
    show_table,
)
from vgps.report.errors import MissingEncoder

README = PACKAGE / "README.md"
COMPARISON = Path("runs") / "comparison"
FINAL_ROLLOUTS = 100

Robot = Annotated[str, tyro.conf.arg(metavar="ROBOT", help="a name in models/ or a YAML file")]
Run = Annotated[str, tyro.conf.arg(metavar="RUN", help="folder of a training run")]
Demo = Annotated[Path | None, tyro.conf.arg(metavar="FILE")]
Json = Annotated[
    bool, tyro.conf.FlagCreatePairsOff, tyro.conf.arg(help="print one JSON object only")
]

app = SubcommandApp()


class UsageError(Exception):
    """One sentence about a command line that cannot be meant."""


@app.command(name="check")
def check_command(robots: Positional[tuple[Robot, ...]], json: Json = False) -> int:
    """Validate robot files."""
    results = []
    for name in robots:
        try:
            robot = load(find_robot(name))
            results.append({"robot": name, "ok": True, "nq": robot.nq, "nu": robot.nu})
            line = f"{robot.path}: ok: {robot.name}, {robot.nq} coordinates, {robot.nu} actions"
        except (RobotFileError, UsageError) as error:
            results.append({"robot": name, "ok": False, "error": str(error)})
            line = str(error)
        if not json:
            print(line, file=sys.stdout if results[-1]["ok"] else sys.stderr)
    if json:
        print_json({"robots": results})
    return 0 if all(result["ok"] for result in results) else 2


@app.command(name="build")
def build_command(
    robots: Positional[tuple[Robot, ...]], force: bool = False, json: Json = False
) -> None:
    """Derive, generate and compile robots; do nothing for those that are up to date.

    Args:
        force: Build even what is up to date.
    """
    descriptions = [load(find_robot(name)) for name in robots]  # all valid before any is built
    results = []
    for robot in descriptions:
        model = build(robot, force)
        results.append({"robot": robot.name, "built": model.was_built} | model.manifest)
        if json:
            continue
        seconds = model.manifest["seconds"]
        state = "built" if model.was_built else "up to date, built earlier"
        stages = ", ".join(f"{stage} {s:.2f} s" for stage, s in seconds.items())
        print(f"{robot.name}: {state} in {sum(seconds.values()):.2f} s ({stages})")
        rows = list(model.manifest["operations"].items())
        show_table("operations after common subexpressions", ("function", "operations"), rows)
    if json:
        print_json({"robots": results})


@app.command(name="optimize")
def optimize_command(
    robot: Positional[Robot],
    iterations: int = 500,
    seed: int = 0,
    demo: Demo = None,
    out: Path | None = None,
    json: Json = False,
) -> None:
    """Optimise a trajectory alone; save it with a picture.

    Args:
        iterations: Largest number of iLQR iterations.
        seed: Seed of the noise that the actions start from.
        demo: Start from the actions U (T, nu) of this .npz instead, such as a trajectory.npz.
        out: Folder for the result; a new one in runs/ when absent.
    """
    from vgps.experiments.training import optimized
    from vgps.policy.search import SearchSettings
    from vgps.report.figures import trajectory_picture

    model = build(load(find_robot(robot)))
    demonstration = None if demo is None else read_demonstration(demo, model)
    folder = new_folder(out, f"{model.robot.name}-trajectory-seed{seed}")
    if demonstration is not None:
        folder.write_arrays("demo.npz", {"U": demonstration})
    settings = SearchSettings.of(model.robot, n_hidden=1)
    settings = settings._replace(initial=settings.initial._replace(max_iterations=iterations))
    started = time.perf_counter()
    solution = optimized(model, settings, np.random.default_rng(seed), demonstration, progress)
    seconds = time.perf_counter() - started
    folder.write_arrays("trajectory.npz", {"X": solution.X, "U": solution.U})
    trajectory_picture(folder.file("trajectory.png"), model, solution.X, solution.U)
    result = {
        "robot": model.robot.name,
        "cost": float(model.cost(solution.X, solution.U).sum()),
        "iterations": solution.iterations,
        "reason": str(solution.reason),
        "success": model.success(solution.X, solution.U),
        "mean_speed": float(model.speed(solution.X, solution.U).mean()),
        "seconds": seconds,
        "out": str(folder.path),
    }
    _report(result, f"trajectory of {model.robot.name}", json)


@app.command(name="train")
def train_command(
    robot: Positional[Robot],
    method: str | None = None,
    hidden: int | None = None,
    iterations: int | None = None,
    seed: int | None = None,
    optimizer: Literal["lbfgs", "sgd"] | None = None,
    bound: Literal["closed", "sampled"] | None = None,
    samples: int | None = None,
    demo: Demo = None,
    out: Path | None = None,
    resume: Path | None = None,
    json: Json = False,
) -> None:
    """Learn a policy.

    Args:
        method: How the policy is searched (vgps): vgps, gps, adapted-gps, dagger, weighted-dagger,
            adapted-dagger or cost-weighted.
        hidden: Number of hidden units (5).
        iterations: Outer iterations (as the robot's file says).
        seed: Seed of everything random (0).
        optimizer: What fits the policy to the trajectory distribution (lbfgs).
        bound: Integral over actions in closed form, or sampled as in the paper's equation 3 (closed).
        samples: Rollouts of the policy in each iteration, for methods that sample it (10).
        demo: Start from the actions U (T, nu) of this .npz, such as a trajectory.npz of optimize.
        out: Run folder; a new one in runs/ when absent.
        resume: Run folder to continue from its last checkpoint, to the same bits.
    """
    asked = {
        "method": method,
        "hidden": hidden,
        "iterations": iterations,
        "seed": seed,
        "optimizer": optimizer,
        "bound": bound,
        "samples": samples,
    }
    asked = {name: value for name, value in asked.items() if value is not None}
    for name in ("hidden", "iterations", "samples"):
        if asked.get(name, 1) < 1:
            raise UsageError(f"--{name} must be at least 1, found {asked[name]}")
    if resume is not None and demo is not None:
        raise UsageError("--resume continues what the run itself started from: leave out --demo")
    if resume is not None and out is not None:
        raise UsageError("--resume continues in its own folder: leave out --out")
    from vgps.experiments.training import evaluation, learn, prepared_folder, resumed_folder
    from vgps.policy.methods import METHODS

    if method is not None and method not in METHODS:
        raise UsageError(f"no method '{method}'{_nearest(method, METHODS)}")
    if resume is None and samples is not None and not METHODS[method or "vgps"].samples:
        raise UsageError(
            f"{method or 'vgps'} does not run its policy to learn: leave out --samples"
        )
    if resume is not None:
        folder = resumed_folder(find_robot(robot), resume, asked)
    else:
        folder = prepared_folder(find_robot(robot), asked, demo, out)
    model = build(load(folder.file("robot.yaml")))
    started = time.perf_counter()
    policy = learn(model, folder, progress)
    seconds = time.perf_counter() - started
    result = evaluation(model, folder, policy, FINAL_ROLLOUTS, model.robot.task.horizon, seed=0)
    result |= {"seconds": seconds, "out": str(folder.path)}
    # Drawing needs half a second of imports, which the first iteration should not wait for.
    from vgps.policy.evaluation import mean_rollout
    from vgps.report.run_report import draw_run

    draw_run(folder, model, mean_rollout(model, policy))
    if json:
        print_json(result)
        return
    show_evaluation(result)
    print(
        f"{folder.read_config()['iterations']} iterations in {seconds:.1f} s, saved in {folder.path}"
    )


@app.command(name="evaluate")
def evaluate_command(
    run: Positional[Run],
    rollouts: int = FINAL_ROLLOUTS,
    horizon: int | None = None,
    seed: int = 0,
    json: Json = False,
) -> None:
    """Average cost and success of the stochastic and the deterministic policy of a run.

    Args:
        rollouts: Rollouts of each, from the task's distribution of initial states.
        horizon: Steps of a rollout; as the robot's file says when absent.
        seed: Seed of initial states and noise.
    """
    for name, value in (("rollouts", rollouts), ("horizon", horizon)):
        if value is not None and value < 1:
            raise UsageError(f"--{name} must be at least 1, found {value}")
    from vgps.experiments.training import evaluation

    folder = RunFolder(run)
    folder.read_config()
    model = build(load(folder.file("robot.yaml")))
    policy = _load_policy(folder)
    result = evaluation(model, folder, policy, rollouts, horizon or model.robot.task.horizon, seed)
    if json:
        print_json(result)
    else:
        show_evaluation(result)


@app.command(name="push")
def push_command(
    run: Positional[Run], point: str, duration: float = 0.1, json: Json = False
) -> None:
    """The strongest horizontal push that the learned policy survives, at several instants.

    Args:
        point: What is pushed: a joint, a link's start or end, a point of the robot's file, or com.
        duration: Of the push, s, a multiple of the task's dt.
    """
    from vgps.policy import push

    folder = RunFolder(run)
    config = folder.read_config()
    model = build(load(folder.file("robot.yaml")))
    policy = _load_policy(folder)
    try:
        survived = push.survived_pushes(model, policy, point, duration)
    except push.PushError as error:
        raise UsageError(str(error)) from None
    result = {name: config[name] for name in ("robot", "method", "hidden", "seed")}
    result |= {
        "point": point,
        "duration": duration,
        "instants": push.INSTANTS,
        "recovery": push.RECOVERY,
        "success": model.robot.task.success,
        "impulse_step": push.IMPULSE_STEP,
        "impulse_limit": push.LARGEST_IMPULSE,
    }
    result |= {direction: impulse._asdict() for direction, impulse in survived.items()}
    if json:
        print_json(result)
    else:
        show_pushes(result)


@app.command(name="render")
def render_command(
    run: Positional[Run], format: Literal["gif", "mp4"] = "gif", json: Json = False
) -> None:
    """The gait of the learned policy as an animation, and the report page.

    Args:
        format: Of the animation; mp4 needs ffmpeg.
    """
    from vgps.policy.evaluation import mean_rollout
    from vgps.report.animation import animate
    from vgps.report.run_report import draw_run

    folder = RunFolder(run)
    folder.read_config()
    model = build(load(folder.file("robot.yaml")))
    policy = _load_policy(folder)
    gait = folder.file(f"gait.{format}")
    X = mean_rollout(model, policy)
    animate(model, X, gait)
    draw_run(folder, model, X)
    result = {"gait": str(gait), "report": str(folder.file("report.html"))}
    _report(result, f"pictures of {folder.path}", json)


@app.command(name="compare")
def compare_command(
    robots: tuple[Robot, ...] = ("swimmer", "walker"),
    hidden: tuple[int, ...] = (5, 10),
    methods: tuple[str, ...] | None = None,
    seeds: int = 10,
    iterations: int | None = None,
    jobs: int | None = None,
    cluster: str | None = None,
    out: Path = COMPARISON,
    json: Json = False,
) -> int:
    """Figure 1 of the paper: every method on every robot, a run for each seed, table and picture.

    Started again it does what is missing.  Exit status 1 where a run failed: the others are done.

    Args:
        hidden: Numbers of hidden units; with the robots they make the panels.
        methods: The contestants (all of the paper's).
        seeds: Runs of each method in each panel, with the seeds 0, 1, 2, ...
        iterations: Outer iterations (as each robot's file says).
        jobs: Processes on this machine (one for each core).
        cluster: Address of a Dask scheduler whose workers do the runs instead.
        out: Folder for the runs, the table and the picture.
    """
    for name, values in (("robots", robots), ("hidden", hidden), ("methods", methods)):
        if values == ():
            raise UsageError(f"--{name} needs at least one")
    for name, value in (
        ("hidden", min(hidden)),
        ("seeds", seeds),
        ("iterations", iterations),
        ("jobs", jobs),
    ):
        if value is not None and value < 1:
            raise UsageError(f"--{name} must be at least 1, found {value}")
    if jobs is not None and cluster is not None:
        raise UsageError("--cluster brings its own workers: leave out --jobs")
    from vgps.experiments.plan import contestants, plan
    from vgps.policy.methods import METHODS

    known = contestants(METHODS)
    for name in methods or ():
        if name not in known:
            raise UsageError(f"no method '{name}'{_nearest(name, known)}")
    descriptions = _descriptions(robots)
    chosen = {name: known[name] for name in methods or known}
    runs = plan(descriptions, list(dict.fromkeys(hidden)), chosen, seeds, iterations)

    from vgps.experiments.comparison import carry_out
    from vgps.experiments.member import trial
    from vgps.experiments.workers import workers
    from vgps.report.comparison_report import report_comparison

    # Workers here are killed in an interruption, and what they were at is in this folder.
    with (
        TemporaryDirectory(prefix="vgps-", ignore_cleanup_errors=True) as scratch,
        workers(jobs, cluster) as sweep,
    ):
        work = trial if cluster else partial(trial, scratch=scratch)
        models = {robot.name: build(robot) for robot in descriptions}
        try:
            with progress("run", len(runs)) as update:
                carry_out(out, runs, sweep, work, update)
        except (ClusterLost, KeyboardInterrupt):
            report_comparison(out, runs, models)
            raise
    table, failures = report_comparison(out, runs, models)
    if json:
        print_json({"out": str(out), "table": table, "failed": failures})
    else:
        show_standings(table)
        print(
            f"{len(runs)} runs, {len(failures)} failed; figure1.png, table.md, results.csv in {out}"
        )
    return 1 if failures else 0


@app.command(name="bench")
def bench_command(rounds: int = 15, readme: bool = False, json: Json = False) -> None:
    """The performance table: our work beside that of the peers that are installed.

    Args:
        rounds: Interleaved rounds of each row.
        readme: Write the table into README.md too.
    """
    from vgps.bench.readme import MarkerError, Readme
    from vgps.bench.table import HEADER, cells, parts

    if rounds < 1:
        raise UsageError(f"--rounds must be at least 1, found {rounds}")
    try:
        page = Readme(README) if readme else None  # before minutes of measuring
    except MarkerError as error:
        raise UsageError(str(error)) from None
    rows, measures = [], parts()
    with progress("bench", len(measures)) as update:
        for done, measure in enumerate(measures, start=1):
            rows += measure(rounds)
            update(done, rows[-1].name)
    if page is not None:
        page.write(rows, rounds)
    if json:
        print_json([row._asdict() for row in rows])
    else:
        show_table("ours beside peers", HEADER, [cells(row) for row in rows])


def find_robot(name: str) -> Path:
    """The file of a robot given by name or path.  Raises UsageError naming the nearest robot."""
    path = Path(name)
    if path.suffix in (".yaml", ".yml") or len(path.parts) > 1:
        return path
    known = sorted(file.stem for file in MODELS.glob("*.yaml"))
    if name in known:
        return MODELS / f"{name}.yaml"
    raise UsageError(f"no robot '{name}' in models/{_nearest(name, known)}, or a YAML file")


def _descriptions(names: Iterable[str]) -> list[Description]:
    """Of robots given by name or path, each once.  UsageError where two have the same name."""
    robots = {}
    for path in dict.fromkeys(map(find_robot, names)):
        robot = load(path)
        if robot.name in robots:
            raise UsageError(f"{robots[robot.name].path} and {path} both name '{robot.name}'")
        robots[robot.name] = robot
    return list(robots.values())


def _nearest(word: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown word."""
    near = difflib.get_close_matches(word, known, n=1)
    hint = f" did you mean '{near[0]}'?" if near else ""
    return f";{hint} known: {', '.join(known)}"


def _load_policy(folder: RunFolder):
    from vgps.policy.store import policy_from_arrays

    return policy_from_arrays(folder.read_arrays("policy.npz"))


def _report(result: dict, title: str, json: bool) -> None:
    if json:
        print_json(result)
    else:
        show_table(title, ("", ""), list(result.items()))


def main() -> int:
    try:
        return app.cli(prog="run.py", description=__doc__) or 0
    except (
        ClusterError,
        DemonstrationError,
        RobotFileError,
        RunFolderError,
        UsageError,
    ) as error:
        print(error, file=sys.stderr)
        return 2
    except (BuildError, ClusterLost, FloatingPointError, MissingEncoder, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "interrupted; `train ROBOT --resume RUN` continues a training run, "
            "the same `compare` does what is missing",
            file=sys.stderr,
        )
        return 130


if __name__ == "__main__":
    sys.exit(main())
