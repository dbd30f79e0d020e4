"""Which robot a file of numbers was made for.

A policy maps states to actions, and a state means what it does because of the links, the joints and
the world that they are in.  Two descriptions in which these are the same have the same identity,
however they are written: parameters are put in, comments and descriptions do not count.  The cost,
the horizon, the noise, what is observed and how it is trained say nothing of what a number means,
and are left out.
"""

import hashlib
import json
from typing import Any

from vgps.codegen.description.blueprint import Blueprint


def identity(robot: Blueprint) -> str:
    """The robot's name and a hash of its mechanics, such as "cartpole 3f0c52d8a1b94e67"."""
    # Without what has its default value, so that a key which a later version adds changes nothing.
    content = robot.model_dump(
        mode="json",
        include={
            *("gravity", "base", "base_armature", "links", "joints", "actuators"),
            *("ground", "fluid"),
        },
        exclude_defaults=True,
    )
    content["gravity"], content["dt"] = robot.gravity, robot.task.dt
    content["contacts"] = [
        point.model_dump(mode="json", exclude_defaults=True) for point in robot.contact_points
    ]
    if robot.last_actions:
        content["last_actions"] = [last.name for last in robot.last_actions]
    if robot.targets:
        content["targets"] = robot.target_names
    text = json.dumps(_rounded(content), sort_keys=True)
    return f"{robot.name} {hashlib.sha256(text.encode()).hexdigest()[:16]}"


def same_mechanics(one: str, other: str) -> bool:
    """Whether two identities are of robots with the same mechanics, whatever their names."""
    return one.rpartition(" ")[2] == other.rpartition(" ")[2]


def named(one: str) -> str:
    """The name in an identity."""
    return one.rpartition(" ")[0]


def _rounded(value: Any) -> Any:
    """Without the last digits, in which the libraries of two machines may compute differently."""
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return f"{value:.12g}" if isinstance(value, float) else value
