"""A part of a file that a command writes, between two comments that a page does not show."""

from pathlib import Path

from vgps.codegen.errors import InputError
from vgps.codegen.files import write_atomically


class MarkerError(InputError):
    """One sentence: there is no such file, or it has no place for the part."""


class Section:
    """What stands in a file between two comments."""

    def __init__(self, path: Path, begin: str, end: str) -> None:
        """Read the file.

        Raises:
            MarkerError: where the file does not exist, has no place for the part, or several.
        """
        self.path, self.begin, self.end = path, begin, end
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise MarkerError(
                f"there is no {path}: only a checkout of the project has a {path.name} to write to"
            ) from None
        if text.count(begin) != 1 or text.count(end) != 1 or text.index(end) < text.index(begin):
            raise MarkerError(f"{path.name} needs one line '{begin}' and below it '{end}'")
        self._before, rest = text.split(begin)
        self._after = rest.split(end)[1]

    def write(self, content: str) -> None:
        """Replace what stands between the comments."""
        text = f"{self._before}{self.begin}\n{content}\n{self.end}{self._after}"
        write_atomically(self.path, lambda file: file.write_text(text, encoding="utf-8"))
