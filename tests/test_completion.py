"""The script for Bash completes what a command takes: asked as Bash asks it."""

import os
import shutil
import subprocess

import pytest
from command_line import run

from vgps.report.completion import bash_names

if shutil.which("bash") is None:
    pytest.skip("there is no Bash", allow_module_level=True)


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    printed = run("--tyro-print-completion", "bash")
    assert printed.returncode == 0
    path = tmp_path_factory.mktemp("completion") / "vgps.bash"
    path.write_text(printed.stdout, encoding="utf-8")
    return path


def completed(script, *words, **environment):
    """What Bash is told for these words, of which the last is being written."""
    listed = " ".join(f"'{word}'" for word in words)
    asked = f"COMP_WORDS=({listed}); COMP_CWORD={len(words) - 1}; _vgps_names vgps"
    shown = 'printf "%s\\n" "${COMPREPLY[@]}"'
    ran = subprocess.run(
        ["bash", "-c", f"source '{script}'; {asked}; {shown}"],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | environment,
    )
    assert not ran.stderr
    return ran.stdout.split()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("vgps", "opti"), ["optimize"]),
        (("vgps", "train", "swi"), ["swimmer", "swingup"]),
        (("vgps", "compare", "--robots", "hop"), ["hopper"]),
        (("vgps", "new", "mine", "--like", "roc"), ["rocket"]),
        (("vgps", "train", "swimmer", "--method", "weig"), ["weighted-dagger"]),
        (("vgps", "train", "swimmer", "--iter"), ["--iterations"]),
        (("vgps", "train", "swimmer", "--optimizer", "s"), ["sgd"]),
        (("vgps", "export", "runs/x", "--to", "o"), ["onnx"]),
        (("vgps", "check", "nothing/such"), []),  # files, which Bash itself completes
        (("vgps", "evaluate", "ru"), []),
    ],
)
def test_words_are_completed(script, words, expected):
    assert completed(script, *words) == expected


def test_no_letter_is_missing_in_a_plain_locale(script):
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    assert completed(script, "vgps", "train", "swimmer", "--iter", **plain) == ["--iterations"]


def test_no_name_reaches_the_shell_as_more():
    text = bash_names(["mine", '"; touch it; "', "$(touch it)"], ["gps", "a b"])
    assert "touch" not in text and 'names="mine"' in text and 'names="gps"' in text


def test_files_are_where_nothing_else_fits(script):
    ran = subprocess.run(
        ["bash", "-c", f"source '{script}'; complete -p vgps"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == "complete -o default -F _vgps_names vgps\n"
