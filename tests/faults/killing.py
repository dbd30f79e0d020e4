"""Commands that are killed again and again at random moments, and then run to their end.

A `Work` is a command, the folder that it fills and how it is given again after a kill.  `survive`
kills it so many times, in folders that are begun anew after a few kills, and raises AssertionError
where a folder is not continued, differs from that of an uninterrupted command, or keeps leftovers.
"""

import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

from command_line import command_of

# Python's own start ends in a traceback when Ctrl-C meets it; nobody's program has begun then.
INTERPRETER = 0.15  # s
KILLS_A_FOLDER = 4


@dataclass(frozen=True)
class Work:
    """A command that can be killed.

    folder    what it fills
    begin     its arguments
    again     the arguments after a kill, one of several that must all do
    result    the bytes that do not hang on how often it was killed, by name
    """

    folder: Path
    begin: tuple
    again: Callable[[], list[tuple]]
    result: Callable[[Path], dict[str, bytes]]


class Ended(NamedTuple):
    status: int
    said: str  # on standard error


def run(arguments: tuple, log: Path, kill: int | None = None, moment: float = 0.0) -> Ended:
    """Run a command, and send it a signal after ``moment`` seconds."""
    with log.open("w") as said:
        process = subprocess.Popen(
            command_of(*arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            # A shell that has started the tests in the background lets them ignore it.
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
        )
        if kill is not None:
            try:
                process.wait(moment)
            except subprocess.TimeoutExpired:
                process.send_signal(kill)
        process.wait(600)
    return Ended(process.returncode, log.read_text(encoding="utf-8", errors="replace"))


def survive(work: Work, kill: signal.Signals, kills: int, log: Path, seed: int = 0) -> str:
    """Kill the command so often, and let it end each time; one line that says what happened."""
    rng = random.Random(f"{seed} {kill}")
    expected, seconds = alone(work, log)
    shortest = 0.0 if kill == signal.SIGKILL else INTERPRETER
    killed = folders = attempts = 0
    while killed < kills:
        shutil.rmtree(work.folder, ignore_errors=True)
        folders, arguments = folders + 1, work.begin
        for _ in range(min(KILLS_A_FOLDER, kills - killed)):
            ended = run(arguments, log, kill, rng.uniform(shortest, seconds))
            attempts += 1
            assert ended.status in (0, -kill, 128 + kill), ended
            assert "Traceback" not in ended.said and "Error" not in ended.said, ended
            killed += ended.status != 0
            arguments = rng.choice(work.again())
        ended = run(arguments, log)
        assert ended.status == 0, ended
        assert "Traceback" not in ended.said, ended
        assert work.result(work.folder) == expected, f"after {arguments} other bits"
        assert not leftovers(work.folder)
    return (
        f"{killed} {kill.name} of {attempts} starts in {folders} folders: all continued, same bits"
    )


def alone(work: Work, log: Path) -> tuple[dict[str, bytes], float]:
    """What the command makes when nobody disturbs it, and the seconds it takes."""
    shutil.rmtree(work.folder, ignore_errors=True)
    started = time.monotonic()
    ended = run(work.begin, log)
    assert ended.status == 0, ended
    assert not leftovers(work.folder)
    return work.result(work.folder), time.monotonic() - started


def leftovers(folder: Path) -> list[Path]:
    """What commands do not leave behind: all their temporary names begin with a dot."""
    return [path for path in folder.rglob("*") if path.name.startswith(".")]
