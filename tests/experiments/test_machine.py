"""What a run says of the machine is what the machine says of itself."""

import subprocess

from vgps.codegen.folders import PACKAGE
from vgps.codegen.toolchain import find_toolchain
from vgps.experiments import machine as module
from vgps.experiments.machine import machine


def test_the_compiler_is_the_one_that_compiles():
    said = machine()["compiler"]
    version = subprocess.run(
        [*find_toolchain().command, "-dumpversion"], capture_output=True, text=True, check=True
    ).stdout.strip()
    assert version.split(".")[0] in said


def test_the_processor_has_a_name():
    assert machine()["processor"].strip()


def test_the_commit_is_that_of_the_checkout(monkeypatch, tmp_path):
    if (PACKAGE / ".git").exists():
        head = ["git", "-C", str(PACKAGE), "rev-parse", "HEAD"]
        commit = subprocess.run(head, capture_output=True, text=True, check=True).stdout.strip()
        assert commit.startswith(machine()["commit"].removesuffix("-dirty"))
    monkeypatch.setattr(module, "PACKAGE", tmp_path)
    assert "commit" not in machine()


def test_a_machine_without_git_has_no_commit(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "commit" not in machine() and machine()["processor"]
