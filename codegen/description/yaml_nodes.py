"""The bytes of a robot file to YAML's nodes, within bounds of size, number and depth.

The bounds hold while the file is read: what is larger would take seconds and gigabytes first.
"""

from pathlib import Path
from typing import Any

import yaml
from yaml.composer import Composer
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.resolver import Resolver
from yaml.scanner import Scanner

from vgps.codegen.errors import RobotFileError

try:
    from yaml._yaml import CParser
except ImportError:  # PyYAML was built without libyaml, which reads ten times as fast

    class CParser(Reader, Scanner, Parser):  # type: ignore[no-redef]
        """PyYAML's own parser, for a text as libyaml's."""

        def __init__(self, text: str) -> None:
            Reader.__init__(self, text)
            Scanner.__init__(self)
            Parser.__init__(self)


MAX_BYTES = 256 * 1024
MAX_NODES = 10_000  # 100 links and joints and 200 points, with all of their keys, have 8000
MAX_DEPTH = 40


def text_of(path: str | Path) -> str:
    """The text of a file.

    Raises:
        RobotFileError: it cannot be read, is too large, or is not UTF-8.
    """
    try:
        with Path(path).open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise RobotFileError(path, None, None, f"cannot be read: {reason}") from None
    if len(raw) > MAX_BYTES:
        raise RobotFileError(path, 1, 1, f"the file is larger than {MAX_BYTES // 1024} KiB")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, column = _count(raw[: error.start].decode("utf-8", "replace"))
        raise RobotFileError(
            path, line, column, f"the byte 0x{raw[error.start]:02X} is not valid UTF-8"
        ) from None


def compose(path: str | Path, text: str) -> yaml.Node | None:
    """The top node of a document; None when it is empty.

    Args:
        path: what errors name.
        text: the document.

    Raises:
        RobotFileError: it is not YAML, or exceeds a bound.
    """
    if foreign := Reader.NON_PRINTABLE.search(text):
        line, column = _count(text[: foreign.start()])
        code = f"U+{ord(foreign.group()):04X}"
        raise RobotFileError(path, line, column, f"the character {code} is not allowed")
    try:
        return _BoundedLoader(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        raise at(path, error.problem_mark or error.context_mark, _syntax(error)) from None
    except (ValueError, OverflowError) as error:
        raise RobotFileError(path, 1, 1, f"not valid YAML: {error}") from None


def place(mark: yaml.Mark) -> tuple[int, int]:
    """(line, column), 1-based."""
    return mark.line + 1, mark.column + 1


def at(path: str | Path, mark: yaml.Mark | None, message: str) -> RobotFileError:
    """The error at a mark."""
    line, column = (1, 1) if mark is None else place(mark)
    return RobotFileError(path, line, column, message)


class _OutOfBounds(yaml.MarkedYAMLError):
    """A document that is well formed as far as it was read."""


class _BoundedLoader(Composer, CParser, Resolver):
    """Composes nodes until there are too many, or one stands too deep."""

    def __init__(self, text: str) -> None:
        CParser.__init__(self, text)
        Composer.__init__(self)
        Resolver.__init__(self)
        self.nodes = self.depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self.nodes += 1
        self.depth += 1
        mark: Any = getattr(self.peek_event(), "start_mark", None)
        if self.nodes > MAX_NODES:
            text = f"the file holds more than {MAX_NODES} keys and values"
            raise _OutOfBounds(problem=text, problem_mark=mark)
        if self.depth > MAX_DEPTH:
            raise _OutOfBounds(problem="the file is nested too deeply", problem_mark=mark)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def _syntax(error: yaml.MarkedYAMLError) -> str:
    if isinstance(error, _OutOfBounds):
        return str(error.problem)
    if error.problem == "exceeded maximum nesting depth":  # of libyaml, which reads ahead
        return "the file is nested too deeply"
    if error.context == "expected a single document in the stream":
        return "the file must hold one document, here a second begins"
    return f"not valid YAML: {error.problem!s:.200}" + (
        f" ({error.context})" if error.context else ""
    )


def _count(before: str) -> tuple[int, int]:
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
