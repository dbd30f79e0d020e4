"""What can go wrong between a user and `codegen`, and the hint that goes with a wrong word."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path

LISTED = 16  # allowed words in a message
SHOWN = 20  # mistakes of one file
ENOUGH = 100  # mistakes, after which no more are looked for


class InputError(Exception):
    """Input that cannot be used, in one sentence.  The command line ends with exit status 2."""


class RobotFileError(InputError):
    """A robot file cannot be used.  One sentence for each mistake: `path:line:column: message`.

    path       str, as the caller gave it
    place      str, `path:line:column` of the first mistake, or the path alone
    line       int, 1-based, of the first mistake, or None when it has no place in the file
    column     int, 1-based, or None like the line
    message    str, the first sentence without its place
    further    the other mistakes of the file
    sentences  all of them, each with its place
    """

    def __init__(
        self,
        path: str | Path,
        line: int | None,
        column: int | None,
        message: str,
        further: Sequence["RobotFileError"] = (),
    ) -> None:
        self.path, self.line, self.column, self.message = str(path), line, column, message
        self.further = tuple(further)
        self.place = self.path if line is None else f"{self.path}:{line}:{column}"
        self.sentences: tuple[str, ...] = (f"{self.place}: {message}",)
        for other in self.further:
            self.sentences += other.sentences
        super().__init__("\n".join(self.sentences))

    def __reduce__(self) -> tuple:
        return type(self), (self.path, self.line, self.column, self.message, self.further)


def joined(mistakes: Iterable[RobotFileError]) -> RobotFileError:
    """Mistakes of one file as one error, in the order of their lines; without a line they lead."""
    ordered = sorted(
        {str(mistake): mistake for mistake in mistakes}.values(),
        key=lambda mistake: (mistake.line or 0, mistake.column or 0),
    )
    (first, *further), left = ordered[:SHOWN], ordered[SHOWN:]
    if left:
        place = left[0].path, left[0].line, left[0].column
        further.append(RobotFileError(*place, "and more mistakes from here on"))
    return RobotFileError(first.path, first.line, first.column, first.message, further)


class FolderError(InputError):
    """A folder cannot be written into, such as one that another process is writing into."""


class SurroundingsError(InputError):
    """An environment variable or a folder of this machine is in the way.  One sentence."""


class DemonstrationError(InputError):
    """A file is not a recorded trajectory from which this robot could start."""


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


def too_large(function: str) -> BuildError:
    """The error for a function of a robot in which numbers overflow."""
    return BuildError(
        f"{function} holds a number that is not finite: "
        "numbers of the robot are too large or too small together"
    )


def singular(robot_file: str, coordinate: str) -> BuildError:
    """The error for a coordinate that moves no inertia and so has no acceleration."""
    return BuildError(
        f"{robot_file}: the mass matrix is singular at the initial state: give what '{coordinate}' "
        f"moves a mass off its axis, an inertia or an armature"
    )
