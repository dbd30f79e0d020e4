"""A robot in YAML, a policy that moves it: variational guided policy search.

    robot   = vgps.load("walker")                              a name in models/, or a file
    model   = vgps.build(robot)                                compiled dynamics, NumPy in and out
    found   = vgps.optimize(model)                             a trajectory
    run     = vgps.train(robot, vgps.RunSettings(hidden=10))   a policy; kept in a folder with `out`
    summary = vgps.evaluate(model, run.policy)

Everything else is in the rooms, in the order in which data flows: `codegen`, `solver`, `policy`,
`experiments`, `report`.  Names here are imported when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vgps.codegen.build import build
    from vgps.codegen.description.robot import Robot, load
    from vgps.codegen.errors import BuildError, RobotFileError
    from vgps.codegen.model import Model
    from vgps.experiments.run import Run, read_run
    from vgps.experiments.training import resume, train
    from vgps.policy.evaluation import Summary, evaluate
    from vgps.policy.gaussian import Policy
    from vgps.policy.search import search
    from vgps.policy.settings import RunSettings
    from vgps.policy.store import load_policy
    from vgps.solver.ilqr import Solution
    from vgps.solver.optimize import optimize

__all__ = [
    "BuildError",
    "Model",
    "Policy",
    "Robot",
    "RobotFileError",
    "Run",
    "RunSettings",
    "Solution",
    "Summary",
    "build",
    "evaluate",
    "load",
    "load_policy",
    "optimize",
    "read_run",
    "resume",
    "search",
    "train",
]

_HOME = {
    "BuildError": "codegen.errors",
    "Model": "codegen.model",
    "Policy": "policy.gaussian",
    "Robot": "codegen.description.robot",
    "RobotFileError": "codegen.errors",
    "Run": "experiments.run",
    "RunSettings": "policy.settings",
    "Solution": "solver.ilqr",
    "Summary": "policy.evaluation",
    "build": "codegen.build",
    "evaluate": "policy.evaluation",
    "load": "codegen.description.robot",
    "load_policy": "policy.store",
    "optimize": "solver.optimize",
    "read_run": "experiments.run",
    "resume": "experiments.training",
    "search": "policy.search",
    "train": "experiments.training",
}


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version  # slow to import

        return version("vgps")
    if name not in _HOME:
        raise AttributeError(f"module 'vgps' has no attribute {name!r}")
    return getattr(import_module(f"vgps.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
