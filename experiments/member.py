"""One run of a comparison, done wherever a worker is: settings in, the run folder's files out.

Nothing but the return value leaves the worker, so that one on another machine does as well.
"""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from vgps.codegen.build import build
from vgps.codegen.description.robot import load
from vgps.experiments.plan import EVALUATION, ROBOT, Run
from vgps.experiments.training import evaluation, learn, prepared_folder

FINAL_ROLLOUTS = 100


def trial(run: Run, scratch: str | None = None) -> dict[str, bytes]:
    """Learn the run's policy and evaluate it; the files of its folder by name.

    It works in a folder of its own in ``scratch``, the system's place for such when absent.
    """
    with TemporaryDirectory(prefix="vgps-", dir=scratch) as own:
        robot_file = Path(own) / ROBOT
        robot_file.write_text(run.robot_text)
        folder = prepared_folder(robot_file, run.settings, out=Path(own) / "run")
        model = build(load(folder.file(ROBOT)))
        policy = learn(model, folder)
        horizon = model.robot.task.horizon
        final = evaluation(model, folder, policy, FINAL_ROLLOUTS, horizon, seed=0)
        folder.write_text(EVALUATION, json.dumps(final))
        return {file.name: file.read_bytes() for file in folder.path.iterdir()}
