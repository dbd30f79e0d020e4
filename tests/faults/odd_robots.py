"""Random robots that nobody would build, and what the command line makes of them.

Masses over nine orders of magnitude, springs and damping that no step follows, links of a
millimetre, costs with roots and poles.  Those that load are built, optimised and trained a little;
each command is to end with exit status 0, or in one sentence.
"""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
import yaml
from command_line import run

COSTS = [
    "sum(u**2)",
    "1e-3*sum(u**2) + (com.x - 1)**2",
    "1e-3*sum(u**2) + log(com.x + 1)",
    "1e-3*sum(u**2) + sqrt(com.y + 0.1)",
    "1e-3*sum(u**2) + 1/com.x",
    "1e-3*sum(u**2) + 1/(1 + com.vx**2)",
    "1e-3*sum(u**2) + com.vx**3",
    "1e-3*sum(u**2) + exp(10*com.y)",
    "1e-3*sum(u**2) + abs(com.x)**0.5",
    "1e-3*sum(u**2) + tan(j0.q)",
    "1e-3*sum(u**2) + max(com.vx, 0.5)",
    "1e-3*sum(u**2) - com.x",
    "sum(abs(u)) + j0.q**2",
    "sum(u**4) + (j0.q - 1)**2",
    "1e12*sum(u**2) + j0.v**2",
    "1e-12*sum(u**2) + 1e6*(j0.q - 1)**2",
    "-sum(u**2)",
    "(com.x - 1)**2",
    "sum(u)",
    "j0.q**200 + sum(u**2)",
    "1",
]
SUCCESSES = [
    "final(com.x) > 0.5",
    "sqrt(final(com.x)) < 2",
    "1/final(com.vx) > 0 or mean(com.x) > 1",
    "log(mean(j0.q)) > -1 and max(com.y) < 3",
    "min(log(com.x)) > 0",
    "mean(j0.v)**0.5 > 1",
]


# Progress, and what is said of a result that is returned.
_REMARKS = ("iteration", "trajectory ", "the trajectory is not", "the start is a stationary")


class Tried(NamedTuple):
    """What became of one robot."""

    seed: int
    outcomes: dict[str, str]  # by command: "done", "sentence", "refused" or what went wrong

    @property
    def faults(self) -> dict[str, str]:
        return {
            command: outcome
            for command, outcome in self.outcomes.items()
            if outcome not in ("done", "sentence", "refused")
        }


def odd_robot(seed: int) -> dict:
    """The data of a robot file."""
    rng = np.random.default_rng(seed)
    base = str(rng.choice(["fixed", "floating"], p=[0.7, 0.3]))
    count = int(rng.integers(1, 5)) + (base == "floating")
    links = [_link(rng, i) for i in range(count)]
    joints = []
    for i in range(count):
        if base == "floating" and i == 0:
            continue
        parent = f"l{rng.integers(0, i)}" if i else "world"
        joints.append(_joint(rng, len(joints), parent, f"l{i}"))
    data = {
        "name": f"odd{seed}",
        "gravity": float(rng.choice([0.0, 9.81, 9.81, 1000.0])),
        "base": base,
        "links": links,
        "joints": joints,
        "task": _task(rng),
        "training": {
            "samples": int(rng.choice([1, 10])),
            "pairs": int(rng.choice([0, 1, 5])),
            "alpha_start": float(10.0 ** rng.uniform(-6, 3)),
        },
    }
    if rng.random() < 0.5:
        data["actuators"] = [_actuator(rng, i, links, joints) for i in range(rng.integers(1, 4))]
    return data


def try_out(seed: int, folder: Path) -> Tried:
    """Check, build, optimise and train a robot in an empty folder."""
    file = folder / f"odd{seed}.yaml"
    file.write_text(yaml.safe_dump(odd_robot(seed), sort_keys=False), encoding="utf-8")
    method = ("vgps", "dagger", "gps", "cost-weighted")[seed % 4]
    commands = {
        "check": [],
        "build": [],
        "optimize": ["--iterations", 5],
        "train": ["--iterations", 3, "--hidden", 2, "--method", method, "--finish", "none"],
    }
    outcomes = {}
    for command, options in commands.items():
        outcomes[command] = _outcome(command, file, *options, cwd=folder)
        if outcomes[command] == "refused":
            break
    return Tried(seed, outcomes)


