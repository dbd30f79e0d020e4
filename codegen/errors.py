"""What can go wrong between a user and `codegen`, and the hint that goes with a wrong word."""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

LISTED = 16


class InputError(Exception):
    """Input that cannot be used, in one sentence.  The command line ends with exit status 2."""


class RobotFileError(InputError):
    """A robot file cannot be used.  One sentence: `path:line:column: message`.

    path     str, as the caller gave it
    line     int, 1-based, or None when the file could not be read at all
    column   int, 1-based, or None like the line
    message  str, the sentence without the place
    """

    def __init__(
        self, path: str | Path, line: int | None, column: int | None, message: str
    ) -> None:
        self.path, self.line, self.column, self.message = str(path), line, column, message
        place = self.path if line is None else f"{self.path}:{line}:{column}"
        super().__init__(f"{place}: {message}")

    def __reduce__(self) -> tuple:
        return type(self), (self.path, self.line, self.column, self.message)


class FolderError(InputError):
    """A folder cannot be written into, such as one that another process is writing into."""


class SurroundingsError(InputError):
    """An environment variable or a folder of this machine is in the way.  One sentence."""


class BuildError(Exception):
    """A valid robot could not be turned into a library.  One sentence."""


def hint(word: str, allowed: Iterable[str]) -> str:
    """The tail of an error message about an unknown word.

    Returns text such as "; did you mean 'mass'? allowed: com, length, mass".
    """
    names = sorted(allowed)
    if not names:
        return "; none is allowed here"
    near = get_close_matches(word, names, n=1, cutoff=0.6)
    owner = word.partition(".")[0]
    same_owner = [name for name in names if "." in name and name.partition(".")[0] == owner]
    shown = same_owner or names
    more = f", ... ({len(shown)} in all)" if len(shown) > LISTED else ""
    listed = ", ".join(shown[:LISTED]) + more
    return (f"; did you mean {near[0]!r}?" if near else ";") + f" allowed: {listed}"


def found(value: object) -> str:
    """A short description of a value that was found in a file where another was expected."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    shown = str(value).lower() if isinstance(value, bool) else repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "..."


def singular(robot_file: str, coordinate: str) -> BuildError:
    """The error for a coordinate that moves no inertia and so has no acceleration."""
    return BuildError(
        f"{robot_file}: the mass matrix is singular at the initial state: give what '{coordinate}' "
        f"moves a mass off its axis, an inertia or an armature"
    )
