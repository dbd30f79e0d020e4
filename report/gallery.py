"""The gallery of the README: every robot of models/, learned and drawn.  `make gallery` writes it.

The runs stay in runs/gallery, so that what was interrupted goes on, and what is done is only drawn.
"""

from pathlib import Path
from typing import NamedTuple

from vgps.codegen.description.robot import load
from vgps.codegen.folders import MODELS, PACKAGE
from vgps.experiments.evaluation import evaluation
from vgps.experiments.training import train
from vgps.policy.rollouts import mean_rollout
from vgps.policy.settings import RunSettings
from vgps.report.console import progress
from vgps.report.gait import gait_picture
from vgps.report.section import Section
from vgps.report.style import new_figure, save

BEGIN, END = "<!-- gallery: written by make gallery -->", "<!-- gallery ends -->"
README = PACKAGE / "README.md"
PICTURES = PACKAGE / "docs" / "gallery"
RUNS = PACKAGE / "runs" / "gallery"
SETTINGS = RunSettings(hidden=10)
HEADER = (
    "",
    "robot",
    "lines",
    "coordinates, actions",
    "cost of DDP",
    "of the policy",
    "success",
    "with all noise",
    "s",
)


class Entry(NamedTuple):
    """What the gallery tells of a robot."""

    name: str
    description: str
    lines: int  # of its file
    sizes: str
    ddp_cost: float
    cost: float  # mean, with the policy's noise
    success: float  # share of the rollouts without noise
    disturbed: float  # the same under the policy's noise and the task's
    seconds: float  # processor time of search and finish

    @property
    def row(self) -> str:
        """Of the table."""
        cells = (
            f"![{self.name}](docs/gallery/{self.name}.png)",
            f"[`{self.name}`](models/{self.name}.yaml): {self.description}",
            str(self.lines),
            self.sizes,
            _three_digits(self.ddp_cost),
            _three_digits(self.cost),
            f"{self.success:.2f}",
            f"{self.disturbed:.2f}",
            f"{self.seconds:.0f}",
        )
        return f"| {' | '.join(cells)} |"


def _three_digits(number: float) -> str:
    """Its first three digits, in full: 1,200."""
    return f"{float(f'{number:.3g}'):,.10g}"


def entry(
    path: Path, settings: RunSettings = SETTINGS, runs: Path = RUNS, pictures: Path = PICTURES
) -> Entry:
    """Learn the robot of a file, unless that is done, and draw it."""
    robot = load(path)
    run = train(robot, settings, out=runs / robot.name, watch=progress)
    model, result = run.model, evaluation(run)
    figure = new_figure(5.0, 2.2)
    gait_picture(figure.subplots(), model, mean_rollout(model, run.policy), title=robot.name)
    pictures.mkdir(parents=True, exist_ok=True)
    save(figure, pictures / f"{robot.name}.png")
    return Entry(
        name=robot.name,
        description=robot.description,
        lines=len(robot.text.splitlines()),
        sizes=f"{model.nq}, {model.nu}",
        ddp_cost=run.ddp_cost,
        cost=result["stochastic"]["mean_cost"],
        success=result["deterministic"]["success_rate"],
        disturbed=result["disturbed"]["stochastic"]["success_rate"],
        seconds=float(run.metrics["seconds"].sum()),
    )


def markdown(entries: list[Entry]) -> str:
    """The table."""
    lines = [f"| {' | '.join(HEADER)} |", "| --- " * len(HEADER) + "|"]
    return "\n".join([*lines, *(one.row for one in entries)])


if __name__ == "__main__":
    section = Section(README, BEGIN, END)  # before the hour that learning takes
    section.write(markdown([entry(path) for path in sorted(MODELS.glob("*.yaml"))]))
