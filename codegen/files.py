"""Files that are whole or not there at all, after a kill and after a power cut as well.

What is being made has a name of its own, beside the place where it will be, and gets its name when
it is whole and on the disk.  A process that is killed leaves such temporary names behind; whoever
next holds the folder's lock (`codegen.lock`), and so is the only one who writes, removes them.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

_TEMPORARY = re.compile(r"\.(\d+|building|removed)-.+")


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` make a temporary file beside ``path``, then give it its name."""
    temporary = _temporary(path, os.getpid())
    try:
        with _naming(path):
            write(temporary)
            rename_durably(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def rename_durably(source: Path, target: Path) -> None:
    """Give a file its name once its content is on the disk, and see that the name is, too."""
    flush(source)
    os.replace(source, target)
    flush(target.parent)


def flush(path: Path) -> None:
    """Wait until a file's content, or a folder's names, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def scratch(parent: Path) -> Iterator[Path]:
    """A folder in ``parent`` for files that are being made, for as long as the context lasts."""
    # Processes that an interruption leaves running may still write into it.
    with (
        _naming(parent),
        TemporaryDirectory(dir=parent, prefix=".building-", ignore_cleanup_errors=True) as folder,
    ):
        yield Path(folder)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Say where there was no room: an error while a file is being written names none."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or str(path)
        raise


def remove_leftovers(folder: Path) -> None:
    """Remove what killed processes left in a folder of ours whose lock this process holds."""
    for path in folder.iterdir():
        if not _TEMPORARY.fullmatch(path.name):
            continue
        if path.is_dir():
            # A process of the owner may live a little longer: under another name it finds no place
            # in which to write.
            removed = path.with_name(f".removed-{path.name}")
            with suppress(FileNotFoundError):
                os.replace(path, removed)
            shutil.rmtree(removed, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def is_leftover_of(path: Path, name: str) -> bool:
    """Whether a file is what was to become ``name`` when the process that wrote it was killed."""
    pid = path.name.removeprefix(".").removesuffix(f"-{name}")
    return pid.isdigit() and path.name == _temporary(path.with_name(name), pid).name


def _temporary(path: Path, pid: int | str) -> Path:
    # The suffix stays last: writers choose their format by it.
    return path.with_name(f".{pid}-{path.name}")
