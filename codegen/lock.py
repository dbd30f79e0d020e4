"""One writer a folder: a lock that goes with its owner, however that ends.

The lock is flock's on the file .lock, which says who holds it.  The system releases it when the
process ends, so that nobody has to find out whether an owner still lives, and no other process that
has got the owner's number is taken for it, here or on another machine with the same files.
"""

import fcntl
import os
import platform
import re
import shlex
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import IO

from vgps.codegen.errors import FolderError
from vgps.codegen.files import remove_leftovers

LOCK = ".lock"
_TRIES, _A_MOMENT = 200, 0.01  # s

_held: set[Path] = set()  # by this process


@contextmanager
def locked(folder: Path, wait: bool = False) -> Iterator[None]:
    """Be the only process that writes into ``folder`` for as long as the context lasts.

    The folder is made where there is none, and goes again where nothing was put into it.  A process
    may enter again what it holds.

    Args:
        folder: what is written into.
        wait: for the process that holds it, however long that takes.

    Raises:
        FolderError: when it is no folder or, without ``wait``, another process holds it.
    """
    key = folder.resolve()
    if key in _held:
        yield
        return
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    with _acquired(folder, wait) as file:
        _held.add(key)
        try:
            file.truncate(0)
            file.write(_owner())
            file.flush()
            yield
        finally:
            _held.remove(key)
            # While it is locked: a moment later it might be another's.
            (folder / LOCK).unlink(missing_ok=True)
            with suppress(OSError):  # something is in it
                for path in made:
                    path.rmdir()


def tidy(folder: Path) -> None:
    """Remove what killed processes left in a folder of ours that nobody is writing into."""
    if any(path.name.startswith(".") for path in folder.iterdir()):
        with suppress(FolderError, OSError), locked(folder):
            remove_leftovers(folder)


def _acquired(folder: Path, wait: bool) -> IO[str]:
    """The open and locked file, which is still that of the folder."""
    path = folder / LOCK
    while True:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            file = path.open("a+", encoding="utf-8", errors="replace")
        except FileNotFoundError:
            continue  # an owner that ended has just removed the folder that it had made
        except (FileExistsError, NotADirectoryError):
            raise FolderError(f"{folder} is not a folder") from None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            if _is_at(file, path):
                return file
            file.close()  # its owner has removed it
        except BlockingIOError:
            with file:
                raise FolderError(f"{folder} is being written by {_name_in(file)}") from None
        except BaseException:
            file.close()
            raise


def _name_in(file: IO[str]) -> str:
    """Who holds a lock; one that has only just got it has yet to say so."""
    for _ in range(_TRIES):
        file.seek(0)
        owner = file.read()
        if owner and not _is_gone(owner):
            return owner
        time.sleep(_A_MOMENT)
    return "another process"


def _is_gone(owner: str) -> bool:
    """Whether this names a process of this machine that has ended."""
    named = re.match(r"process (\d+) on (\S+) since", owner)
    if named is None or named[2] != platform.node():
        return False
    try:
        os.kill(int(named[1]), 0)  # which only asks
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return False


def _is_at(file: IO[str], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _owner() -> str:
    program, *arguments = sys.argv
    command = shlex.join([Path(program).name, *arguments])
    since = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M:%S %z")
    return f"process {os.getpid()} on {platform.node()} since {since}: {command}"
