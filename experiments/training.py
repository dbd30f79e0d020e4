"""Training: a method's search, measured after each iteration and stored in a folder as it goes."""

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.build import build
from vgps.codegen.description.robot import Robot, load
from vgps.codegen.files import remove_leftovers
from vgps.codegen.lock import locked
from vgps.codegen.model import Model
from vgps.experiments.beginning import begin
from vgps.experiments.changes import robot_of
from vgps.experiments.checkpoint import (
    Checkpoint,
    read_checkpoint,
    rounds_of_finish,
    store_policy,
)
from vgps.experiments.config import RunConfig
from vgps.experiments.errors import RunFolderError
from vgps.experiments.finishing import finish_run
from vgps.experiments.initial import watched_trajectories
from vgps.experiments.keeping import keeping
from vgps.experiments.measuring import measured
from vgps.experiments.memory import of_training, require_memory
from vgps.experiments.metrics import Metrics
from vgps.experiments.policies import kept_thetas, store_thetas
from vgps.experiments.progress import Watch, unwatched
from vgps.experiments.run import (
    Run,
    Trajectory,
    best_row,
    read_trajectories,
    store_trajectories,
)
from vgps.experiments.run_folder import DEMO, EVALUATION, ROBOT, RunFolder
from vgps.experiments.scalars import Row, require_tensorboard, scalars
from vgps.experiments.selection import Best, best_of
from vgps.policy.gaussian import Policy
from vgps.policy.search import search, search_settings
from vgps.policy.settings import RunSettings
from vgps.policy.state import Beginning, SearchState, start
from vgps.solver.demonstrated import checked_actions, own_demonstration, read_demonstration
from vgps.solver.ilqr import Solution

Array = NDArray[np.float64]


def train(
    robot: str | Path | Robot,
    settings: RunSettings | None = None,
    *,
    demonstration: str | Path | Array | None = None,
    out: str | Path | None = None,
    watch: Watch = unwatched,
    tensorboard: bool = False,
) -> Run:
    """Learn a policy.

    Args:
        robot: a name in models/, a file, or what ``load`` made of one.
        settings: method, size of the policy, seed and so on; the defaults of RunSettings when
            absent.
        demonstration: actions U (T, nu) to start from, N·m or N, or an .npz that holds them, and
            (S, T, nu) of a task with S initial states; as the robot's file says when absent.
        out: folder for the run, new or empty, or begun in the same way, which is then continued;
            the run is kept nowhere when absent.
        watch: shows how far it is (`experiments.progress`).
        tensorboard: whether the rows of metrics.csv are written for TensorBoard, too.

    Raises:
        RobotFileError: when the robot cannot be read, or what its file says that it starts from.
        BuildError: when it cannot be compiled.
        MethodError: when the method cannot learn from the robot's initial states.
        DemonstrationError: when the robot cannot start from the demonstration.
        RunFolderError: when ``out`` holds something else.
        FolderError: when another process is writing into it.
        TooLargeError: when what the settings ask for does not fit into the memory.
        MissingPackageError: when what writes for TensorBoard is not installed.
        ValueError: when ``out`` is given for a robot that is not from a file, or TensorBoard asked
            for without ``out``.
        FloatingPointError: when a step of the method stops being finite, with its quantity.
    """
    described = robot if isinstance(robot, Robot) else load(robot)
    if out is not None and not described.text:
        raise ValueError("a run folder keeps the robot's file, and this robot has none")
    if tensorboard:
        if out is None:
            raise ValueError("what TensorBoard reads is kept in a run folder: give out")
        require_tensorboard()
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
        return _learn(model, settings, U, None, None, watch)
    folder = RunFolder(out)
    recorded = own_demonstration(model) if U is None else U
    with locked(folder.path):
        begin(folder, RunConfig.of(described, settings, demo), model, recorded)
        checkpoint = read_checkpoint(folder, settings, described)
        return _learn(model, settings, U, folder, checkpoint, watch, tensorboard)


def resume(
    path: str | Path,
    *,
    iterations: int | None = None,
    watch: Watch = unwatched,
    tensorboard: bool = False,
) -> Run:
    """Continue the run in a folder from its last checkpoint, to the same bits as without the stop.

    Args:
        path: its folder.
        iterations: where to stop; as the run was asked to when absent.
        watch: shows how far it is (`experiments.progress`).
        tensorboard: as of ``train``.

    Raises:
        InputError: when this is no run, one of its files is damaged, edited or of another robot, or
            it has done more iterations.
        FolderError: when another process is writing into it.
        FloatingPointError: as ``train`` does.
    """
    folder = RunFolder(path)
    folder.read_config()  # before a lock is left in what is no run
    if tensorboard:
        require_tensorboard()
    with locked(folder.path):
        remove_leftovers(folder.path)
        config = folder.read_config()
        if not folder.file(ROBOT).exists():
            raise RunFolderError(f"{path} has no {ROBOT} yet: give the command that began it")
        robot = robot_of(folder, config)
        checkpoint = read_checkpoint(folder, config, robot)
        if iterations is not None:
            config = config.replaced(iterations=iterations)
        if checkpoint is not None and checkpoint.state.k > config.last_iteration(robot):
            raise RunFolderError(
                f"{path} has done {checkpoint.state.k} iterations, which cannot become "
                f"{config.last_iteration(robot)}"
            )
        model, U = build(robot), None
        if checkpoint is None and config.demo is not None:
            U = read_demonstration(folder.existing(DEMO), model)
        if iterations is not None:
            folder.write_config(config)
        return _learn(model, config, U, folder, checkpoint, watch, tensorboard)


