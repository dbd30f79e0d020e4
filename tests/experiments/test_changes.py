"""What of a robot may change in a run, and what is said of the rest."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from vgps.codegen.description.identity import identity, same_mechanics
from vgps.codegen.description.robot import load
from vgps.experiments.changes import differences, require_same_run
from vgps.experiments.errors import RunFolderError
from vgps.experiments.run import read_run
from vgps.experiments.training import resume, train
from vgps.policy.settings import RunSettings

TEXT = (Path(__file__).parents[1] / "robots" / "cartpole.yaml").read_text(encoding="utf-8")
TEXT = TEXT.replace("horizon: 150", "horizon: 40")
TRAINING = "\ntraining: {anneal: 9, pairs: 4}\n"


@pytest.fixture
def edited(tmp_path):
    """The robot after replacing `old` by `new`."""

    def edit(old="", new=""):
        assert old in TEXT
        path = tmp_path / "edited.yaml"
        path.write_text(TEXT.replace(old, new, 1) if old else TEXT + new, encoding="utf-8")
        return load(path)

    return edit


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    home = tmp_path_factory.mktemp("begun")
    (home / "original.yaml").write_text(TEXT, encoding="utf-8")
    settings = RunSettings(hidden=2, finish="none", iterations=2)
    return train(home / "original.yaml", settings, out=home / "run").folder.path


@pytest.fixture
def folder(begun, tmp_path):
    return shutil.copytree(begun, tmp_path / "run")


@pytest.fixture
def original(begun):
    return load(begun.parent / "original.yaml")


@pytest.mark.parametrize(
    "old, new",
    [
        ("# N·s/m", "# in another unit?"),
        ("description: a cart", "description: the cart"),
        ("m_pole: 0.2 ", "m_pole: 0.1 + 0.1 "),
        ("horizon: 40", "horizon: 41"),
        ("20*hinge.q**2", "21*hinge.q**2"),
        ("", TRAINING),
        ("name: cartpole", "name: another"),
        ("link: pole\n", "link: cart\n"),  # a point that touches nothing
    ],
)
def test_what_says_nothing_of_states_and_actions(original, edited, old, new):
    assert same_mechanics(identity(original), identity(edited(old, new)))


@pytest.mark.parametrize(
    "old, new",
    [
        ("damping: 0.1 ", "damping: 0.2 "),
        ("length: 0.6", "length: 0.7"),
        ("direction: pi/2", "direction: pi/2\n    start: 0.1"),
        ("damping: 0.1 ", "friction: 0.1 "),
        ("gravity: 9.81", "gravity: 9.8"),
        ("torque_limit: 20", "torque_limit: 21"),
        ("dt: 0.02", "dt: 0.01"),
        ("axis: 0 ", "axis: pi "),
        ("direction: pi/2", "direction: -pi/2"),
    ],
)
def test_what_makes_another_robot_of_it(original, edited, old, new):
    assert not same_mechanics(identity(original), identity(edited(old, new)))


def test_differences_are_values_by_their_places(original, edited):
    changes = differences(original, edited("m_pole: 0.2 ", "m_pole: 0.3 "))
    said = [str(change) for change in changes]
    assert said[0] == "parameters.m_pole was 0.2, now 0.3"
    assert "links.pole.mass was 0.2, now 0.3" in said
    assert not any(change.harmless for change in changes)
    (change,) = differences(original, edited("    damping: 0.005", "    armature: 0.0"))[:1]
    assert str(change).startswith("joints.hinge.damping was 0.005, now 0.0")
    assert differences(original, edited("# N·s/m", "# another comment")) == []


def test_the_order_of_joints_is_a_difference(original, edited):
    first, second = TEXT.index("  - name: rail"), TEXT.index("  - name: hinge")
    end = TEXT.index("\npoints:")
    swapped = TEXT[second:end] + TEXT[first:second]
    (change,) = differences(original, edited(TEXT[first:end], swapped))
    assert str(change) == "order of joints was ['rail', 'hinge'], now ['hinge', 'rail']"


@pytest.mark.parametrize(
    "old, new, said",
    [
        ("damping: 0.1 ", "damping: 0.2 ", "joints.rail.damping was 0.1, now 0.2"),
        ("horizon: 40", "horizon: 41", "task.horizon was 40, now 41"),
        ("", "\ntraining: {tail: 3}\n", "training.tail was absent, now 3"),
    ],
)
def test_other_mechanics_or_another_task_are_never_accepted(
    folder, original, edited, old, new, said
):
    robot, files = edited(old, new), {path: path.read_bytes() for path in folder.iterdir()}
    for accepted in (False, True):
        with pytest.raises(RunFolderError) as caught:
            require_same_run(folder, robot, {}, accepted)
        assert str(caught.value).startswith(f"{robot.path} is not as the run began: {said}")
        assert str(caught.value).endswith(": begin a new run")
    assert files == {path: path.read_bytes() for path in folder.iterdir()}

    (folder / "robot.yaml").write_text(robot.text, encoding="utf-8")
    with pytest.raises(RunFolderError) as caught:
        require_same_run(folder, original, {}, accept_changes=True)
    assert str(caught.value).startswith(f"{folder / 'robot.yaml'} is not as the run began: {said}")


@pytest.mark.parametrize("where", ["given", "kept"])
def test_other_training_settings_are_accepted_if_asked(folder, original, edited, where):
    robot = edited("", TRAINING)
    if where == "kept":
        (folder / "robot.yaml").write_text(robot.text, encoding="utf-8")
        robot = original
    with pytest.raises(RunFolderError, match="training.anneal was 50, now 9; .*accept-changes"):
        require_same_run(folder, robot, {})
    require_same_run(folder, robot, {}, accept_changes=True)
    training = resume(folder, iterations=3).model.robot.training
    assert (training.anneal, training.pairs) == (9, 4)
    assert read_run(folder).model.robot.training == training


def test_other_comments_are_no_change(folder, edited):
    robot = edited("# N·s/m", "# another comment")
    require_same_run(folder, robot, {})
    assert read_run(folder).model.robot.text == robot.text


@pytest.mark.parametrize("old, new", [("horizon: 40", "horizon: 41"), ("# N·s/m", "#")])
def test_an_edited_copy_is_noticed_by_all_who_read_it(folder, edited, old, new):
    (folder / "robot.yaml").write_text(edited(old, new).text, encoding="utf-8")
    for read in (read_run, resume):
        with pytest.raises(RunFolderError, match="robot.yaml was edited after the run began"):
            read(folder)


def test_fewer_iterations_than_are_done(folder):
    before = (folder / "config.yaml").read_bytes()
    with pytest.raises(RunFolderError, match="has done 2 iterations, which cannot become 1"):
        resume(folder, iterations=1)
    assert (folder / "config.yaml").read_bytes() == before
    resume(folder, iterations=2)


def test_a_run_of_an_early_version_says_nothing_of_its_robot(folder, begun):
    """Neither a hash of the robot's file nor, in its arrays, whose they are."""
    lines = (folder / "config.yaml").read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith("robot_sha256")]
    (folder / "config.yaml").write_text("".join(kept), encoding="utf-8")
    for path in folder.glob("*.npz"):
        with np.load(path) as arrays:
            old = {name: arrays[name] for name in arrays if name not in ("robot", "iteration")}
        np.savez(path, **old)
    np.testing.assert_array_equal(read_run(folder).policy.theta, read_run(begun).policy.theta)
    again, whole = (
        resume(folder, iterations=3),
        train(begun.parent / "original.yaml", RunSettings(hidden=2, finish="none", iterations=3)),
    )
    np.testing.assert_array_equal(again.policy.theta, whole.policy.theta)
