"""Bounds of the memory and the time that a task would take."""

from vgps.codegen.description.blueprint import Blueprint
from vgps.codegen.description.consistency import Refusals
from vgps.codegen.description.fields import refuse

MOST_BYTES = 16 * 2**30
MOST_SUBSTEPS = 10**8  # of a rollout
SUBSTEP = 1e-6  # s, of a robot of some links


def check_effort(robot: Blueprint) -> Refusals:
    """A rollout, its expansion and the samples of a policy fit into memory and a working day."""
    task, training = robot.task, robot.training
    nz = robot.nx + robot.nu
    # Dynamics, cost and their derivatives, and the gains, of every step; see Expansion and Gains.
    expansion = 8 * task.horizon * 3 * (nz * nz + nz)
    if expansion > MOST_BYTES:
        text = f"of {task.horizon} steps would take {_memory(expansion)} of memory"
        limit = f"{_memory(MOST_BYTES)} are allowed"
        yield refuse(f"{text} to optimise; {limit}", at=("task", "horizon"))
    substeps = task.horizon * task.substeps
    if expansion <= MOST_BYTES and substeps > MOST_SUBSTEPS:
        text = f"of {task.substeps} in each of {task.horizon} steps would take a single rollout"
        limit = f"{_time(SUBSTEP * MOST_SUBSTEPS)} are allowed"
        yield refuse(f"{text} about {_time(SUBSTEP * substeps)}; {limit}", at=("task", "substeps"))
    for key, states in (("samples", training.samples), ("pairs", 2 * training.pairs)):
        memory = 8 * task.horizon * states * nz
        if expansion <= MOST_BYTES < memory:
            text = f"of {getattr(training, key)} at each of {task.horizon} steps would take"
            limit = f"{_memory(MOST_BYTES)} are allowed"
            yield refuse(f"{text} {_memory(memory)} of memory; {limit}", at=("training", key))


def _memory(size: float) -> str:
    for unit, length in (("TiB", 2.0**40), ("GiB", 2.0**30)):
        if size >= 2 * length:
            return f"{size / length:.0f} {unit}"
    return f"{size / 2**20:.0f} MiB"


def _time(seconds: float) -> str:
    for unit, length in (("years", 3.15e7), ("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} seconds"
