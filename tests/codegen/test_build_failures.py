"""How a build fails: in one sentence that says what to do, and with nothing left behind."""

import pytest

from vgps.codegen import toolchain
from vgps.codegen.description.robot import load
from vgps.codegen.errors import BuildError

OBJECT = 'while [ "$1" != -o ]; do shift; done; : > "$2"'  # an empty one


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("echo 'arm.c:1: error: no luck' >&2; echo more >&2; exit 1", "error: no luck"),
        ("echo 'arm.c: In function f:' >&2; echo 'arm.c:1:2: error: worse' >&2; exit 1", "worse$"),
        ("echo 'arm.c:1:2: fatal error: no file' >&2; exit 1", "no file$"),
        (
            f'case "$*" in *-shared*) echo "ld: no -lm" >&2; '
            f'echo "collect2: error: ld returned 1 exit status" >&2; exit 1;; esac; {OBJECT}',
            "ld: no -lm$",
        ),
        ("kill -9 $$", "no message"),
        (f'case "$*" in *-shared*) echo no linker >&2; exit 1;; esac; {OBJECT}', "no linker"),
        ('while [ "$1" != -o ]; do shift; done; echo half > "$2"; exit 1', "no message"),
    ],
)
def test_a_compiler_that_fails_is_quoted_and_leaves_nothing(
    build, arm, files, compiler, lines, words
):
    """One sentence with the first line of the compiler, and no file that a build would trust."""
    compiler(lines)
    with pytest.raises(BuildError, match=words) as caught:
        build(arm())
    assert "could not compile arm-" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert files() == {}
    assert not list(build.keywords["folder"].glob("arm/.building-*"))


def test_a_compiler_that_makes_nothing_is_one_sentence(build, arm, files, compiler):
    compiler("exit 0")
    with pytest.raises(BuildError, match=r"made no arm-\w+\.so$"):
        build(arm())
    assert files() == {}


def test_a_failed_build_can_be_repeated(build, arm, compiler, copying):
    compiler("exit 1")
    with pytest.raises(BuildError):
        build(arm())
    copying()
    assert build(arm()).was_built


@pytest.mark.usefixtures("fresh_search")
@pytest.mark.parametrize(
    "command", ["no-such-compiler", "no-such-compiler --flag", "false", "true"]
)
def test_a_chosen_compiler_that_does_not_work_is_named(build, arm, monkeypatch, command):
    monkeypatch.setenv("CC", command)
    with pytest.raises(BuildError, match=f"CC={command} .*set CC to one, or unset it$"):
        build(arm())


@pytest.mark.usefixtures("fresh_search")
def test_without_a_compiler_the_error_says_how_to_get_one(build, arm, monkeypatch):
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(toolchain, "find_spec", lambda name: None)
    with pytest.raises(
        BuildError, match="install gcc or clang, set CC, .* install ziglang"
    ) as error:
        build(arm())
    assert "\n" not in str(error.value)


def test_a_coordinate_that_moves_no_inertia_is_refused(compiled, tmp_path):
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
""",
        encoding="utf-8",
    )
    with pytest.raises(BuildError, match="mass matrix is singular .* 'wheel'"):
        compiled(load(file))


@pytest.mark.usefixtures("fresh_search")
def test_a_compiler_command_with_unbalanced_quotes(monkeypatch):
    monkeypatch.setenv("CC", "gcc '-O1")
    with pytest.raises(BuildError, match="CC cannot be split"):
        toolchain.find_toolchain()


@pytest.mark.usefixtures("fresh_search")
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


@pytest.mark.usefixtures("fresh_search")
@pytest.mark.parametrize(
    ("chosen", "tuned"),
    [("gcc", True), ("gcc -march=x86-64-v2", False), ("gcc -O1 -mcpu=generic", False)],
)
def test_a_processor_that_cc_names_is_not_overruled(chosen, tuned, monkeypatch):
    answer = toolchain.subprocess.CompletedProcess([], 0, "#define __GNUC__ 12", "")
    monkeypatch.setattr(toolchain, "_run", lambda command: answer)
    monkeypatch.setenv("CC", chosen)
    found = toolchain.find_toolchain()
    assert list(found.command) == chosen.split()
    assert ("-march=native" in found.flags) is tuned
    assert not any("native" in flag for flag in found.flags) or tuned
