"""What is built and when, what is trusted, and how a build fails; what a model accepts."""

import os
import re
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from arm import ARM
from closeness import assert_close

from vgps.codegen import build as building
from vgps.codegen import toolchain
from vgps.codegen.description.robot import load
from vgps.codegen.errors import BuildError
from vgps.codegen.model import Model

ROOT = Path(__file__).parents[2]
TASK = "  dt: 0.01\n"


@pytest.fixture(autouse=True)
def generated(tmp_path):
    """An empty folder for libraries, and a search for the compiler that starts anew."""
    folder = tmp_path / "generated"
    toolchain.find_toolchain.cache_clear()
    yield folder
    toolchain.find_toolchain.cache_clear()


@pytest.fixture
def build(generated):
    """Build into the test's own folder."""
    return partial(building.build, folder=generated)


@pytest.fixture
def compiler(tmp_path, monkeypatch):
    """Make CC a script that runs `lines` of shell in place of compiling, with $real the compiler.

    The questions about its version still go to the real one.
    """
    real = " ".join(toolchain.find_toolchain().command)

    def replace_by(lines):
        script = tmp_path / "compiler"
        asked = f'case "$*" in *-dM*) exec {real} "$@";; esac'
        script.write_text("\n".join(["#!/bin/sh", f'real="{real}"', asked, lines, ""]))
        script.chmod(0o755)
        monkeypatch.setenv("CC", str(script))
        toolchain.find_toolchain.cache_clear()

    return replace_by


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """The arm, built once for the tests of what a model accepts."""
    folder = tmp_path_factory.mktemp("arm")
    (folder / "arm.yaml").write_text(ARM)
    return building.build(load(folder / "arm.yaml"), folder=folder)


def files(generated: Path) -> dict[str, Path]:
    """The one library, manifest and source of the arm, by suffix."""
    found = {path.suffix: path for path in (generated / "arm").glob("arm-*")}
    assert set(found) <= {".c", ".so", ".json"}
    return found


# What is built and when.


def test_nothing_is_built_twice(build, arm, generated):
    """A second build finds the first, touches no file and answers alike."""
    first = build(arm())
    assert first.was_built
    assert set(files(generated)) == {".c", ".so", ".json"}
    before = {path: path.stat().st_mtime_ns for path in files(generated).values()}
    second = build(arm())
    assert not second.was_built
    assert second.manifest == first.manifest
    assert {path: path.stat().st_mtime_ns for path in files(generated).values()} == before
    assert set(first.manifest["seconds"]) == {"derive", "generate", "compile"}
    assert first.manifest["operations"]["acceleration"] > 0


def test_force_builds_again(build, arm):
    assert build(arm()).was_built
    again = build(arm(), force=True)
    assert again.was_built
    assert np.isfinite(again.mass_matrix([0.1, 0.2])).all()


def test_the_two_parts_are_the_whole_file(build, arm, generated, tmp_path):
    """Compiled without PART, the C file offers the same functions and computes the same.

    To rounding: what a compiler inlines, and so fuses, depends on what else is in the file.
    """
    model = build(arm())
    source, library = files(generated)[".c"], tmp_path / "whole.so"
    toolchain.find_toolchain().compile(source, library)
    whole = Model(model.robot, library, model.manifest, was_built=True)
    defined = set(re.findall(r"^void (robot_\w+)\(", source.read_text(), re.MULTILINE))
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
        ("min(elbow.q) > -1", "max(elbow.q) > -1"),
    ],
)
def test_what_shapes_the_code_is_built_anew(build, arm, old, new):
    """Mechanics, time step, cost and success; and the former robot stays up to date."""
    build(arm())
    assert build(arm(old, new)).was_built
    assert not build(arm()).was_built


