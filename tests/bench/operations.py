"""Operation counts of the generated functions, recorded so that none rises unnoticed.

python tests/bench/operations.py        records the counts of today, from the repository's root
"""

import json
from importlib.metadata import version
from pathlib import Path

from vgps.bench.robots import bare_data, robot_of
from vgps.codegen.description.robot import Robot, load
from vgps.codegen.folders import MODELS
from vgps.codegen.mechanics.function import compile_expressions, operation_count
from vgps.codegen.mechanics.functions import generate

RECORD = Path(__file__).with_name("operations.json")
COMMAND = "python tests/bench/operations.py"

Counts = dict[str, dict[str, int]]  # robot -> function -> operations


def robots() -> list[Robot]:
    """Swimmer and walker as they are, and the walker that has an acceleration with derivatives."""
    bare_walker = robot_of(bare_data("walker", integrator="rk4", substeps=1), "walker_bench")
    return [*(load(MODELS / f"{name}.yaml") for name in ("swimmer", "walker")), bare_walker]


def counts() -> Counts:
    """What the generator needs today."""
    return {
        robot.name: {
            function.name: operation_count(compile_expressions(function))
            for function in generate(robot).functions
        }
        for robot in robots()
    }


def recorded() -> Counts:
    return json.loads(RECORD.read_text(encoding="utf-8"))["operations"]


def changes(old: Counts, new: Counts) -> list[str]:
    """A sentence for each function whose count is not the recorded one."""
    sentences = []
    for robot in sorted(old.keys() | new.keys()):
        before, now = old.get(robot, {}), new.get(robot, {})
        for function in sorted(before.keys() | now.keys()):
            was, is_now = before.get(function), now.get(function)
            if was != is_now:
                sentences.append(f"{robot}.{function} {_verdict(was, is_now)}")
    return sentences


def _verdict(was: int | None, is_now: int | None) -> str:
    if was is None:
        return f"is new with {is_now} operations: record it with `{COMMAND}`"
    if is_now is None:
        return f"is gone, it had {was} operations: record it with `{COMMAND}`"
    if is_now > was:
        return f"rises from {was} to {is_now} operations"
    return f"falls from {was} to {is_now} operations: record the improvement with `{COMMAND}`"


def record() -> None:
    versions = {package: version(package) for package in ("casadi", "sympy")}
    content = {"versions": versions, "operations": counts()}
    RECORD.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    record()
