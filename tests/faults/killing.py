"""Commands that are killed again and again at random moments, and then run to their end.

A `Work` is a command, the folder that it fills and how it is given again after a kill.  `survive`
kills it so many times, in folders that are begun anew after a few kills, and raises AssertionError
where a folder is not continued, differs from that of an uninterrupted command, or keeps leftovers.
"""

import random
import shutil
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from command_line import command_of, hear_signals, run

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


class Killed(NamedTuple):
    """How a process of its own has ended that was sent a signal."""

    status: int
    said: str  # on standard error


def killed(arguments: tuple, log: Path, kill: int, moment: float) -> Killed:
    """Start a command, and send it a signal after ``moment`` seconds."""
    with log.open("w") as said:
        process = subprocess.Popen(
            command_of(*arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            preexec_fn=hear_signals,
        )
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            process.send_signal(kill)
        process.wait(600)
    return Killed(process.returncode, log.read_text(encoding="utf-8", errors="replace"))


def survive(work: Work, kill: signal.Signals, kills: int, log: Path) -> str:
    """Kill the command so often, and let it end after every few; one line about what happened."""
    rng = random.Random(kill)
    expected = alone(work)
    shortest, longest = 0.0 if kill == signal.SIGKILL else INTERPRETER, 2.0
    done = folders = starts = 0
    while done < kills:
        shutil.rmtree(work.folder, ignore_errors=True)
        folders, arguments = folders + 1, work.begin
        for _ in range(min(KILLS_A_FOLDER, kills - done)):
            moment = rng.uniform(shortest, longest)
            ended = killed(arguments, log, kill, moment)
            assert ended.status in (0, -kill, 128 + kill), ended
            assert "Traceback" not in ended.said and "Error" not in ended.said, ended
            starts += 1
            done += ended.status != 0
            # How long the command takes hangs on how far it had come, and on who else is working.
            longest = max(0.5, longest * (1.1 if ended.status else 0.8))
            arguments = rng.choice(work.again())
        finish(work, arguments)
        assert work.result(work.folder) == expected, f"other bits after {arguments}"
    return f"{done} {kill.name} in {starts} starts and {folders} folders: all continued, same bits"


def alone(work: Work) -> dict[str, bytes]:
    """What the command makes when nobody disturbs it."""
    shutil.rmtree(work.folder, ignore_errors=True)
    finish(work, work.begin)
    return work.result(work.folder)


def finish(work: Work, arguments: tuple) -> None:
    """Run a command to its end, which leaves nothing behind."""
    ended = run(*arguments)
    assert ended.returncode == 0, ended.stderr
    assert not leftovers(work.folder)


def leftovers(folder: Path) -> list[Path]:
    """What commands do not leave behind: all their temporary names begin with a dot."""
    return [path for path in folder.rglob("*") if path.name.startswith(".")]
