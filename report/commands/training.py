"""The command that learns a policy.

It imports what it needs itself: Numba and Matplotlib take seconds to come.
"""

import time
from collections import Counter

from tyro.conf import OmitArgPrefixes, Positional

from vgps.codegen.lock import locked
from vgps.policy.settings import RunSettings
from vgps.report import console
from vgps.report.console import print_json, progress
from vgps.report.hints import (
    point_to_doctor_unless_learned,
    pointing_to_doctor,
    say_next,
)
from vgps.report.options import (
    File,
    Flag,
    Folder,
    Json,
    Set,
    Settings,
    Trained,
    UsageError,
    loaded,
)


def train_command(
    settings: OmitArgPrefixes[Settings],
    robot: Positional[Trained] = None,
    demo: File = None,
    out: Folder = None,
    resume: Folder = None,
    accept_changes: Flag = False,
    tensorboard: Flag = False,
    overrides: Set = (),
    json: Json = False,
) -> None:
    """Learn a policy.

    Args:
        demo: Start from the actions U (T, nu) and, where it has some, the states X of this .npz,
            such as a trajectory.npz of optimize, or from the columns of a .csv.
        out: Run folder; a new one in runs/ when absent.
        resume: Run folder to continue from its last checkpoint, to the same bits.
        accept_changes: Resume with other training settings of the robot's file than at first.
        tensorboard: Write the rows of metrics.csv for TensorBoard as well, into the run folder.
    """
    for option, given in (("demo", demo), ("out", out), ("set", overrides)):
        if resume is not None and given:
            raise UsageError(f"--resume continues a run as it began: leave out --{option}")
    if accept_changes and resume is None:
        raise UsageError("--accept-changes belongs to --resume")
    from vgps.experiments import training
    from vgps.experiments.changes import require_same_run
    from vgps.experiments.evaluation import evaluation, require_finite_cost, store_evaluation
    from vgps.experiments.progress import counted
    from vgps.experiments.run_folder import ROBOT, RunFolder, free_path

    if robot is None:
        if resume is None:
            raise UsageError("no robot is named: give a name in models/ or a YAML file")
        RunFolder(resume).read_config()  # what is no run says so
        robot = str(resume / ROBOT)
    described = loaded(robot, overrides)
    if resume is None:
        chosen = RunSettings.model_validate(settings)
        name = f"{described.name}-{chosen.method}-{chosen.hidden}-seed{chosen.seed}"
        folder = out or free_path(name)
    else:
        folder, asked = resume, dict(settings)
        require_same_run(folder, described, asked, accept_changes)
        chosen = RunSettings.model_validate({"iterations": asked.get("iterations")})
    started, counts = time.perf_counter(), Counter[str]()
    from vgps.report.page.live import drawn_live
    from vgps.report.page.run import write_run_page

    watch = drawn_live(counted(progress, counts), folder)
    with locked(folder), pointing_to_doctor(robot, json):
        if resume is None:
            run = training.train(
                described,
                chosen,
                demonstration=demo,
                out=folder,
                watch=watch,
                tensorboard=tensorboard,
            )
        else:
            run = training.resume(
                folder, iterations=chosen.iterations, watch=watch, tensorboard=tensorboard
            )
        seconds = time.perf_counter() - started
        found = evaluation(run)
        store_evaluation(RunFolder(folder), found)
        write_run_page(run)
        result = found | {"seconds": seconds, "out": str(folder)}
    if json:
        print_json(result)
    else:
        console.show_evaluation(result, moves=described.base == "floating")
        now = counts["iteration"]
        earlier = result["iterations"] - now
        said = f"{now} iterations" + (f" after {earlier} earlier ones" if earlier else "")
        print(f"{said} in {seconds:.1f} s, saved in {folder}")
        say_next(("evaluate", str(folder)), ("render", str(folder)))
        point_to_doctor_unless_learned(result, robot)
    require_finite_cost(run, result)
