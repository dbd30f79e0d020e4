"""What is built and when."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from closeness import assert_close

from vgps.codegen.model import Model
from vgps.codegen.toolchain import find_toolchain

TASK = "  dt: 0.01\n"


@pytest.fixture
def there(built_arm, build):
    """The arm, built already in the folder of the test."""
    stem = built_arm.library._name.removesuffix(".so")
    folder = build.keywords["folder"] / "arm"
    folder.mkdir(parents=True)
    for suffix in (".c", ".so", ".json"):
        shutil.copy(stem + suffix, folder)


@pytest.mark.usefixtures("there")
def test_nothing_is_built_twice(build, arm, files, built_arm):
    """A second build finds the first, touches no file and answers alike."""
    assert set(files()) == {".c", ".so", ".json"}
    before = {path: path.stat().st_mtime_ns for path in files().values()}
    second = build(arm())
    assert not second.was_built
    assert second.manifest == built_arm.manifest
    assert {path: path.stat().st_mtime_ns for path in files().values()} == before
    assert set(second.manifest["seconds"]) == {"derive", "generate", "compile"}
    assert second.manifest["operations"]["acceleration"] > 0


@pytest.mark.usefixtures("there")
def test_force_builds_again(build, arm):
    assert not build(arm()).was_built
    again = build(arm(), force=True)
    assert again.was_built
    assert np.isfinite(again.mass_matrix([0.1, 0.2])).all()


def test_the_two_parts_are_the_whole_file(built_arm, tmp_path):
    """Compiled without PART, the C file offers the same functions and computes the same.

    To rounding: what a compiler inlines, and so fuses, depends on what else is in the file.
    """
    model, library = built_arm, tmp_path / "whole.so"
    source = Path(model.library._name).with_suffix(".c")
    find_toolchain().compile(source, library)
    whole = Model(model.robot, library, model.manifest, was_built=True)
    defined = set(
        re.findall(r"^void (robot_\w+)\(", source.read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert {"robot_rollout", "robot_linearize", "robot_backward", "robot_follow"} <= defined
    for name in defined:
        assert hasattr(model.library, name) and hasattr(whole.library, name)
    X, U = model.rollout(model.x0, np.ones((5, model.nu))), np.ones((5, model.nu))
    assert_close(whole.rollout(model.x0, U), X)
    for mine, other in zip(model.linearize(X, U), whole.linearize(X, U), strict=True):
        assert_close(mine, other)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("m: 2.0", "m: 2.5"),
        ("base: fixed", "base: fixed\ngravity: 1.6"),
        ("limit_stiffness: 100", "limit_stiffness: 200"),
        (TASK, "  dt: 0.02\n"),
        (TASK, "  dt: 0.01\n  substeps: 2\n"),
        ("(hand.y - 1)**2", "(hand.y - 2)**2"),
        ("min(elbow.q) > -1", "min(elbow.v) > -1"),
    ],
)
def test_what_shapes_the_code_is_built_anew(build, arm, copying, old, new):
    """Mechanics, time step, cost, what success is about; and the former robot stays up to date."""
    copying()
    build(arm())
    assert build(arm(old, new)).was_built
    assert not build(arm()).was_built


@pytest.mark.usefixtures("there")
def test_what_is_read_at_run_time_builds_nothing(build, arm):
    """Horizon, initial state, noise, observations, training, the description, limits of actions.

    And how success decides: by which aggregates, and against what.
    """
    assert not build(arm()).was_built
    for old, new in (
        ("horizon: 50", "horizon: 70"),
        (TASK, TASK + "  initial: {q: {elbow: 0.1}, spread: {q: 0.1}}\n"),
        (TASK, TASK + "  process_noise: {v: 0.1}\n"),
        (TASK, TASK + "  observe: {q: [elbow], v: [elbow]}\n"),
        (TASK, TASK + "  start: {noise: 0.5}\n"),
        ("base: fixed", "base: fixed\ntraining: {iterations: 3}"),
        ("base: fixed", "base: fixed\ndescription: two links"),
        ("torque_limit: 20", "torque_limit: 30"),
        ("final(hand.y) > 0.9 and min", "mean(hand.y, last=0.1) <= m or not max"),
        ("m: 2.0", "m: 2.0\n  unnamed: 3"),
    ):
        assert not build(arm(old, new)).was_built, new


@pytest.mark.usefixtures("there")
def test_success_is_decided_anew_without_a_build(build, arm):
    """By the same library: other thresholds, aggregates, parameters."""
    X, U = np.zeros((6, 4)), np.zeros((5, 2))
    X[:, 1] = np.arange(6) / 10  # the elbow; the hand's y is 0.4 sin of that
    success, ends = "final(hand.y) > 0.9 and min(elbow.q) > -1", 0.4 * np.sin(0.4)
    for condition, holds in (
        ("final(hand.y) > 0.155 and min(elbow.q) > -1", ends > 0.155),
        ("final(hand.y) > 0.156 and min(elbow.q) > -1", ends > 0.156),
        ("min(hand.y) > 0.1 or max(elbow.q) >= 0.4", True),
        ("max(hand.y) < m/20 and mean(elbow.q) > 0.21", False),
    ):
        model = build(arm(success, condition))
        assert not model.was_built and model.success(X, U) is bool(holds), condition


@pytest.mark.usefixtures("there")
def test_another_compiler_builds_anew(build, arm, copying):
    copying()
    assert build(arm()).was_built
