"""Standard streams, whatever they lead to: nothing at all, a full disk, a pipe nobody reads."""

import io
import os
import signal
import sys
from typing import TextIO


def prepare() -> None:
    """Make standard streams that can be written to, whatever is printed and wherever they lead."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            # Otherwise the next file that is opened has this number, and gets what is printed.
            os.open(os.devnull, os.O_RDWR)
    sys.stdout = _stream(_Output(1, "w", closefd=False), sys.stdout)
    sys.stderr = _stream(_Messages(2, "w", closefd=False), sys.stderr)


def finish(status: int) -> int:
    """See that what was printed has arrived; the exit status, another where it has not."""
    try:
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        return abandoned()
    except OSError as error:
        _give_up()
        if status == 0:
            print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        return status or 1


def abandoned() -> int:
    """The exit status when nobody reads standard output any more, as of any other program."""
    _give_up()
    return 128 + signal.SIGPIPE


def _give_up() -> None:
    """Let what is still to be printed go nowhere, lest the interpreter try once more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _stream(raw: io.FileIO, before: TextIO | None) -> io.TextIOWrapper:
    encoding = before.encoding if before else "utf-8"
    lines = raw.fileno() == 2 or raw.isatty()
    # A terminal may not know signs such as N·s.
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding, "replace", line_buffering=lines)


class _Output(io.FileIO):
    """Standard output, which names itself where it cannot be written."""

    def write(self, data: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]
        try:
            return super().write(data)
        except OSError as error:
            error.filename = "standard output"
            raise


class _Messages(io.FileIO):
    """Standard error: that it is full, or that nobody reads it, is no reason to stop a run."""

    def write(self, data: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]
        try:
            return super().write(data)
        except OSError:
            return len(data)
