"""The robots of the benchmarks, made from the files in models/."""

import tempfile
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from vgps.codegen.build import build
from vgps.codegen.description.expansion import expand
from vgps.codegen.description.robot import Robot, load
from vgps.codegen.description.source import read
from vgps.codegen.folders import MODELS
from vgps.codegen.model import Model

# Followed by a number of links: the name of a robot without a file.
CHAIN, TREE = "chain of ", "tree of "
LEGGED = 5  # rods of a tree for each of its spine: that one and two legs of two
_PASSIVE = ("limits", "limit_stiffness", "limit_softness", "damping", "stiffness", "torque_limit")


def file_data(name: str) -> dict[str, Any]:
    """The content of a robot's file in models/, all its parts written out."""
    return expand(read(MODELS / f"{name}.yaml").data).data


def bare_data(name: str, **task: Any) -> dict[str, Any]:
    """The content of a robot's file without anything that peers model differently, or not at all.

    What stays is links, joints and torques; ground, joint limits, springs, damping, drag and torque
    limits go.  ``task`` replaces entries of the task.
    """
    data = file_data(name)
    data.pop("ground", None)
    data.pop("gait", None)
    for link in data["links"]:
        link.pop("drag", None)
    for joint in data["joints"]:
        for key in _PASSIVE:
            joint.pop(key, None)
    for point in data.get("points", ()):
        point.pop("contact", None)
    data["task"].pop("start", None)
    data["task"] |= task
    return data


def chain_data(links: int) -> dict[str, Any]:
    """The content of a file of a floating chain of equal rods with a motor at each joint."""
    rods = [f"rod{i}" for i in range(links)]
    return _rods(rods, list(pairwise(rods)))


def tree_data(links: int) -> dict[str, Any]:
    """The same of a tree: a spine with two legs of two rods each at the end of every rod."""
    spine = [f"rod{i}" for i in range(links // LEGGED)]
    pairs = list(pairwise(spine))
    for rod in spine:
        for leg in ("left", "right"):
            thigh, shank = f"{rod}_{leg}_thigh", f"{rod}_{leg}_shank"
            pairs += [(rod, thigh), (thigh, shank)]
    return _rods([spine[0], *(child for _, child in pairs)], pairs)


def _rods(names: list[str], joined: list[tuple[str, str]]) -> dict[str, Any]:
    """Equal rods, each of which but the first begins at the end of another: (parent, child)."""
    rods = [{"name": name, "mass": 1.0, "length": 0.5} for name in names]  # kg, m
    joints = [
        {
            "name": f"joint_of_{child}",
            "parent": parent,
            "child": child,
            "at": [0.5, 0.0],  # m
            "actuated": True,
        }
        for parent, child in joined
    ]
    task = {"dt": 0.01, "horizon": 100, "integrator": "rk4", "substeps": 1}  # s, steps
    task |= {"cost": "1e-3*sum(u**2) + com.vx**2", "success": "mean(com.vx) > 0"}
    return {"gravity": 9.81, "base": "floating", "links": rods, "joints": joints, "task": task}


def bare_robot(name: str) -> Robot:
    """The bare robot of a file, or a "chain of 20", or a "tree of 80", for Runge-Kutta."""
    for kind, data in ((CHAIN, chain_data), (TREE, tree_data)):
        if name.startswith(kind):
            links = int(name.removeprefix(kind))
            return robot_of(data(links), f"{kind.split()[0]}{links}_bench")
    return robot_of(bare_data(name, integrator="rk4", substeps=1), f"{name}_bench")


@cache
def _folder() -> tempfile.TemporaryDirectory:
    return tempfile.TemporaryDirectory(prefix="vgps-bench-")


def folder() -> Path:
    """A temporary folder that is removed when this process ends."""
    return Path(_folder().name)


def compiled(robot: Robot, force: bool = False) -> Model:
    """The built robot, in the temporary folder."""
    return build(robot, force, folder())


@cache
def bare(name: str) -> Model:
    """The bare robot; its library has the acceleration's derivatives, as Runge-Kutta needs them."""
    return compiled(bare_robot(name))


@cache
def whole(name: str) -> Model:
    """The robot as it is in models/."""
    return compiled(load(MODELS / f"{name}.yaml"))


def robot_of(data: dict[str, Any], name: str) -> Robot:
    """The robot called ``name`` that a file with the content ``data`` describes."""
    with tempfile.TemporaryDirectory() as beside:
        path = Path(beside) / f"{name}.yaml"
        path.write_text(yaml.safe_dump(data | {"name": name}, sort_keys=False), encoding="utf-8")
        return load(path)
