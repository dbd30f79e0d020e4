"""The gallery: what it says of a robot is what its runs say, and where it stands in the README."""

from pathlib import Path

import pytest

from vgps.codegen.folders import MODELS
from vgps.experiments.evaluation import evaluation
from vgps.experiments.run import read_run
from vgps.policy.settings import RunSettings
from vgps.report.gallery import BEGIN, END, README, entry, markdown
from vgps.report.section import Section

ROBOTS = Path(__file__).parents[1] / "robots"
SHORT = tuple(RunSettings(hidden=hidden, iterations=1, finish="none") for hidden in (1, 2))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("gallery")


@pytest.fixture(scope="module")
def cartpole(folder):
    return entry(ROBOTS / "cartpole.yaml", SHORT, folder / "runs", folder / "pictures")


def test_an_entry_is_of_its_runs(folder, cartpole):
    for learned in cartpole.learned:
        run = read_run(folder / "runs" / f"cartpole-{learned.hidden}")
        result = evaluation(run)
        assert learned.cost == result["stochastic"]["mean_cost"]
        assert learned.success == result["deterministic"]["success_rate"]
        assert learned.disturbed == result["disturbed"]["stochastic"]["success_rate"]
        assert run.settings.hidden == learned.hidden
    X, U, cost = run.trajectory
    assert (cartpole.ddp_cost, cartpole.ddp_success) == (cost, run.model.success(X, U))
    text = (ROBOTS / "cartpole.yaml").read_text(encoding="utf-8")
    assert (cartpole.lines, cartpole.sizes) == (len(text.splitlines()), "2, 1")
    assert (folder / "pictures" / "cartpole.png").stat().st_size > 1000


def test_what_is_learned_is_only_drawn(folder, cartpole):
    again = entry(ROBOTS / "cartpole.yaml", SHORT, folder / "runs", folder / "pictures")
    assert again._replace(build_seconds=cartpole.build_seconds) == cartpole


def test_the_build_is_one_from_nothing(cartpole):
    assert cartpole.build_seconds > 0.1  # deriving alone takes longer than reading what is built


def test_a_robot_has_a_picture_and_a_row(cartpole):
    pictures, table = markdown([cartpole] * 5).split("\n\n")
    assert pictures.count("docs/gallery/cartpole.png") == table.count("`cartpole`") == 5
    for part in (pictures, table):
        assert len({line.count("|") for line in part.splitlines()}) == 1
    header, _, row, *_ = table.splitlines()
    assert header.index("1 units") < header.index("2 units")
    assert f"{cartpole.learned[1].seconds:.0f} |" in row


def test_the_table_replaces_what_stood_there(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(f"above\n{BEGIN}\nold\n{END}\nbelow\n", encoding="utf-8")
    for table in ("one", "two"):
        Section(readme, BEGIN, END).write(table)
        text = readme.read_text(encoding="utf-8")
        assert text == f"above\n{BEGIN}\n{table}\n{END}\nbelow\n"


def test_every_robot_that_comes_with_it_is_in_the_readme():
    text = README.read_text(encoding="utf-8")
    gallery = text.split(BEGIN)[1].split(END)[0]
    for path in MODELS.glob("*.yaml"):
        assert f"models/{path.name}" in gallery
        assert (README.parent / "docs" / "gallery" / f"{path.stem}.png").exists()
