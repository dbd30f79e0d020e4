"""Text files of ours, of bounded size."""

from pathlib import Path

from vgps.experiments.errors import RunFolderError

_LARGEST_TEXT = 64 * 2**20  # bytes


def read_text(path: Path) -> str:
    """A text file of ours.

    Raises:
        RunFolderError: when it is missing, no text, or larger than any that we write.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_TEXT + 1)
    except OSError as error:
        raise RunFolderError(f"{path}: cannot be read: {error.strerror or error}") from None
    if len(content) > _LARGEST_TEXT:
        raise RunFolderError(f"{path}: is larger than {_LARGEST_TEXT // 2**20} MiB")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RunFolderError(f"{path}: is not text: byte {error.start} is not UTF-8") from None
