"""Training: a method's search, measured after each iteration and stored in a folder as it goes."""

import json
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.build import build
from vgps.codegen.description.robot import Robot, load
from vgps.codegen.files import remove_leftovers
from vgps.codegen.lock import locked
from vgps.codegen.model import Model
from vgps.experiments.config import RunConfig
from vgps.experiments.demonstration import checked_actions, read_demonstration
from vgps.experiments.errors import RunFolderError
from vgps.experiments.memory import of_training, require_memory
from vgps.experiments.progress import Watch, unwatched
from vgps.experiments.run import Run, Trajectory, read_trajectory
from vgps.experiments.run_folder import DEMO, ROBOT, RunFolder
from vgps.policy.evaluation import run_policy, summarize
from vgps.policy.gaussian import Policy
from vgps.policy.methods import METHODS
from vgps.policy.search import initial_trajectory, search, search_settings
from vgps.policy.settings import RunSettings
from vgps.policy.state import Beginning, SearchSettings, SearchState, start
from vgps.policy.store import policy_to_arrays, state_from_arrays, state_to_arrays
from vgps.solver.ilqr import Solution

Array = NDArray[np.float64]

ROLLOUTS_PER_ITERATION = 10  # as many as the paper's methods that sample their policy


def train(
    robot: str | Path | Robot,
    settings: RunSettings | None = None,
    *,
    demonstration: str | Path | Array | None = None,
    out: str | Path | None = None,
    watch: Watch = unwatched,
) -> Run:
    """Learn a policy.

    Args:
        robot: a name in models/, a file, or what ``load`` made of one.
        settings: method, size of the policy, seed and so on; the defaults of RunSettings when
            absent.
        demonstration: actions U (T, nu) to start from, N·m or N, or an .npz that holds them; as the
            robot's file says when absent.
        out: folder for the run, new or empty, or begun in the same way, which is then continued;
            the run is kept nowhere when absent.
        watch: shows how far it is (`experiments.progress`).

    Raises:
        RobotFileError: when the robot cannot be read.
        BuildError: when it cannot be compiled.
        DemonstrationError: when the robot cannot start from the demonstration.
        RunFolderError: when ``out`` holds something else.
        FolderError: when another process is writing into it.
        TooLargeError: when what the settings ask for does not fit into the memory.
        ValueError: when ``out`` is given for a robot that is not from a file.
        FloatingPointError: when a step of the method stops being finite, with its quantity.
    """
    described = robot if isinstance(robot, Robot) else load(robot)
    if out is not None and not described.text:
        raise ValueError("a run folder keeps the robot's file, and this robot has none")
    settings = (settings or RunSettings()).resolved(described)
    model = build(described)
    U, demo = None, None
    if isinstance(demonstration, str | Path):
        U, demo = read_demonstration(Path(demonstration), model), str(demonstration)
    elif demonstration is not None:
        demo = "given actions"
        U = checked_actions("the demonstration", demonstration, model)
    asked_for = f"{settings.hidden} hidden units"
    asked_for += f" and {settings.rollouts} samples" if settings.rollouts else ""
    require_memory(asked_for, of_training(model, settings))
    if out is None:
        return _learn(model, settings, U, None, watch)
    folder = RunFolder(out)
    with locked(folder.path):
        _begin(folder, RunConfig.of(described, settings, demo), described.text, U)
        return _learn(model, settings, U, folder, watch)


def resume(path: str | Path, *, iterations: int | None = None, watch: Watch = unwatched) -> Run:
    """Continue the run in a folder from its last checkpoint, to the same bits as without the stop.

    Args:
        path: its folder.
        iterations: where to stop; as the run was asked to when absent.
        watch: shows how far it is (`experiments.progress`).

    Raises:
        RunFolderError: when this is no run.
        FolderError: when another process is writing into it.
        FloatingPointError: as ``train`` does.
    """
    folder = RunFolder(path)
    folder.read_config()  # before a lock is left in what is no run
    with locked(folder.path):
        remove_leftovers(folder.path)
        config = folder.read_config()
        if not folder.file(ROBOT).exists():
            raise RunFolderError(f"{path} has no {ROBOT} yet: give the command that began it")
        if iterations is not None:
            config = config.replaced(iterations=iterations)
            folder.write_config(config)
        model = build(load(folder.file(ROBOT), config.overrides))
        U = folder.read_arrays(DEMO)["U"] if config.demo is not None else None
        return _learn(model, config, U, folder, watch)


def require_same_run(path: str | Path, robot: Robot, asked: dict[str, object]) -> None:
    """Refuse to continue a run as another robot's, or with other settings than its own.

    Args:
        path: folder of the run.
        robot: whose run it is said to be.
        asked: settings by name; the number of iterations may differ.

    Raises:
        RunFolderError: for the first difference.
    """
    config = RunFolder(path).read_config()
    if robot.name != config.robot:
        raise RunFolderError(f"{path} is a run of '{config.robot}', not of '{robot.name}'")
    for name, value in asked.items():
        own = getattr(config, name)
        if name != "iterations" and value != own:
            raise RunFolderError(f"{path} was started with --{name} {own}, not {value}")


