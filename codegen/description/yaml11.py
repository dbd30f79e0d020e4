"""Numbers that YAML 1.1 reads otherwise than they look, and what was probably meant.

The rules of YAML 1.1 make 8 of 010 (octal), 90 of 1:30 (base 60) and 1000 of 1_000.  No number of
a robot is meant so, and a wrong one moves the robot without a word.
"""

import re

SIGN = r"[-+]?"
BASE_60 = re.compile(rf"{SIGN}[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?")
OCTAL = re.compile(rf"({SIGN})0[0-7_]+")
BINARY_OR_HEXADECIMAL = re.compile(rf"{SIGN}0[bx][0-9a-fA-F_]+")
UNDERSCORED = re.compile(rf"{SIGN}[0-9.][0-9_.eE+-]*")


def misreading(written: str, value: float) -> str | None:
    """What is wrong with a number as it is written, which YAML 1.1 reads as `value`."""
    if BASE_60.fullmatch(written):
        text = f"{written} is read as {value:g}, a number in base 60"
        return f"{text}: write {value:g}, or '{written}' in quotes where text is meant"
    if isinstance(value, int) and (octal := OCTAL.fullmatch(written)):
        plain = octal[1] + (written[len(octal[1]) :].replace("_", "").lstrip("0") or "0")
        meant = f": write {plain}"
        if plain != str(value):
            meant += f", or {value} if that is meant"
        return f"{written} is read as {value}, an octal number{meant}"
    if BINARY_OR_HEXADECIMAL.fullmatch(written):
        base = "a hexadecimal" if "x" in written else "a binary"
        return f"{written} is read as {value}, {base} number: write {value}"
    if "_" in written and UNDERSCORED.fullmatch(written):
        return f"{written} holds underscores: write {written.replace('_', '')}"
    return None
