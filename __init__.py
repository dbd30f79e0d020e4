"""A robot in YAML, a policy that moves it: variational guided policy search.

    robot   = vgps.load("walker")                     a name in models/, or a file
    model   = vgps.build(robot)                       compiled dynamics, NumPy in and out
    found   = vgps.optimize(model)                    a trajectory
    run     = vgps.train("walker", hidden=10)         a policy; in a folder with `out`
    summary = vgps.evaluate(model, run.policy)

Everything else is in the rooms, in the order in which data flows: `codegen`, `solver`, `policy`,
`experiments`, `report`.  Names here are imported when they are first used.
"""

from importlib import import_module
from importlib.metadata import version

_HOME = {
    "BuildError": "codegen.errors",
    "Model": "codegen.model",
    "Policy": "policy.gaussian",
    "RobotFileError": "codegen.errors",
    "build": "codegen.build",
    "load": "codegen.description.robot",
    "load_policy": "policy.store",
}
__all__ = [*_HOME, "__version__"]


def __getattr__(name: str) -> object:
    if name == "__version__":
        return version("vgps")
    if name not in _HOME:
        raise AttributeError(f"module 'vgps' has no attribute {name!r}")
    return getattr(import_module(f"vgps.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
