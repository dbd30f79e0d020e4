"""What keeps a robot from learning: its file, its trajectories and the first policy are examined.

What is wrong with one makes the next say nothing.  So a trajectory that is none ends the diagnosis,
and a policy is looked at where the trajectories do the task.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from vgps.codegen.build import build
from vgps.codegen.description.robot import Robot, read_expanded
from vgps.experiments.finding import Examined, Finding
from vgps.experiments.findings_of_policy import Learned, clock, feedback, hidden, turns
from vgps.experiments.findings_of_task import cost, last_moment, noise, success
from vgps.experiments.findings_of_trajectory import saturated, sinking, stationary, steps, unused
from vgps.experiments.initial import watched_trajectories
from vgps.experiments.memory import of_training, require_memory
from vgps.experiments.progress import Watch, unwatched
from vgps.policy.gaussian import Policy
from vgps.policy.methods import METHODS
from vgps.policy.mstep import draws_of
from vgps.policy.observation import observation_of
from vgps.policy.search import search_settings
from vgps.policy.settings import RunSettings
from vgps.policy.state import SearchSettings, start

Look = Callable[[Examined], Finding | None]

# Of a group the first that finds something speaks for all: the others would say it again.
BEFORE_ALL: tuple[tuple[Look, ...], ...] = ((stationary, steps),)
OF_TRAJECTORIES: tuple[tuple[Look, ...], ...] = (
    (sinking,),
    (saturated, unused),
    (noise,),
    (cost, success, last_moment),
)


class Diagnosis(NamedTuple):
    """What was found, and of what."""

    robot: str
    hidden: int
    seed: int
    success_by_initial: list[bool]  # of the optimised trajectories, in the steps that are judged
    start_by_initial: list[str]
    findings: list[Finding]


def diagnose(robot: Robot, hidden: int, seed: int, watch: Watch = unwatched) -> Diagnosis:
    """Look for what keeps a robot from learning, with what `train` would begin with.

    Args:
        robot: from a file.
        hidden: number of hidden units of the policy.
        seed: of everything random.
        watch: shows how far it is.

    Raises:
        ValueError: when the robot is not from a file.
        BuildError: when it cannot be compiled.
        TooLargeError: when its policy does not fit into the memory.
    """
    if robot.path is None:
        raise ValueError("findings have places in a robot's file, and this robot has none")
    run = RunSettings(hidden=hidden, seed=seed).resolved(robot)
    model, (source, _) = build(robot), read_expanded(Path(robot.path), robot.overrides)
    require_memory(f"{hidden} hidden units", of_training(model, run))
    settings, rng = search_settings(run, robot), np.random.default_rng(seed)
    diagnosis = Diagnosis(robot.name, hidden, seed, [], [], [])
    try:
        solutions, _ = watched_trajectories(model, settings, rng, None, watch)
        examined = [Examined(model, source, s, one) for s, one in enumerate(solutions)]
        diagnosis = diagnosis._replace(
            success_by_initial=[one.succeeds for one in examined],
            start_by_initial=[one.start for one in solutions],
        )
        diagnosis.findings.extend(_found(BEFORE_ALL, examined))
        if diagnosis.findings:
            return diagnosis
        diagnosis.findings.extend(_found(OF_TRAJECTORIES, examined))
        if all(diagnosis.success_by_initial):
            with watch("policy", 1) as update:
                diagnosis.findings.extend(_of_policy(examined, settings, rng))
                update(1, "fitted")
    except FloatingPointError as error:
        place = source.error(("task",), "").place
        advice = "this first, since nothing that follows is finite"
        diagnosis.findings.append(Finding("diverges", place, str(error), advice))
    return diagnosis


def _found(groups: Sequence[Sequence[Look]], examined: Sequence[Examined]) -> Iterator[Finding]:
    """The first finding of each group, in the first trajectory that has it."""
    for group in groups:
        found = (look(one) for look in group for one in examined)
        first = next(filter(None, found), None)
        if first is not None:
            yield first


def _of_policy(
    examined: Sequence[Examined], settings: SearchSettings, rng: np.random.Generator
) -> list[Finding]:
    # Its import changes the environment, which importing this module should not.
    from threadpoolctl import threadpool_limits

    model = examined[0].model
    q = start(model, [one.solution for one in examined]).q
    random = rng.bit_generator.state

    def fit(units: int) -> Policy:
        own = np.random.default_rng()
        own.bit_generator.state = random  # the first policy of `train`
        return METHODS["vgps"].begin(model, settings._replace(n_hidden=units), q, own).fit.policy

    samples = draws_of(q, observation_of(model), settings.fit)(rng)
    learned = Learned(examined, q, settings.learned_steps, samples, fit, rng)
    looks = clock, turns, feedback, partial(hidden, units=settings.n_hidden)
    with threadpool_limits(1, user_api="blas"):
        return [found for look in looks if (found := look(learned))]
