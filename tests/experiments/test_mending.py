"""Edits change what they are asked to and no other character."""

import pytest
import yaml
from ill_robots import CARTPOLE, changed

from vgps.codegen.description.robot import load
from vgps.experiments.finding import Edit
from vgps.experiments.mending import MendingError, edited, write_mended

REMOVE, SET = Edit("task.start", None), Edit("task.substeps", "4")


@pytest.mark.parametrize(
    ("edit", "before", "after"),
    [
        (REMOVE, "task:\n  dt: 1 # s\n  start: {noise: 0}  # N\n", "task:\n  dt: 1 # s\n"),
        (
            REMOVE,
            "task:\n  start:\n    noise: 0\n\n  # s²\n  dt: 1\n",
            "task:\n\n  # s²\n  dt: 1\n",
        ),
        (REMOVE, "task: {start: {gait: true}, dt: 1}", "task: {dt: 1}"),
        (REMOVE, "task: {dt: 1, start: {gait: true}}  # s", "task: {dt: 1}  # s"),
        (REMOVE, "# s²\ntask:\n  dt: 1\n  start: {noise: 0}", "# s²\ntask:\n  dt: 1\n"),
        (REMOVE, "task: {dt: 1}", "task: {dt: 1}"),
        (
            SET,
            "task:\n  substeps: 2  # of dt\n  dt: 1\n",
            "task:\n  substeps: 4  # of dt\n  dt: 1\n",
        ),
        (SET, "task: {substeps: '2'}", "task: {substeps: 4}"),
        (
            SET,
            "# µ\ntask:  # s\n  # m\n  dt: 1\n",
            "# µ\ntask:  # s\n  # m\n  substeps: 4\n  dt: 1\n",
        ),
        (SET, "task:\r\n  dt: 1\r\n", "task:\r\n  substeps: 4\r\n  dt: 1\r\n"),
        (SET, "task: {dt: 1}", "task: {substeps: 4, dt: 1}"),
        (SET, "task: {}", "task: {substeps: 4}"),
    ],
)
def test_one_edit(edit, before, after):
    text = edited("robot.yaml", before, edit)
    assert text == after
    expected = yaml.safe_load(before)["task"]
    key, value = edit.place.split(".")[1], edit.value
    expected = {k: v for k, v in expected.items() if k != key} | ({} if value is None else {key: 4})
    assert yaml.safe_load(text)["task"] == expected


@pytest.fixture
def robot(tmp_path):
    def write(text):
        path = tmp_path / "robot.yaml"
        path.write_text(text, encoding="utf-8")
        return load(path)

    return write


def test_all_edits_are_made_in_a_copy(robot, tmp_path):
    target = tmp_path / "mended.yaml"
    write_mended(robot(CARTPOLE), [REMOVE, SET], target)
    lines = target.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if line != "  substeps: 4"]
    assert kept == [line for line in CARTPOLE.splitlines() if "start:" not in line]
    mended = load(target)
    assert mended.task.substeps == 4 and mended.task.start is None
    assert (tmp_path / "robot.yaml").read_text(encoding="utf-8") == CARTPOLE


def test_nothing_is_overwritten(robot, tmp_path):
    target = tmp_path / "mended.yaml"
    target.write_text("mine", encoding="utf-8")
    with pytest.raises(MendingError, match="mended.yaml already exists"):
        write_mended(robot(CARTPOLE), [SET], target)
    assert target.read_text(encoding="utf-8") == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mended.yaml", "robot.yaml"]


def test_what_is_shared_is_not_edited(robot, tmp_path):
    """The number of substeps is that of the horizon, by an anchor."""
    text = changed(CARTPOLE, ("horizon: 150", "horizon: &T 150\n  substeps: *T"))
    with pytest.raises(MendingError, match="task.substeps cannot be edited alone"):
        write_mended(robot(text), [SET], tmp_path / "mended.yaml")
    assert [path.name for path in tmp_path.iterdir()] == ["robot.yaml"]