def test_what_is_read_at_run_time_builds_nothing(build, arm):
    """Horizon, initial state, noise, observations, training and the description."""
    build(arm())
    for old, new in (
        ("horizon: 50", "horizon: 70"),
        (TASK, TASK + "  initial: {q: {elbow: 0.1}, spread: {q: 0.1}}\n"),
        (TASK, TASK + "  process_noise: {v: 0.1}\n"),
        (TASK, TASK + "  observe: {q: [elbow], v: [elbow]}\n"),
        (TASK, TASK + "  start: {noise: 0.5}\n"),
        ("base: fixed", "base: fixed\ntraining: {iterations: 3}"),
        ("base: fixed", "base: fixed\ndescription: two links"),
    ):
        assert not build(arm(old, new)).was_built, new


def test_another_compiler_builds_anew(build, arm, compiler):
    build(arm())
    compiler('exec $real "$@"')
    assert build(arm()).was_built


# What is trusted.


@pytest.mark.parametrize(
    ("suffix", "content"),
    [
        (".so", None),
        (".so", b""),
        (".so", b"\x7fELF"),
        (".json", None),
        (".json", b""),
        (".json", b"{}"),
        (".json", b"[]"),
        (".json", b"null"),
        (".json", b'{"library_sha256": "0"}'),
        (".json", b"\xff\xfe\x00"),
    ],
)
def test_a_damaged_build_is_not_trusted(build, arm, generated, suffix, content):
    """A missing, empty, truncated or foreign library or manifest is built anew."""
    good = build(arm()).mass_matrix([0.1, 0.2])
    path = files(generated)[suffix]
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    again = build(arm())
    assert again.was_built
    assert np.array_equal(again.mass_matrix([0.1, 0.2]), good)
    assert not build(arm()).was_built


def test_two_processes_that_want_one_robot_build_it_once(arm, generated, compiler, tmp_path):
    """One builds while the other waits; both get the robot."""
    linking = f'case "$*" in *-shared*) echo linked >> {tmp_path}/log;; esac'
    compiler(f'{linking}; sleep 1; exec $real "$@"')
    path = arm().path
    processes = [_build_elsewhere(path, generated) for _ in range(2)]
    outputs = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    assert sorted(out.strip() for out, _ in outputs) == ["False 2", "True 2"]
    assert (tmp_path / "log").read_text().split() == ["linked"]


def test_a_killed_build_leaves_nothing_to_trust(
    build, arm, generated, compiler, tmp_path, monkeypatch
):
    """Killed while compiling, with half a library written; the next build does it all."""
    compiler(f"for last; do :; done; echo half > {tmp_path}/half; sleep 60")
    process = _build_elsewhere(arm().path, generated)
    patience = time.monotonic() + 60
    while not (tmp_path / "half").exists() and time.monotonic() < patience:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert files(generated) == {}
    monkeypatch.delenv("CC")
    toolchain.find_toolchain.cache_clear()
    assert build(arm()).was_built


def _build_elsewhere(path: str, generated: Path) -> subprocess.Popen:
    """A process group that builds a robot file and prints `was_built` and nq."""
    code = (
        "import sys; from pathlib import Path\n"
        "from vgps import build, load\n"
        "model = build(load(sys.argv[1]), folder=Path(sys.argv[2]))\n"
        "print(model.was_built, len(model.mass_matrix([0, 0])))\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, path, str(generated)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


# How a build fails.


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("echo 'arm.c:1: error: no luck' >&2; echo more >&2; exit 1", "error: no luck"),
        ("kill -9 $$", "no message"),
        ('case "$*" in *-shared*) echo no linker >&2; exit 1;; esac; exec $real "$@"', "no linker"),
        ('while [ "$1" != -o ]; do shift; done; echo half > "$2"; exit 1', "no message"),
    ],
)
def test_a_compiler_that_fails_is_quoted_and_leaves_nothing(
    build, arm, generated, compiler, lines, words
):
    """One sentence with the first line of the compiler, and no file that a build would trust."""
    compiler(lines)
    with pytest.raises(BuildError, match=words) as caught:
        build(arm())
    assert "could not compile arm-" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert files(generated) == {}
    assert not list((generated / "arm").glob(".building-*"))


