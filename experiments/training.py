"""A training run in its folder: prepared, learned with a checkpoint after each iteration, resumed.

``watch`` shows how far it is (`experiments.progress`).
"""

import json
import platform
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.build import build
from vgps.codegen.description.robot import load
from vgps.codegen.model import Model
from vgps.experiments.demonstration import read_demonstration
from vgps.experiments.errors import RunFolderError
from vgps.experiments.progress import Watch, unwatched
from vgps.experiments.run_folder import RunFolder, new_folder
from vgps.policy.evaluation import run_policy, summarize
from vgps.policy.gaussian import Policy
from vgps.policy.methods import METHODS
from vgps.policy.search import SearchSettings, initial_trajectory, start
from vgps.policy.store import policy_to_arrays, state_from_arrays, state_to_arrays
from vgps.solver.ilqr import Solution

Array = NDArray[np.float64]

ROLLOUTS_PER_ITERATION = 10  # as many as the paper's methods that sample their policy
_PACKAGES = ("numpy", "numba", "sympy", "casadi")


def prepared_folder(
    robot_file: Path, asked: dict, demo: Path | None = None, out: Path | None = None
) -> RunFolder:
    """A new run folder with all that repeats the run: settings, robot file, demonstration.

    Args:
        robot_file: the robot's YAML.
        asked: settings of config.yaml that differ from the defaults.
        demo: .npz with actions U (T, nu) to start from instead of what the robot's file says.
        out: the folder; a new one in runs/ when absent.

    Raises RobotFileError, DemonstrationError, and RunFolderError where ``out`` holds something.
    """
    robot = load(robot_file)
    demonstration = None if demo is None else read_demonstration(demo, build(robot))
    config = {
        "robot": robot.name,
        "method": "vgps",
        "hidden": 5,
        "seed": 0,
        "iterations": robot.training.iterations,
        "optimizer": "lbfgs",
        "bound": "closed",
        "samples": 10,
        "demo": None if demo is None else str(demo),
    } | asked
    folder = new_folder(out, "{robot}-{method}-{hidden}-seed{seed}".format(**config))
    python = {"python": platform.python_version()}
    config["versions"] = python | {package: version(package) for package in _PACKAGES}
    folder.write_text("robot.yaml", robot_file.read_text())
    if demonstration is not None:
        folder.write_arrays("demo.npz", {"U": demonstration})
    folder.write_config(config)
    return folder


def resumed_folder(robot_file: Path, path: Path, asked: dict) -> RunFolder:
    """The folder of an earlier run; of its settings only the number of iterations may change.

    Raises RunFolderError where ``path`` is no run, or another robot's, or one with other settings.
    """
    folder = RunFolder(path)
    config = folder.read_config()
    name = load(robot_file).name
    if name != config["robot"]:
        raise RunFolderError(f"{path} is a run of '{config['robot']}', not of '{name}'")
    for setting, value in asked.items():
        if setting != "iterations" and value != config[setting]:
            raise RunFolderError(
                f"{path} was started with --{setting} {config[setting]}, not {value}"
            )
    folder.write_config(config | asked)
    return folder


def optimized(
    model: Model,
    settings: SearchSettings,
    rng: np.random.Generator,
    demonstration: Array | None,
    watch: Watch = unwatched,
) -> Solution:
    """The initial DDP solution from ``demonstration`` (T, nu) or the robot file's own start."""
    with watch("trajectory", settings.initial.max_iterations) as update:
        return initial_trajectory(
            model,
            settings,
            rng,
            # A line for every iteration would bury a log file.
            lambda i: update(i.iteration, f"cost {i.cost:.2f}") if i.iteration % 25 == 0 else None,
            demonstration,
        )


def learn(model: Model, folder: RunFolder, watch: Watch = unwatched) -> Policy:
    """Run or continue the folder's method to its last iteration; the policy that it ends with.

    After every iteration metrics.csv has a row more, policy.npz and checkpoint.npz are new: a run
    that was interrupted at any time continues to the same bits.
    """
    config = folder.read_config()
    method = METHODS[config["method"]]
    settings = SearchSettings.of(
        model.robot,
        config["hidden"],
        config["samples"],
        optimizer=config["optimizer"],
        bound=config["bound"],
    )
    rng = np.random.default_rng(config["seed"])
    if folder.file("checkpoint.npz").exists():
        arrays = folder.read_arrays("checkpoint.npz")
        state = state_from_arrays(arrays, method.memory)
        rng.bit_generator.state = json.loads(str(arrays["random"]))
        folder.keep_metrics(state.k)
    else:
        folder.file("metrics.csv").unlink(missing_ok=True)
        demo = folder.read_arrays("demo.npz")["U"] if config["demo"] is not None else None
        solution = optimized(model, settings, rng, demo, watch)
        cost = model.cost(solution.X, solution.U).sum()
        folder.write_arrays("trajectory.npz", {"X": solution.X, "U": solution.U, "cost": cost})
        state = start(model, solution)

    with watch("iteration", config["iterations"]) as update:
        while state.k < config["iterations"]:
            state, record = method.iterate(model, settings, state, rng)
            costs = _costs(model, state.policy, settings.horizon, rng)
            folder.append_metrics(record._asdict() | costs)
            folder.write_arrays("policy.npz", policy_to_arrays(state.policy))
            random = {"random": np.array(json.dumps(rng.bit_generator.state))}
            folder.write_arrays("checkpoint.npz", state_to_arrays(state) | random)
            update(
                state.k,
                f"cost stochastic {costs['stochastic_cost']:.1f}, "
                f"deterministic {costs['deterministic_cost']:.1f}",
            )
    return state.policy


def _costs(
    model: Model, policy: Policy, horizon: int, rng: np.random.Generator
) -> dict[str, float]:
    """What metrics.csv says of ``policy``: average cost and success, with its noise and without."""
    row = {}
    for kind in ("stochastic", "deterministic"):
        stochastic = kind == "stochastic"
        rollouts = run_policy(model, policy, ROLLOUTS_PER_ITERATION, horizon, rng, stochastic)
        summary = summarize(model, rollouts)
        row |= {f"{kind}_cost": summary.mean_cost, f"{kind}_success": summary.success_rate}
    return row


def evaluation(
    model: Model, folder: RunFolder, policy: Policy, rollouts: int, horizon: int, seed: int
) -> dict:
    """What `evaluate --json` prints: cost and success with the policy's noise and without."""
    config = folder.read_config()
    result = {name: config[name] for name in ("robot", "method", "hidden", "seed")}
    result |= {
        "iterations": len(folder.read_metrics()["iteration"]),
        "horizon": horizon,
        "dt": model.dt,
        "rollouts": rollouts,
        "ddp_cost": float(folder.read_arrays("trajectory.npz")["cost"]),
    }
    for kind in ("stochastic", "deterministic"):
        rng = np.random.default_rng(seed)
        runs = run_policy(model, policy, rollouts, horizon, rng, kind == "stochastic")
        result[kind] = summarize(model, runs, model.robot.task.horizon)._asdict()
    return result
