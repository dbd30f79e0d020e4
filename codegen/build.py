"""From a robot's description to a loaded shared library, doing only what is out of date.

A build is three files in ``generated/NAME/``, whose common stem is a hash over everything that
shapes them: the mechanics and the expressions of the description, this room's source, the versions
of SymPy and CasADi, and the compiler with the processor it compiles for.  Each file is written
under a temporary name and renamed, the manifest last and with a checksum, so that whatever an
interrupted build leaves, or damage makes of it, is never trusted; the next one removes it.  A lock
makes a second process that wants the same robot wait and then find it done.
"""

import hashlib
import json
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from vgps.codegen.description.expression import parse
from vgps.codegen.description.robot import Robot
from vgps.codegen.errors import singular
from vgps.codegen.files import remove_leftovers, rename_durably, scratch
from vgps.codegen.folders import builds
from vgps.codegen.lock import locked, tidy
from vgps.codegen.mechanism import Manifest
from vgps.codegen.model import Model
from vgps.codegen.toolchain import Toolchain, find_toolchain

_ROOM = Path(__file__).parent
_MANIFEST = TypeAdapter(Manifest)


def build(robot: Robot, force: bool = False, folder: str | Path | None = None) -> Model:
    """The compiled robot; derives, generates and compiles it first where that is out of date.

    ``model.manifest`` tells the seconds of each stage and the operation count of each function;
    ``model.was_built`` whether this call did the work.

    Args:
        robot: a validated description.
        force: build even what is up to date.
        folder: holds a folder for each robot; ``folders.builds()`` when absent.

    Raises:
        BuildError: there is no compiler, it fails, or the mass matrix is singular.
    """
    toolchain = find_toolchain()
    home = (builds() if folder is None else Path(folder)) / robot.name
    stem = home / f"{robot.name}-{content_hash(robot, toolchain)}"
    was_built = False
    manifest = None if force else _trusted_manifest(stem)
    if manifest is not None:
        tidy(home)
    else:
        with locked(home, wait=True):
            remove_leftovers(home)
            # Another process may have finished the same build while this one waited.
            manifest = None if force else _trusted_manifest(stem)
            if manifest is None:
                was_built = True
                manifest = _build(robot, toolchain, stem)
    model = Model(robot, stem.with_suffix(".so"), manifest, was_built)
    _refuse_singular(model)
    return model


def _refuse_singular(model: Model) -> None:
    """A coordinate that moves no inertia has no acceleration: say so rather than compute NaN."""
    for x0 in model.x0s:
        mass = model.mass_matrix(x0[: model.nq])
        scale = 1.0 / np.sqrt(np.diag(mass).clip(min=np.finfo(float).tiny))
        eigenvalues, vectors = np.linalg.eigh(scale[:, None] * mass * scale)
        if eigenvalues[0] < 1e-12:
            coordinate = model.q_names[int(np.argmax(np.abs(vectors[:, 0])))]
            raise singular(model.robot.path or model.robot.name, coordinate)


def content_hash(robot: Robot, toolchain: Toolchain, room: Path = _ROOM) -> str:
    """Hash of everything that shapes a robot's library; ``room`` holds the generator's source."""
    digest = hashlib.sha256()
    for part in (
        json.dumps(_what_shapes_the_code(robot), sort_keys=True),
        *(path.read_text(encoding="utf-8") for path in generator_files(room)),
        version("sympy"),
        version("casadi"),
        *toolchain.command,
        *toolchain.flags,
        toolchain.fingerprint,
    ):
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()[:16]


def generator_files(room: Path = _ROOM) -> list[Path]:
    """Everything that could shape the code: each source file of this room."""
    return sorted(path for suffix in ("py", "c") for path in room.rglob(f"*.{suffix}"))


def _what_shapes_the_code(robot: Robot) -> dict[str, Any]:
    """The description without what is read at run time, so that tuning a task compiles nothing."""
    unread: dict[str, Any] = dict.fromkeys(
        ("description", "gait", "targets", "training", "task"), True
    )
    unread |= {"joints": {"__all__": {"torque_limit"}}, "actuators": {"__all__": {"limits"}}}
    content = robot.model_dump(mode="json", exclude=unread)
    content["last_actions"] = robot.last_actions
    content["targets"] = robot.target_names  # where they are is read at run time
    task = {"dt", "substeps", "integrator", "cost", "final_cost"}
    content["task"] = robot.task.model_dump(mode="json", include=task)
    content["aggregated"] = robot.task.aggregated  # what success asks of it is decided at run time
    # Coordinates are picked at run time; expressions are compiled.
    content["observe"] = robot.task.expressions
    named = _compiled_names(robot)
    content["parameters"] = {name: n for name, n in robot.parameters.items() if name in named}
    return content


def _compiled_names(robot: Robot) -> set[str]:
    """What compiled expressions name; every other number of the file is computed already."""
    task, height = robot.task, "0" if robot.ground is None else robot.ground.height
    texts = (task.cost, task.final_cost or "0", height, *task.aggregated, *task.expressions)
    return set().union(*(parse(text).names for text in texts))


def _trusted_manifest(stem: Path) -> Manifest | None:
    try:
        content = stem.with_suffix(".json").read_bytes()
        manifest = _MANIFEST.validate_json(content, strict=True)
        library = stem.with_suffix(".so").read_bytes()
    except (OSError, ValueError):
        return None
    return manifest if manifest["sha256"] == _checksum(manifest, library) else None


def _checksum(manifest: Manifest, library: bytes) -> str:
    """Of all that a build leaves to be used: the library, and what else its manifest says."""
    rest = {key: value for key, value in manifest.items() if key != "sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode() + b"\0" + library).hexdigest()


def _build(robot: Robot, toolchain: Toolchain, stem: Path) -> Manifest:
    # SymPy and CasADi take a second to import, which an up-to-date robot never pays.
    from vgps.codegen.emission.c_file import PARTS, c_source
    from vgps.codegen.mechanics.function import compile_expressions, operation_count
    from vgps.codegen.mechanics.functions import generate

    started = time.perf_counter()
    robot_functions = generate(robot)
    derived = time.perf_counter()
    compiled = [compile_expressions(function) for function in robot_functions.functions]
    source = c_source(robot, robot_functions, compiled)
    emitted = time.perf_counter()
    with scratch(stem.parent) as folder:
        files = {suffix: folder / f"{stem.name}{suffix}" for suffix in (".c", ".so", ".json")}
        files[".c"].write_text(source, encoding="utf-8")
        toolchain.compile(files[".c"], files[".so"], PARTS)
        manifest: Manifest = {
            "robot": robot.name,
            "seconds": {
                "derive": derived - started,
                "generate": emitted - derived,
                "compile": time.perf_counter() - emitted,
            },
            "operations": {f.name(): operation_count(f) for f in compiled},
            "points": robot_functions.point_names,
            "sha256": "",
        }
        manifest["sha256"] = _checksum(manifest, files[".so"].read_bytes())
        files[".json"].write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        for suffix, path in files.items():
            rename_durably(path, stem.with_suffix(suffix))
    return manifest