def test_a_failed_build_can_be_repeated(build, arm, compiler, monkeypatch):
    compiler("exit 1")
    with pytest.raises(BuildError):
        build(arm())
    monkeypatch.delenv("CC")
    toolchain.find_toolchain.cache_clear()
    assert build(arm()).was_built


@pytest.mark.parametrize("command", ["no-such-compiler", "no-such-compiler --flag", "false"])
def test_a_chosen_compiler_that_does_not_work_is_named(build, arm, monkeypatch, command):
    monkeypatch.setenv("CC", command)
    with pytest.raises(BuildError, match=f"CC={command} .*set CC to one, or unset it$"):
        build(arm())


def test_without_a_compiler_the_error_says_how_to_get_one(build, arm, monkeypatch):
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(toolchain, "find_spec", lambda name: None)
    with pytest.raises(
        BuildError, match="install gcc or clang, set CC, .* install ziglang"
    ) as error:
        build(arm())
    assert "\n" not in str(error.value)


# What a model accepts.


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("q", lambda m: m.mass_matrix([1, 2, 3])),
        ("q", lambda m: m.mass_matrix([[1, 2]])),
        ("q", lambda m: m.points(1.0)),
        ("q", lambda m: m.point_jacobians([1, 2, 3])),
        ("v", lambda m: m.bias_force([1, 2], [1])),
        ("v", lambda m: m.passive_force([1, 2], [])),
        ("q", lambda m: m.energy([1], [1, 2])),
        ("u", lambda m: m.acceleration([1, 2], [1, 2], [1, 2, 3])),
        ("u", lambda m: m.acceleration_derivatives([1, 2], [1, 2], [[1, 2]])),
        ("x", lambda m: m.step([1, 2], [1, 2])),
        ("u", lambda m: m.step([1, 2, 3, 4], [1])),
        ("x", lambda m: m.rollout([1, 2, 3], np.zeros((5, 2)))),
        ("U", lambda m: m.rollout(np.zeros(4), np.zeros(2))),
        ("U", lambda m: m.rollout(np.zeros(4), np.zeros((2, 5)))),
        ("X", lambda m: m.linearize(np.zeros((5, 3)), np.zeros((5, 2)))),
        ("U", lambda m: m.linearize(np.zeros((5, 4)), np.zeros((5, 4)))),
        ("X", lambda m: m.cost(np.zeros((7, 4)), np.zeros((5, 2)))),
        ("X", lambda m: m.speed(np.zeros((4, 4)), np.zeros((5, 2)))),
        ("X", lambda m: m.success(np.zeros(4), np.zeros((5, 2)))),
    ],
)
def test_a_wrong_shape_is_refused_by_name(model, name, call):
    with pytest.raises(ValueError, match=rf"^{name} (must have shape|has \d)"):
        call(model)


def test_arrays_are_taken_as_they_come(model):
    """Lists, integers, single precision, strides and Fortran order give the same numbers."""
    rng = np.random.default_rng(0)
    X, U = rng.integers(-3, 4, (6, 4)), rng.integers(-3, 4, (6, 2))
    X, U = X.astype(float), U.astype(float)
    f_x, f_u = model.linearize(X, U)
    cost, states, step = model.cost(X, U), model.rollout(X[0], U), model.step(X[0], U[0])
    sparse_X, sparse_U = np.full((12, 8), np.nan), np.full((12, 4), np.nan)
    sparse_X[::2, ::2], sparse_U[::2, ::2] = X, U
    for other_X, other_U in (
        (X.tolist(), U.tolist()),
        (X.astype(int), U.astype(int)),
        (X.astype(np.float32), U.astype(np.float32)),
        (np.asfortranarray(X), np.asfortranarray(U)),
        (sparse_X[::2, ::2], sparse_U[::2, ::2]),
    ):
        other_x, other_u = model.linearize(other_X, other_U)
        assert np.array_equal(other_x, f_x)
        assert np.array_equal(other_u, f_u)
        assert np.array_equal(model.cost(other_X, other_U), cost)
        assert np.array_equal(model.rollout(other_X[0], other_U), states)
        assert np.array_equal(model.step(other_X[0], other_U[0]), step)