def _begin(folder: RunFolder, config: RunConfig, text: str, U: Array | None) -> None:
    """Write what the run starts from, or make sure that it is what the folder started from."""
    if folder.is_begun():
        _require_same_beginning(folder, config, text, U)
    else:
        folder.require_empty()
        folder.write_config(config)
    remove_leftovers(folder.path)
    if not folder.file(ROBOT).exists():
        folder.write_text(ROBOT, text)
    if U is not None and not folder.file(DEMO).exists():
        folder.write_arrays(DEMO, {"U": U})


def _require_same_beginning(
    folder: RunFolder, config: RunConfig, text: str, U: Array | None
) -> None:
    own = folder.read_config()
    held = f"{folder.path} already exists, and holds a run"
    # The same actions may come from another place, and a run may be continued by newer packages.
    for name, value in config.model_dump(exclude={"demo", "versions"}).items():
        if getattr(own, name) != value:
            raise RunFolderError(f"{held} with {name} {getattr(own, name)}, not {value}")
    if (own.demo is None) != (U is None):
        raise RunFolderError(f"{held} that started from {own.demo or 'no demonstration'}")
    if U is not None and folder.file(DEMO).exists():
        if not np.array_equal(folder.read_arrays(DEMO)["U"], U):
            raise RunFolderError(f"{held} that started from another demonstration")
    if folder.file(ROBOT).exists() and folder.file(ROBOT).read_text(encoding="utf-8") != text:
        raise RunFolderError(f"{held} with another version of the robot's file")


def watched_trajectory(
    model: Model,
    settings: SearchSettings,
    rng: np.random.Generator,
    U: Array | None,
    watch: Watch = unwatched,
) -> tuple[Solution, float]:
    """Line 1 of Algorithm 1, from U (T, nu) or the robot's own start, and the seconds it took."""
    started = time.perf_counter()
    with watch("trajectory", settings.initial.max_iterations) as update:
        solution = initial_trajectory(
            model,
            settings,
            rng,
            U,
            # A line for every iteration would bury a log file.
            lambda i: update(i.iteration, f"cost {i.cost:.2f}") if i.iteration % 25 == 0 else None,
        )
    return solution, time.perf_counter() - started


def _learn(
    model: Model,
    settings: RunSettings,
    U: Array | None,
    folder: RunFolder | None,
    watch: Watch,
) -> Run:
    """Begin or continue a run up to its last iteration.

    In a folder every iteration adds a row to metrics.csv and renews policy.npz and checkpoint.npz.
    """
    rng = np.random.default_rng(settings.seed)
    rows: list[dict[str, float]] = []
    state: SearchState | Beginning
    if folder is not None and folder.file("checkpoint.npz").exists():
        state = _restored(folder, settings, rng)
        trajectory, policy = read_trajectory(folder), state.policy
    else:
        asked = search_settings(settings, model.robot)
        solution, _ = watched_trajectory(model, asked, rng, U, watch)
        cost = float(model.cost(solution.X, solution.U).sum())
        trajectory = Trajectory(solution.X, solution.U, cost)
        state = start(model, solution)
        if folder is not None:
            folder.file("metrics.csv").unlink(missing_ok=True)
            folder.write_arrays("trajectory.npz", trajectory._asdict())

    with watch("iteration", settings.last_iteration(model.robot)) as update:
        for reached, record in search(model, settings.method, settings, rng, state):
            policy = reached.policy
            costs = _costs(model, policy, rng)
            rows.append(record._asdict() | costs)
            if folder is not None:
                _store(folder, rows[-1], reached, rng)
            update(
                reached.k,
                f"cost stochastic {costs['stochastic_cost']:.1f}, "
                f"deterministic {costs['deterministic_cost']:.1f}",
            )
    metrics = _columns(rows) if folder is None else folder.read_metrics()
    return Run(model, settings, trajectory, policy, metrics, folder)


def _store(
    folder: RunFolder, row: dict[str, float], state: SearchState, rng: np.random.Generator
) -> None:
    folder.append_metrics(row)
    folder.write_arrays("policy.npz", policy_to_arrays(state.policy))
    random = {"random": np.array(json.dumps(rng.bit_generator.state))}
    folder.write_arrays("checkpoint.npz", state_to_arrays(state) | random)


def _restored(folder: RunFolder, settings: RunSettings, rng: np.random.Generator) -> SearchState:
    """The state of the last checkpoint; ``rng`` and metrics.csv go back to it."""
    arrays = folder.read_arrays("checkpoint.npz")
    state = state_from_arrays(arrays, METHODS[settings.method].memory)
    rng.bit_generator.state = json.loads(str(arrays["random"]))
    folder.keep_metrics(state.k)
    return state


def _costs(model: Model, policy: Policy, rng: np.random.Generator) -> dict[str, float]:
    """What metrics.csv says of ``policy``: average cost and success, with its noise and without."""
    horizon = model.robot.task.horizon
    row: dict[str, float] = {}
    for kind in ("stochastic", "deterministic"):
        stochastic = kind == "stochastic"
        rollouts = run_policy(model, policy, ROLLOUTS_PER_ITERATION, horizon, rng, stochastic)
        summary = summarize(model, rollouts)
        row |= {f"{kind}_cost": summary.mean_cost, f"{kind}_success": summary.success_rate}
    return row


def _columns(rows: list[dict[str, float]]) -> dict[str, Array]:
    names = rows[0] if rows else ()
    return {name: np.array([row[name] for row in rows], dtype=float) for name in names}
