"""One run of a comparison, done wherever a worker is: settings in, the run folder's files out.

Nothing but the return value leaves the worker, so that one on another machine does as well.
"""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from vgps.codegen.description.robot import load
from vgps.experiments.evaluation import evaluation
from vgps.experiments.plan import Member
from vgps.experiments.reference import longer_ddp_cost
from vgps.experiments.run_folder import DEMO, EVALUATION, ROBOT, RunFolder
from vgps.experiments.training import train


def run_member(member: Member, scratch: Path | None = None) -> dict[str, bytes]:
    """Learn the member's policy and evaluate it.

    Args:
        member: what to do.
        scratch: where a folder of its own is made; the system's place for such when absent.

    Returns:
        The files of its run folder by name.
    """
    with TemporaryDirectory(prefix="vgps-", dir=scratch) as own:
        robot_file = Path(own) / ROBOT
        robot_file.write_text(member.robot_text, encoding="utf-8")
        robot = load(robot_file, member.overrides)
        if member.recorded is not None:
            RunFolder(own).write_arrays(DEMO, robot, member.recorded.arrays)
        run = train(robot, member.settings, out=Path(own) / "run")
        found = evaluation(run) | {"longer_ddp_cost": longer_ddp_cost(run.model, member.seed)}
        (Path(own) / "run" / EVALUATION).write_text(json.dumps(found), encoding="utf-8")
        return {file.name: file.read_bytes() for file in (Path(own) / "run").iterdir()}