def figure(tried: list[Tried]) -> str:
    """How often each command ended how, in a line each."""
    lines = []
    for command in ("check", "build", "optimize", "train"):
        counts = Counter(
            "fault" if command in one.faults else one.outcomes[command]
            for one in tried
            if command in one.outcomes
        )
        lines.append(f"{command}: " + ", ".join(f"{n} {what}" for what, n in counts.most_common()))
    return "\n".join(lines)


def _outcome(*arguments: object, cwd: Path) -> str:
    try:
        status, _, errors = run(*arguments, cwd=cwd)
    except Exception as error:  # what a user would see as a traceback
        return f"{type(error).__name__}: {error}"
    if status == 0:
        return "done"
    said = [
        line
        for line in errors.splitlines()
        if not line.startswith(_REMARKS) and ": warning: " not in line
    ]
    if status not in (1, 2) or len(said) != 1:
        return f"exit status {status} with {len(said)} lines: {errors[-500:]}"
    return "refused" if status == 2 else "sentence"


def _spread(rng: np.random.Generator, decades: float) -> float:
    """Mostly ordinary, at times many orders of magnitude away."""
    return float(
        10.0 ** (rng.uniform(-decades, decades) if rng.random() < 0.25 else rng.normal(0, 0.3))
    )


def _link(rng: np.random.Generator, i: int) -> dict:
    link = {"name": f"l{i}", "mass": _spread(rng, 5), "length": _spread(rng, 3)}
    if rng.random() < 0.2:
        link["drag"] = {"normal": _spread(rng, 5), "tangential": _spread(rng, 5)}
    if rng.random() < 0.3:
        link["direction"] = float(rng.uniform(-3, 3))
    return link


def _joint(rng: np.random.Generator, k: int, parent: str, child: str) -> dict:
    joint = {"name": f"j{k}", "parent": parent, "child": child}
    if k == 0 or rng.random() < 0.6:
        joint["actuated"] = True
        if rng.random() < 0.7:
            joint["torque_limit"] = 10 * _spread(rng, 6)
    if rng.random() < 0.25:
        joint |= {"type": "prismatic", "axis": float(rng.uniform(-3, 3))}
    for key in ("damping", "stiffness", "armature"):
        if rng.random() < 0.3:
            joint[key] = _spread(rng, 6)
    if rng.random() < 0.2:
        joint |= {"limits": [-0.5, 0.5], "limit_stiffness": 100 * _spread(rng, 4)}
    return joint


def _actuator(rng: np.random.Generator, i: int, links: list[dict], joints: list[dict]) -> dict:
    actuator = {"name": f"a{i}", "gear": _spread(rng, 4)}
    link, kind = rng.choice([link["name"] for link in links]).item(), rng.integers(4)
    if kind == 0:
        actuator |= {"link": link, "at": rng.normal(size=2).tolist(), "direction": rng.normal()}
    elif kind == 1:
        actuator |= {"between": ["world", link]}
    else:
        actuator |= {"joints": {joint["name"]: rng.normal() for joint in joints}}
    if kind == 3:
        actuator |= {"kp": _spread(rng, 5), "kd": _spread(rng, 5)}
    if rng.random() < 0.6:
        low = _spread(rng, 3) * rng.normal()
        actuator["limits"] = [low, low + _spread(rng, 6)]
    return actuator


def _task(rng: np.random.Generator) -> dict:
    task = {
        "dt": float(rng.choice([1e-4, 0.01, 0.02, 0.05, 0.5])),
        "horizon": int(rng.choice([2, 30, 60])),
        "substeps": int(rng.choice([1, 1, 4])),
        "integrator": str(rng.choice(["rk4", "implicit"])),
        "cost": str(rng.choice(COSTS)),
        "success": str(rng.choice(SUCCESSES)),
        "start": {"noise": float(rng.choice([0.0, 1.0, 1e3]))},
    }
    if rng.random() < 0.7:
        spread = {"q": float(rng.choice([0.01, 0.5])), "v": _spread(rng, 3)}
        task["initial"] = {"spread": spread}
        task["process_noise"] = {"q": 0.001, "v": 0.01 * _spread(rng, 3)}
    return task
