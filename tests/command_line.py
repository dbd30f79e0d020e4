"""The command line for tests: in this process, which has imported everything, or in one of its own."""

import io
import json
import signal
import subprocess
import sys
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from vgps import run as run_module

ROOT = Path(__file__).parents[1]


class Finished(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


def command_of(*arguments):
    """What starts it in a process of its own."""
    return [sys.executable, str(ROOT / "run.py"), *map(str, arguments)]


def hear_signals():
    """What a shell in the background, or nohup, has started ignores some, and so do its children."""
    for kind in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(kind, signal.SIG_DFL)


@contextmanager
def started(*arguments):
    """A process of its own that can be interrupted, and that does not outlive the test."""
    process = subprocess.Popen(
        command_of(*arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        preexec_fn=hear_signals,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def run(*arguments, cwd=ROOT):
    """Here: starting a process would cost more than most commands do."""
    out, err = io.StringIO(), io.StringIO()
    argv = ["run.py", *map(str, arguments)]
    with chdir(cwd), patch.object(sys, "argv", argv), redirect_stdout(out), redirect_stderr(err):
        try:
            status = run_module.main()
        except SystemExit as error:  # of the parser
            status = 0 if error.code is None else error.code if isinstance(error.code, int) else 2
    return Finished(status, out.getvalue(), err.getvalue())


def run_apart(*arguments, cwd=ROOT):
    """In a process of its own."""
    ran = subprocess.run(
        command_of(*arguments),
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=cwd,
        check=False,
    )
    return Finished(ran.returncode, ran.stdout, ran.stderr)


def run_json(*arguments, run=run):
    """What it prints with --json."""
    finished = run(*arguments, "--json")
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)