def _learn(
    model: Model,
    settings: RunSettings,
    U: Array | None,
    folder: RunFolder | None,
    checkpoint: Checkpoint | None,
    watch: Watch,
    tensorboard: bool = False,
) -> Run:
    """Begin or continue a run up to its last iteration.

    In a folder every iteration adds a row to metrics.csv; policies.npz, policy.npz and
    checkpoint.npz follow (`experiments.keeping`), and finish.npz with every round of the finish.
    The policy of a run is the best of its search, or what the finish makes of that.
    """
    if folder is not None:
        folder.file(EVALUATION).unlink(missing_ok=True)  # of the policy so far
    rng = np.random.default_rng(settings.seed)
    rows: list[dict[str, float | str]] = []
    state: SearchState | Beginning
    best: Best | None = None
    thetas: list[Array] = []
    if folder is not None and checkpoint is not None:
        stored, rng.bit_generator.state = checkpoint.state, checkpoint.random
        state = stored._replace(policy=stored.policy.bound(model))
        trajectories = read_trajectories(folder, model.robot)
        best = checkpoint.best or best_of(model, None, state.policy, state.k, settings.seed)
        policy = state.policy.with_theta(best.theta)
        count = state.k + rounds_of_finish(folder, settings, model.robot, state.k)
        folder.keep_metrics(count)
        thetas = kept_thetas(folder, settings, model.robot, count)
        # It may be damaged, or of the next iteration.
        store_policy(folder, model.robot, policy, state.k)
    else:
        asked = search_settings(settings, model.robot)
        solutions, _ = watched_trajectories(model, asked, rng, U, watch)
        trajectories = tuple(
            Trajectory(one.X, one.U, float(model.cost(one.X, one.U).sum())) for one in solutions
        )
        state = start(model, solutions)
        if folder is not None:
            folder.file("metrics.csv").unlink(missing_ok=True)
            chosen = _chosen(model.robot, solutions)
            folder.write_config(folder.read_config().replaced(chosen=chosen))
            store_trajectories(folder, model.robot, trajectories)

    with scalars(folder) if folder is not None and tensorboard else nullcontext(_unlogged) as log:

        def note(row: dict[str, float | str], reached: Policy) -> None:
            rows.append(row)
            thetas.append(reached.theta)
            log(row)
            if folder is not None:
                folder.append_metrics(row)

        def note_and_store(row: dict[str, float | str], reached: Policy) -> None:
            note(row, reached)
            if folder is not None:
                store_thetas(folder, model.robot, thetas)

        with (
            watch("iteration", settings.last_iteration(model.robot)) as update,
            nullcontext() if folder is None else keeping(folder, model.robot) as keep,
        ):
            for reached, record in search(model, settings.method, settings, rng, state):
                state, k = reached, reached.k
                costs = measured(model, reached.policy, settings.seed, k, reached.q)
                best = best_of(model, best, reached.policy, k, settings.seed)
                policy = reached.policy.with_theta(best.theta)
                row = {"stage": "search"} | record._asdict() | costs | {"best": best.k}
                note(row, reached.policy)
                if keep is not None:
                    keep(Checkpoint(reached, best, dict(rng.bit_generator.state)), policy, thetas)
                update(
                    k,
                    f"cost stochastic {costs['stochastic_cost']:.1f}, "
                    f"deterministic {costs['deterministic_cost']:.1f}",
                )
        if settings.finish == "average-cost":
            policy = finish_run(
                model, settings, policy, state.k, state.rollouts, folder, watch, note_and_store
            )
    metrics = _columns(rows) if folder is None else folder.read_metrics()
    return Run(model, settings, trajectories, policy, metrics, folder, best_row(metrics))


def _unlogged(row: Row) -> None:
    """For a run that TensorBoard does not show."""


def _chosen(robot: Robot, solutions: Sequence[Solution]) -> dict[str, str]:
    """How the trajectories began, and what else the file leaves open, by its place there."""
    chosen = {f"task.start{robot.task.of_initial(s)}": one.start for s, one in enumerate(solutions)}
    if robot.training.tail is None:
        why = "a fifth of the horizon" if robot.tail else "the end has a cost of its own"
        chosen["training.tail"] = f"{robot.tail}, {why}"
    return chosen


def _columns(rows: list[dict[str, float | str]]) -> Metrics:
    names = rows[0] if rows else ()
    return {name: np.array([row[name] for row in rows]) for name in names}
