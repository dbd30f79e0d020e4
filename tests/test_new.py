"""Files to start from, and the schema for editors, as the command line writes them."""

import json
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from command_line import ROOT, run, run_json

from vgps.codegen.description.robot import load
from vgps.codegen.description.schema import robot_schema, schema_text
from vgps.codegen.folders import SCHEMA
from vgps.experiments.changes import differences
from vgps.report import new_robot as module

MODELINE = "# yaml-language-server: $schema="


def first_line(path):
    return path.read_text(encoding="utf-8").splitlines()[0]


def test_a_new_robot_is_right_and_does_its_task(tmp_path):
    finished = run("new", "hoist", cwd=tmp_path)
    assert finished.returncode == 0 and finished.stdout.startswith("hoist.yaml: ")
    path = tmp_path / "hoist.yaml"
    assert list(tmp_path.iterdir()) == [path]
    checked = run("check", path)
    assert (checked.returncode, checked.stderr) == (0, "") and "ok: hoist," in checked.stdout
    result = run_json("optimize", path, "--out", tmp_path / "out")
    assert result["robot"] == "hoist" and result["success"] is True


def test_every_number_of_it_has_a_comment(tmp_path):
    run("new", "hoist", cwd=tmp_path)
    lines = (tmp_path / "hoist.yaml").read_text(encoding="utf-8").splitlines()
    numbers = [line for line in lines if any(c.isdigit() for c in line.partition("#")[0])]
    assert len(numbers) > 10 and all("#" in line for line in numbers)


@pytest.mark.parametrize("like", ["swimmer", ROOT / "tests" / "robots" / "cartpole.yaml"], ids=str)
def test_a_copy_differs_in_its_name_alone(tmp_path, like):
    result = run_json("new", "other", "--like", like, run=lambda *a: run(*a, cwd=tmp_path))
    assert result == {"robot": "other", "file": "other.yaml"}
    copy, original = load(tmp_path / "other.yaml"), load(like)
    assert copy.name == "other" and not differences(original, copy)
    assert copy.text.count(MODELINE) == 1 and copy.text.startswith(MODELINE)
    changed = set(copy.text.splitlines()[1:]) - set(original.text.splitlines())
    assert changed == {"name: other"}


def test_a_name_may_be_written_anyhow(tmp_path):
    """Words that YAML takes for others, quotes, comments and signs of several bytes before the name."""
    text = module.START.read_text(encoding="utf-8")
    given = tmp_path / "given.yaml"
    given.write_text(text.replace("name: crane", '# N·m\n"name" :  "crane"  # é'), encoding="utf-8")
    for name in ("on", "null", "no"):
        assert run("new", name, "--like", given, cwd=tmp_path).returncode == 0
        assert load(tmp_path / f"{name}.yaml").name == name


def test_what_is_there_stays(tmp_path):
    (tmp_path / "hoist.yaml").symlink_to("nowhere")
    (tmp_path / "crane.yaml").write_text("mine", encoding="utf-8")
    for name in ("hoist", "crane"):
        finished = run("new", name, cwd=tmp_path)
        assert (finished.returncode, finished.stdout) == (2, "")
        sentence = f"{name}.yaml is there already: choose another name, or remove it\n"
        assert finished.stderr == sentence
    assert (tmp_path / "crane.yaml").read_text(encoding="utf-8") == "mine"
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["a b"], "the name of a robot must be a letter followed by at most 63 letters, digits or"),
        (
            ["../a"],
            "the name of a robot must be a letter followed by at most 63 letters, digits or",
        ),
        (["a", "--like", "swimer"], "swimer: no robot of this name in models/; did you mean 'swim"),
        (["a", "--like", "no.yaml"], "no.yaml: cannot be read: No such file or directory"),
    ],
)
def test_what_cannot_be(tmp_path, arguments, sentence):
    finished = run("new", *arguments, cwd=tmp_path)
    assert finished.returncode == 2 and finished.stderr.startswith(sentence)
    assert finished.stderr.count("\n") == 1 and not list(tmp_path.iterdir())


def test_an_editor_finds_the_schema_from_anywhere(tmp_path):
    folder = tmp_path / "with a space"
    folder.mkdir()
    run("new", "hoist", cwd=folder)
    place = first_line(folder / "hoist.yaml").removeprefix(MODELINE)
    assert Path(unquote(urlsplit(place).path)) == SCHEMA.resolve() and " " not in place


def test_inside_a_checkout_the_place_is_relative(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "PACKAGE", tmp_path)
    monkeypatch.setattr(module, "SCHEMA", tmp_path / "docs" / SCHEMA.name)
    (tmp_path / "mine").mkdir()
    run("new", "hoist", cwd=tmp_path / "mine")
    assert first_line(tmp_path / "mine" / "hoist.yaml") == f"{MODELINE}../docs/{SCHEMA.name}"


def test_the_schema():
    finished = run("schema")
    assert (finished.returncode, finished.stdout, finished.stderr) == (0, schema_text(), "")
    printed = run("schema", "--json").stdout
    assert json.loads(printed) == robot_schema() and printed.count("\n") == 1
