"""Random trees with an actuator of every kind."""

import numpy as np
from trees import random_tree

from vgps.codegen.description.robot import Robot


def actuated_tree(folder, seed: int, lagging=False, **options) -> Robot:
    """A random tree, moved by one joint of its own and eight actuators; options as of `random_tree`.

    lagging   let all but one of them lag
    """
    data = random_tree(folder, seed, **options).model_dump(mode="json")
    rng = np.random.default_rng(seed)
    links = [link["name"] for link in data["links"]]
    joints = [joint["name"] for joint in data["joints"] if joint["type"] != "fixed"]
    (first, *others) = (joint for joint in data["joints"] if joint["actuated"])
    for joint in others:
        joint["actuated"] = False
    a, b, c = rng.choice(links), *rng.choice(links, 2, replace=False)
    some = rng.permutation(joints)[:3]
    servo = {"kp": _positive(rng, 20), "kd": _positive(rng, 2), "gear": _positive(rng, 3)}
    data["actuators"] = [
        _force("push", rng, a),
        _force("shove", rng, rng.choice(links)) | {"at": rng.uniform(-1, 1, 2).tolist()},
        {"name": "wheel", "between": [str(b), str(c)], "gear": rng.normal()},
        {"name": "hold", "between": [*rng.permutation(["world", str(b)]).tolist()]},
        {"name": "motor", "joint": first["name"], "gear": rng.normal()},
        {"name": "belt", "joints": {str(j): rng.normal() for j in some}, "gear": rng.normal()},
        {"name": "servo", "joint": str(some[0])} | servo,
        {"name": "grip", "joints": {str(j): rng.normal() for j in some}} | servo,
    ]
    if lagging:
        more = np.random.default_rng([seed, 1])  # of its own, so that it changes nothing else
        for part in [first, *data["actuators"][1:]]:
            part["lag"] = float(more.uniform(0.02, 0.5))
    return Robot.model_validate(data, context={})


def _force(name: str, rng, link) -> dict:
    direction = float(rng.choice([0.0, np.pi / 2, rng.uniform(-np.pi, np.pi)]))
    return {"name": name, "link": str(link), "direction": direction, "gear": rng.normal()}


def _positive(rng, largest: float) -> float:
    return float(rng.uniform(0.1, largest))
