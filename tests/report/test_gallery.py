"""The gallery: what it says of a robot is what the run says, and where it stands in the README."""

from pathlib import Path

from vgps.codegen.folders import MODELS
from vgps.experiments.evaluation import evaluation
from vgps.experiments.run import read_run
from vgps.policy.settings import RunSettings
from vgps.report.gallery import BEGIN, END, HEADER, README, entry, markdown
from vgps.report.section import Section

ROBOTS = Path(__file__).parents[1] / "robots"
SHORT = RunSettings(hidden=2, iterations=1, finish="none")


def test_an_entry_is_of_its_run(tmp_path):
    first = entry(ROBOTS / "cartpole.yaml", SHORT, tmp_path / "runs", tmp_path / "pictures")
    again = entry(ROBOTS / "cartpole.yaml", SHORT, tmp_path / "runs", tmp_path / "pictures")
    assert again == first
    result = evaluation(read_run(tmp_path / "runs" / "cartpole"))
    assert first.cost == result["stochastic"]["mean_cost"]
    assert first.disturbed == result["disturbed"]["stochastic"]["success_rate"]
    text = (ROBOTS / "cartpole.yaml").read_text(encoding="utf-8")
    assert (first.lines, first.sizes) == (len(text.splitlines()), "2, 1")
    assert (tmp_path / "pictures" / "cartpole.png").stat().st_size > 1000
    table = markdown([first]).splitlines()
    assert {line.count("|") for line in table} == {len(HEADER) + 1}


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
