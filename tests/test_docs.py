"""The documentation: every command in it runs, in order, and the site is built without the network.

A page is run in a folder and a home of its own, to the letter: its files are written, its blocks of
Bash and Python run one after another, each in the folder where the last one ended.  A comment before
a block says what is special about it:

    <!-- file: NAME -->   what is to be saved as NAME
    <!-- slow -->         takes long, or installs something

The quick test leaves out what is slow and has the compiled kernels of the checkout.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [
    page
    for page in sorted((ROOT / "docs").glob("*.md"))
    if re.search("^```(bash|python)$", page.read_text(encoding="utf-8"), re.M)
]
_BLOCK = re.compile(r"(?:^<!-- ([^\n]*) -->\n)?^```(\w+)\n(.*?)^```$", re.M | re.S)


def script_of(page, slow):
    """One script that does what the page says."""
    lines = ["set -euo pipefail", "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT"]
    for about, language, text in _BLOCK.findall(page.read_text(encoding="utf-8")):
        if about == "slow" and not slow:
            continue
        if about.startswith("file: "):
            lines.append(f"cat > {about.removeprefix('file: ')} <<'END'\n{text}END")
        elif language == "python":
            lines.append(f"python - <<'END'\n{text}END")
        elif language == "bash":
            lines.append(text)
    return "\n".join(lines)


def ran(page, folder, slow):
    """The folder in which the page was run."""
    home, work = folder / "home", folder / "work"
    home.mkdir()
    work.mkdir()
    bin_folder = str(Path(sys.executable).parent)
    environment = {
        name: value
        for name, value in os.environ.items()
        if name in ("LANG", "LC_ALL", "CC") or name.startswith("PIP_")  # where packages come from
    } | {
        "HOME": str(home),
        "PATH": os.pathsep.join([bin_folder, os.environ["PATH"]]),
        "VGPS_BUILDS": str(folder / "builds"),
        "OPENBLAS_NUM_THREADS": "1",
    }
    if slow:
        clone = ["git", "clone", "--quiet", str(ROOT), str(work / "vgps")]
        subprocess.run(clone, check=True)
        environment["NUMBA_CACHE_DIR"] = str(folder / "kernels")
        if ".venv/ready" not in page.read_text(encoding="utf-8"):
            # `pip install` of a page that sets up no environment of its own goes elsewhere than
            # into that of the tests, which has all that is needed.
            environment |= {
                "PIP_TARGET": str(folder / "site"),
                "PIP_NO_DEPS": "1",
                "PIP_NO_BUILD_ISOLATION": "0",
                "PYTHONPATH": str(folder / "site"),
            }
    finished = subprocess.run(
        ["bash", "-c", script_of(page, slow).encode()],  # in UTF-8, whatever the locale is
        cwd=work,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return work


def test_the_tutorial_without_what_is_slow(tmp_path):
    work = ran(ROOT / "docs" / "tutorial.md", tmp_path, slow=False)
    assert (work / "runs" / "first" / "report.html").exists()
    assert list((work / "runs" / "eel-trajectory-seed0").glob("*.png"))


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_of_a_page(page, tmp_path):
    ran(page, tmp_path, slow=True)


def test_no_block_is_left_out():
    """Commands are in blocks that are run, and only the tutorial has some that are quick."""
    for page in sorted((ROOT / "docs").glob("*.md")):
        text = page.read_text(encoding="utf-8")
        blocks = _BLOCK.findall(text)
        assert {language for _, language, _ in blocks} <= {"bash", "python", "text", "yaml", "toml"}
        for about, _, _ in blocks:
            assert about in ("", "slow") or about.startswith("file: "), f"{page}: {about}"
        if page.stem != "tutorial":
            assert all(a == "slow" for a, language, _ in blocks if language in ("bash", "python"))


def test_the_mistake_of_the_tutorial_is_told_as_it_says(tmp_path):
    text = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    (robot,) = (block for about, _, block in _BLOCK.findall(text) if about == "file: eel.yaml")
    (tmp_path / "eel.yaml").write_text(robot.replace("length:", "lenght:"), encoding="utf-8")
    from command_line import run

    status, _, said = run("check", "eel.yaml", cwd=tmp_path)
    (shown,) = (block for _, language, block in _BLOCK.findall(text) if language == "text")
    assert status == 2 and said.startswith(shown.strip().removesuffix(" ...")), said


def test_the_site_is_built_without_the_network(tmp_path):
    pytest.importorskip("mkdocs")
    pytest.importorskip("material")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path]
    built = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1", "http_proxy": "http://127.0.0.1:1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    method = (tmp_path / "method.html").read_text(encoding="utf-8")
    assert "<mtable" in method and "$" not in re.sub("<[^>]*>", "", method.split("<article")[1])
    for page in tmp_path.rglob("*.html"):
        loaded = re.findall(
            r'(?:src|<link[^>]* href)="((?:https?:)?//[^"]*)', page.read_text("utf-8")
        )
        assert not loaded, page  # neither a font nor a script from elsewhere
    # A function that a page names leads to its line.
    (line,) = re.findall(
        r'policy/search\.py\.html#__codelineno-0-(\d+)">[^<]*<code>iterate', method
    )
    source = (ROOT / "policy" / "search.py").read_text(encoding="utf-8").splitlines()
    assert source[int(line) - 1].startswith("def iterate(")
