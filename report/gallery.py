"""The gallery of the README: every robot of models/, learned and drawn.  `make gallery` writes it.

The runs stay in runs/gallery, so that what was interrupted goes on, and what is done is only drawn.
"""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from vgps.codegen.build import build
from vgps.codegen.description.robot import Robot, load
from vgps.codegen.folders import MODELS, PACKAGE
from vgps.experiments.evaluation import evaluation
from vgps.experiments.run import Run
from vgps.experiments.training import train
from vgps.policy.rollouts import mean_rollout
from vgps.policy.settings import RunSettings
from vgps.report.console import progress
from vgps.report.gait import gait_picture
from vgps.report.section import Section
from vgps.report.style import new_figure, save
from vgps.solver.trials import succeeds

BEGIN, END = "<!-- gallery: written by make gallery -->", "<!-- gallery ends -->"
README = PACKAGE / "README.md"
PICTURES = PACKAGE / "docs" / "gallery"
RUNS = PACKAGE / "runs" / "gallery"
SETTINGS = (RunSettings(hidden=5), RunSettings(hidden=10))
ABREAST = 4  # pictures


class Learned(NamedTuple):
    """What came of one size of the policy."""

    hidden: int
    cost: float  # mean, with the policy's noise
    success: float  # share of the rollouts without noise
    disturbed: float  # the same under the policy's noise and the task's
    seconds: float  # processor time of search and finish

    @property
    def cells(self) -> tuple[str, ...]:
        """Of the table, below `header`."""
        success = f"{self.success:.2f}, {self.disturbed:.2f}"
        return _three_digits(self.cost), success, f"{self.seconds:.0f}"

    @property
    def header(self) -> tuple[str, ...]:
        """What the cells are."""
        return f"{self.hidden} units: cost", "success", "s"


class Entry(NamedTuple):
    """What the gallery tells of a robot."""

    name: str
    description: str
    lines: int  # of its file
    sizes: str
    build_seconds: float  # processor time of a build from nothing
    ddp_cost: float
    ddp_success: bool  # whether the initial trajectories do the task
    learned: tuple[Learned, ...]

    @property
    def picture(self) -> str:
        """A cell of the pictures."""
        said = f"[`{self.name}`](models/{self.name}.yaml): {self.description}"
        return f"![{self.name}](docs/gallery/{self.name}.png)<br>{said}"

    @property
    def cells(self) -> tuple[str, ...]:
        """Of the table, below `header`."""
        return (
            f"`{self.name}`",
            str(self.lines),
            self.sizes,
            f"{self.build_seconds:.1f}",
            f"{_three_digits(self.ddp_cost)}, {'yes' if self.ddp_success else 'no'}",
            *(cell for one in self.learned for cell in one.cells),
        )

    @property
    def header(self) -> tuple[str, ...]:
        """What the cells are."""
        own = "robot", "lines", "DOF, actions", "build, s", "DDP: cost, success"
        return (*own, *(cell for one in self.learned for cell in one.header))


def _three_digits(number: float) -> str:
    """Its first three digits, in full: 1,200."""
    return f"{float(f'{number:.3g}'):,.10g}"


def entry(
    path: Path,
    settings: Sequence[RunSettings] = SETTINGS,
    runs: Path = RUNS,
    pictures: Path = PICTURES,
) -> Entry:
    """Learn the robot of a file with each of the settings, unless that is done; draw the last."""
    robot = load(path)
    done = [
        train(robot, one, out=runs / f"{robot.name}-{one.hidden}", watch=progress)
        for one in settings
    ]
    run = done[-1]
    X = mean_rollout(run.model, run.policy)
    figure = new_figure(5.0, 2.2)
    gait_picture(figure.subplots(), run.model, X, title=robot.name)
    pictures.mkdir(parents=True, exist_ok=True)
    save(figure, pictures / f"{robot.name}.png")
    return Entry(
        name=robot.name,
        description=robot.description,
        lines=len(robot.text.splitlines()),
        sizes=f"{run.model.nq}, {run.model.nu}",
        build_seconds=_build_seconds(robot),
        ddp_cost=run.ddp_cost,
        ddp_success=all(succeeds(run.model, X, U) for X, U, _ in run.trajectories),
        learned=tuple(map(_learned, done)),
    )


def _learned(run: Run) -> Learned:
    result = evaluation(run)
    return Learned(
        hidden=run.settings.hidden,
        cost=result["stochastic"]["mean_cost"],
        success=result["deterministic"]["success_rate"],
        disturbed=result["disturbed"]["stochastic"]["success_rate"],
        seconds=float(run.metrics["seconds"].sum()),
    )


def _build_seconds(robot: Robot) -> float:
    """Of this process and of the compiler; SymPy and CasADi are imported before."""
    import vgps.codegen.emission.c_file
    import vgps.codegen.mechanics.functions  # noqa: F401  not counted

    with tempfile.TemporaryDirectory() as folder:
        started = _processor_seconds()
        build(robot, folder=folder)
        return _processor_seconds() - started


def _processor_seconds() -> float:
    """Used by this process and by those that it has waited for."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def markdown(entries: Sequence[Entry]) -> str:
    """The pictures, and the table below them."""
    cells = [one.picture for one in entries]
    cells += [""] * (-len(cells) % ABREAST)
    rows = [cells[first : first + ABREAST] for first in range(0, len(cells), ABREAST)]
    pictures = _table([""] * ABREAST, rows)
    return f"{pictures}\n\n{_table(entries[0].header, [one.cells for one in entries])}"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


if __name__ == "__main__":
    section = Section(README, BEGIN, END)  # before the hour that learning takes
    section.write(markdown([entry(path) for path in sorted(MODELS.glob("*.yaml"))]))
