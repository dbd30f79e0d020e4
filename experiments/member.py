"""Runs of a comparison, done wherever a worker is: settings in, the run folders' files out.

Nothing but the return value leaves the worker, so that one on another machine does as well.
"""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from vgps.codegen.description.robot import load
from vgps.experiments.config import fingerprint_of
from vgps.experiments.evaluation import evaluation
from vgps.experiments.plan import Member
from vgps.experiments.reference import longer_ddp_cost
from vgps.experiments.run_folder import DEMO, EVALUATION, ROBOT, RunFolder
from vgps.experiments.training import train
from vgps.experiments.workers import Outcome, attempt

Files = dict[str, bytes]  # of a run folder, by name


def run_members(members: Sequence[Member], scratch: Path | None = None) -> list[Outcome]:
    """Learn and evaluate the policies of members that differ in nothing but their finish.

    Their search is done once: those that come later go on from what the first has left.

    Args:
        members: what to do (`plan.by_search`).
        scratch: where folders are made; the system's place for such when absent.

    Returns:
        Of each member the Files of its run folder, or why it failed.
    """
    outcomes: list[Outcome] = []
    searched: Files | None = None
    for member in members:
        work = partial(run_member, scratch=scratch, searched=searched)
        outcomes.append(attempt(work, member))
        searched = searched or outcomes[-1].result
    return outcomes


def run_member(
    member: Member, scratch: Path | None = None, searched: Mapping[str, bytes] | None = None
) -> Files:
    """Learn the member's policy and evaluate it.

    Args:
        member: what to do.
        scratch: where a folder of its own is made; the system's place for such when absent.
        searched: files of a run that differs in its finish alone, and has ended.

    Returns:
        The files of its run folder.
    """
    with TemporaryDirectory(prefix="vgps-", dir=scratch) as own:
        robot_file, folder = Path(own) / ROBOT, RunFolder(Path(own) / "run")
        robot_file.write_text(member.robot_text, encoding="utf-8")
        robot = load(robot_file, member.overrides)
        if member.recorded is not None:
            RunFolder(own).write_arrays(DEMO, robot, member.recorded.arrays)
        if searched is not None:
            folder.path.mkdir()
            for name, content in searched.items():
                folder.file(name).write_bytes(content)
            config = folder.read_config().replaced(finish=member.settings.finish)
            folder.write_config(config)
        run = train(robot, member.settings, out=folder.path)
        found = evaluation(run) | {"longer_ddp_cost": longer_ddp_cost(run.model, member.seed)}
        recorded = fingerprint_of(member.recorded)
        folder.write_config(folder.read_config().replaced(recorded_sha256=recorded))
        folder.write_text(EVALUATION, json.dumps(found))
        return {file.name: file.read_bytes() for file in folder.path.iterdir()}
