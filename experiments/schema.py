"""What a refusal of pydantic says, as part of one sentence."""

from typing import Any

from pydantic import ValidationError

from vgps.codegen.errors import found


def first_refusal(error: ValidationError) -> tuple[tuple[str | int, ...], str]:
    """Where in the data the first mistake is, and what is said of it.

    Returns:
        Keys and indices such as ("overrides", "task.dt"), and text such as
        "seed must be at least 0, found -1".
    """
    first: Any = error.errors(include_url=False)[0]
    place = ".".join(map(str, first["loc"]))
    if first["type"] == "missing":
        return first["loc"], f"lacks {place}"
    if first["type"] == "extra_forbidden":
        return first["loc"], f"unknown key {place}"
    text = first["msg"].replace("Input should", "must", 1)
    # The whole of a file would say nothing.
    value = "" if not place or "found" in text else f", found {found(first['input'])}"
    return first["loc"], f"{place} {text}{value}".strip()
