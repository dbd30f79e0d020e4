"""Random robots and variants of the swimmer, written as YAML and read by the real loader."""

import math
from pathlib import Path

import numpy as np
import yaml

from vgps.codegen.description.robot import Robot, load

# Seeds of compiled trees with the integrator and the substeps of each: on a floating base, and fixed.
PASSIVE_TREES = ((503, "rk4", 3), (504, "rk4", 3))
SWIMMER = Path(__file__).parents[2] / "models" / "swimmer.yaml"


def swimmer(folder, vacuum=False, **task) -> Robot:
    """The swimmer with other entries of its task; in vacuum it has neither drag nor limits."""
    data = yaml.safe_load(SWIMMER.read_text(encoding="utf-8"))
    if vacuum:
        for part in data["links"] + data["joints"]:
            for key in ("drag", "limits", "limit_stiffness", "limit_softness"):
                part.pop(key, None)
    data["task"] |= task
    return robot_of(data, folder)


def random_tree(
    folder,
    seed: int,
    *,
    base=None,
    gravity=None,
    passive=False,
    drag=False,
    resisting=False,
    immersed=False,
    **task,
) -> Robot:
    """A tree of 2 to 9 links with every kind of joint, in shuffled file order.

    base      None draws one
    gravity   None draws one
    passive   give joints limits (springs and damping they have anyway)
    drag      give links drag
    resisting give joints friction and links quadratic drag, which MuJoCo does not have
    immersed  let bodies begin away from their frames, in a fluid, and load a floating base
    task      entries of the file's task
    """
    rng = np.random.default_rng(seed)
    base = base or rng.choice(["floating", "fixed"]).item()
    # Small trees are more frequent: they are quicker to derive.
    links = [_link(rng, f"l{i}", drag) for i in range(2 + int(8 * rng.random() ** 3))]
    joints = []
    for i, link in enumerate(links):
        if base == "floating" and i == 0:
            continue
        # One in eight links of a fixed base starts a new tree on the world.
        new_tree = base == "fixed" and (i == 0 or rng.random() < 1 / 8)
        parent = "world" if new_tree else f"l{rng.integers(max(0, i - 3), i)}"
        kind = rng.choice(["revolute", "prismatic", "fixed"], p=[0.65, 0.2, 0.15]).item()
        # A robot needs an action, so its first joint moves and has one.
        kind = "revolute" if not joints else kind
        joints.append(_joint(rng, f"j{i}", kind, parent, link["name"], passive, not joints))
    more = np.random.default_rng([seed, 1])  # of its own, so that it changes nothing else
    if resisting:
        _resist(more, links, joints)
    if immersed:
        _immerse(more, links)
    rng.shuffle(links)
    rng.shuffle(joints)
    data = {
        "name": f"tree{seed}",
        "base": base,
        "gravity": float(rng.uniform(-5, 15)) if gravity is None else gravity,
        "links": links,
        "joints": joints,
        "task": {"dt": 0.01, "horizon": 10, "cost": "sum(u**2)", "success": "final(com.x) > 0"}
        | task,
    }
    if immersed:
        data["fluid"] = {"density": float(more.uniform(0, 9)), "viscosity": more.uniform()}
        if base == "floating":
            data["base_armature"] = {key: more.uniform(0, 2) for key in ("x", "y", "angle")}
    return robot_of(data, folder)


def robot_of(data: dict, folder) -> Robot:
    """The robot that a YAML file of ``data`` describes."""
    path = folder / f"{data['name']}.yaml"
    path.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    return load(path)


def random_state(robot: Robot, rng: np.random.Generator, spread=1.0):
    """q, v (nq,) and u (nu,): angles all around, slides of a metre, speeds of ``spread``."""
    q = rng.uniform(-1, 1, robot.nq)
    for i, name in enumerate(robot.q_names):
        q[i] *= math.pi if turns(robot, name) else 1.0
    return q, spread * rng.normal(size=robot.nv), 5 * rng.normal(size=robot.nu)


def turns(robot: Robot, coordinate: str) -> bool:
    """Whether a coordinate is an angle."""
    kinds = {joint.name: joint.type for joint in robot.joints}
    return coordinate == "angle" or kinds.get(coordinate) == "revolute"


def _link(rng, name: str, drag: bool) -> dict:
    link = {"name": name, "mass": float(rng.uniform(0.5, 3)), "length": float(rng.uniform(0.2, 1))}
    link["direction"] = float(rng.choice([0.0, -math.pi / 2, rng.uniform(-math.pi, math.pi)]))
    if rng.random() < 0.5:
        link["com"] = rng.uniform(-0.4, 0.4, 2).tolist()
        link["inertia"] = float(rng.uniform(0.05, 0.5))
    if drag:
        link["drag"] = {"normal": float(rng.uniform(1, 9)), "tangential": float(rng.uniform(0, 1))}
    return link


def _resist(rng, links: list[dict], joints: list[dict]) -> None:
    for link in links:
        quadratic = {"normal": rng.uniform(1, 9), "tangential": rng.uniform(0, 1)}
        link["drag"] = {"normal": 0.5, "tangential": 0.1, "quadratic": quadratic}
    for joint in joints:
        if joint["type"] != "fixed":
            joint |= {"friction": rng.uniform(0.1, 3), "friction_speed": rng.uniform(0.2, 1)}


def _immerse(rng, links: list[dict]) -> None:
    for link in links:
        link["start"] = rng.uniform(-0.5, 0.5)
        widest = math.sqrt(12 * link["inertia"] / link["mass"]) if "inertia" in link else 0.4
        link["width"] = rng.uniform(0.1, 0.99) * widest


def _joint(rng, name: str, kind: str, parent: str, child: str, passive: bool, actuated: bool):
    joint = {"name": name, "type": kind, "parent": parent, "child": child}
    if rng.random() < 0.7:
        joint["at"] = rng.uniform(-0.6, 0.6, 2).tolist()
    if kind == "fixed":
        return joint
    if kind == "prismatic":
        joint["axis"] = float(rng.choice([0.0, math.pi / 2, rng.uniform(-math.pi, math.pi)]))
    joint["actuated"] = bool(actuated or rng.random() < 0.5)
    for key, largest in (("damping", 2), ("stiffness", 20), ("rest", 1), ("armature", 0.3)):
        if rng.random() < 0.6:
            joint[key] = float(rng.uniform(0, largest))
    if passive:
        joint["limits"] = [float(rng.uniform(-1.5, -0.2)), float(rng.uniform(0.2, 1.5))]
        joint["limit_stiffness"] = float(rng.uniform(10, 200))
        joint["limit_softness"] = float(rng.uniform(0.05, 0.3))
    return joint