def test_inputs_are_left_alone(model):
    x, U = np.array([0.1, 0.2, 0.3, 0.4]), np.ones((3, 2))
    X = model.rollout(x, U)
    model.linearize(X, U)
    assert x.tolist() == [0.1, 0.2, 0.3, 0.4]
    assert np.array_equal(U, np.ones((3, 2)))
    assert not np.shares_memory(X, x)


def test_no_steps_are_a_trajectory_too(model):
    X = model.rollout([0.1, 0.2, 0, 0], np.empty((0, 2)))
    assert X.tolist() == [[0.1, 0.2, 0, 0]]
    assert model.cost(X, np.empty((0, 2))).shape == (0,)


def test_point_jacobians_by_name(model):
    """The compiled ones, each against differences of its own point."""
    q, h = np.array([0.3, -0.8]), 1e-6
    J = model.point_jacobians(q)
    assert list(J) == list(model.points(q)) and "hand" in J
    for name in J:
        columns = [
            (model.points(q + unit)[name] - model.points(q - unit)[name]) / (2 * h)
            for unit in h * np.eye(2)
        ]
        np.testing.assert_allclose(J[name], np.transpose(columns), atol=1e-9)


def test_a_rollout_that_diverges_says_when(model):
    """The step is the index of the first state that is not finite."""
    U = np.zeros((6, 2))
    U[3] = 1e308
    with pytest.raises(FloatingPointError, match="no longer finite at step 4$"):
        model.rollout(np.zeros(4), U)
    with pytest.raises(FloatingPointError, match="at step 0$"):
        model.rollout([np.nan, 0, 0, 0], U)


def test_success_is_the_expression_over_the_rollout(build, arm):
    """The hand ends above 0.8 m, of 0.9 m when upright, and the elbow never bends below -1 rad."""
    model = build(arm("final(hand.y) > 0.9", "final(hand.y) > 0.8"))
    up, bent, lying = [np.pi / 2, 0, 0, 0], [np.pi / 2, -1.1, 0, 0], [0, 0, 0, 0]
    U = np.zeros((3, 2))
    assert model.success([lying, up, up], U)
    assert not model.success([up, up, lying], U)
    assert not model.success([up, bent, up], U)


def test_a_coordinate_that_moves_no_inertia_is_refused(build, tmp_path):
    """One sentence that names the coordinate, instead of an acceleration that is not a number."""
    file = tmp_path / "massless.yaml"
    file.write_text(
        """
name: massless
base: fixed
links:
  - {name: arm, mass: 1, length: 1}
  - {name: dot, mass: 1}
joints:
  - {name: shoulder, parent: world, child: arm, actuated: true}
  - {name: wheel, parent: arm, child: dot}
task: {dt: 0.01, horizon: 10, cost: sum(u**2), success: mean(wheel.q) > 0}
"""
    )
    with pytest.raises(BuildError, match="mass matrix is singular .* 'wheel'"):
        build(load(file))


def test_a_compiler_command_with_unbalanced_quotes(monkeypatch):
    monkeypatch.setenv("CC", "gcc '-O1")
    with pytest.raises(BuildError, match="CC cannot be split"):
        toolchain.find_toolchain()


@pytest.mark.parametrize(
    ("macros", "known"), [("#define __GNUC__ 12", True), ("#define __clang__ 1", False)]
)
def test_clang_is_not_given_flags_that_only_gcc_knows(macros, known, monkeypatch):
    """The clang of the ziglang wheel refuses what it does not know."""
    answer = toolchain.subprocess.CompletedProcess([], 0, macros, "")
    monkeypatch.setattr(toolchain, "_run", lambda command: answer)
    monkeypatch.setattr(toolchain, "_candidates", lambda: [["cc"]])
    toolchain.find_toolchain.cache_clear()
    try:
        assert ("-fno-tree-dse" in toolchain.find_toolchain().flags) is known
    finally:
        toolchain.find_toolchain.cache_clear()
