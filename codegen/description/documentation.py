"""What the docstrings of the parts of a robot say about their keys.

The tables in these docstrings are the one place that says what a key means and in which unit.  The
JSON Schema for editors and the reference of the format are made from them.  A row is a key, or
several with commas between them, two or more spaces, and the meaning, which may go on in lines that
are indented:

    mass       kg
    direction  rad, of the long axis in the link's own frame
"""

import re
from inspect import cleandoc
from typing import NamedTuple

from vgps.codegen.description.fields import Part

_ROW = re.compile(r"(?P<keys>\w+(?:, \w+)*) {2,}(?P<meaning>\S.*)")


class Documentation(NamedTuple):
    """A docstring, taken apart."""

    prose: str  # paragraphs, with an empty line between them
    meanings: dict[str, str]  # by key, its unit included


def documentation(part: type[Part]) -> Documentation:
    """What is said of a part, and of its keys there or where they are inherited from."""
    prose, meanings = _apart(part)
    for base in part.__mro__[1:]:
        if issubclass(base, Part):
            meanings = _apart(base).meanings | meanings
    return Documentation(prose, meanings)


def _apart(part: type[Part]) -> Documentation:
    meanings: dict[str, str] = {}
    paragraphs = [""]
    keys: list[str] = []  # of the row that indented lines go on with
    for line in cleandoc(part.__doc__ or "").splitlines():
        if row := _ROW.fullmatch(line):
            keys = row["keys"].split(", ")
            meanings |= dict.fromkeys(keys, row["meaning"])
        elif keys and line.startswith(" "):
            meanings |= dict.fromkeys(keys, f"{meanings[keys[0]]} {line.strip()}")
        elif line:
            keys = []
            paragraphs[-1] = f"{paragraphs[-1]} {line}".lstrip()
        else:
            keys = []
            paragraphs.append("")
    text = "\n\n".join(filter(None, paragraphs))
    return Documentation(_one_space(text), {key: _one_space(m) for key, m in meanings.items()})


def _one_space(text: str) -> str:
    return re.sub(r"(?<=\S) {2,}", " ", text)
