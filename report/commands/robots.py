"""Commands about a robot: write, check, build and examine it, and optimise a trajectory.

They import what they need themselves: Numba and Matplotlib take seconds to come.
"""

import sys
from typing import Any

from tyro.conf import Positional

from vgps.codegen.description.robot import load
from vgps.codegen.errors import RobotFileError
from vgps.codegen.lock import locked
from vgps.policy.settings import RunSettings
from vgps.report import console
from vgps.report.console import print_json, progress
from vgps.report.hints import point_to_doctor, pointing_to_doctor, say_next, say_unfinished
from vgps.report.options import (
    Count,
    File,
    Flag,
    Folder,
    Foreign,
    Json,
    Like,
    Name,
    Robot,
    Robots,
    Set,
    descriptions,
    loaded,
    overridden,
    require_at_least,
    require_named,
)


def check_command(robots: Positional[Robots] = (), overrides: Set = (), json: Json = False) -> int:
    """Validate robot files."""
    require_named(robots, "robot", "a name in models/ or a YAML file")
    from vgps.codegen.demonstration import own_recording

    results: list[dict[str, Any]] = []
    for name in robots:
        try:
            robot = load(name, overridden(overrides))
            own_recording(robot)
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
    valid = all(result["ok"] for result in results)
    if json:
        print_json({"robots": results})
    elif valid:
        say_next(("build", *robots))
    return 0 if valid else 2


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
        print(f"{path}: written, to be edited")
        say_next(("check", str(path)))


def import_command(file: Positional[Foreign], out: File = None, json: Json = False) -> None:
    """Write a commented robot file from a planar MJCF or URDF file, and say what it leaves out.

    Args:
        out: File to write; when absent, a .yaml in the current folder with the name of FILE.
    """
    from vgps.report.imported_robot import import_into

    path, left_out = import_into(file, out)
    for sentence in left_out:
        print(f"left out: {sentence}", file=sys.stderr)
    if json:
        print_json({"file": str(path), "left_out": left_out})
    else:
        print(f"{path}: written, to be edited")
        say_next(("check", str(path)))


def build_command(
    robots: Positional[Robots] = (),
    force: Flag = False,
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
    fix: File = None,
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
    iterations: Count = None,
    seed: int = 0,
    demo: File = None,
    out: Folder = None,
    overrides: Set = (),
    json: Json = False,
) -> None:
    """Optimise a trajectory alone, one from each initial state; save it with a picture.

    Args:
        iterations: Largest number of iterations of DDP; as many as in training when absent.
        seed: Seed of the noise that the actions start from.
        demo: Start from the actions U (T, nu) and, where it has some, the states X of this .npz,
            or from the columns of a .csv.
        out: Folder for the result; a new one in runs/ when absent.
    """
    described = loaded(robot, overrides)
    from vgps.experiments.optimization import optimize_into
    from vgps.experiments.run_folder import free_path
    from vgps.report.figures import trajectory_picture
    from vgps.solver.ilqr import Reason
    from vgps.solver.trials import succeeds

    folder = out or free_path(f"{described.name}-trajectory-seed{seed}")
    with locked(folder), pointing_to_doctor(robot, json):
        model, found, result = optimize_into(folder, described, iterations, seed, demo, progress)
        trajectory_picture(folder / "trajectory.png", model, found[0].X, found[0].U)
    console.show_result(result, f"trajectory of {described.name}", json)
    if json:
        return
    if any(one.reason is Reason.ITERATIONS for one in found):
        say_unfinished(max(one.iterations for one in found))
    if all(succeeds(model, one.X, one.U) for one in found):
        say_next(("train", robot))
    else:
        point_to_doctor(robot)
