"""What docs/ has on robot files: the reference in Markdown, and the JSON Schema for editors.

Both are made from the parts that validate a file and from the docstrings of these; `make docs`
writes them.  A section of the reference is a part, a row of its table a key.
"""

from collections.abc import Iterator
from typing import Any, TypeAlias

from vgps.codegen.description.schema import robot_schema, schema_text
from vgps.codegen.folders import SCHEMA

Schema: TypeAlias = dict[str, Any]

REFERENCE = SCHEMA.with_name("robot-file.md")

_HEAD = """\
# The robot file

Every key of a robot file, in SI units and radians. Wherever a number stands there may be an
expression of the names in `parameters` instead, such as `m*L**2/12` or `-pi/2`. A key that is not
**required** may be left out: then its default holds, or what the last column says. The
[README](../README.md#add-a-robot) has an example, and `vgps new NAME` writes a file to start from.

`make docs` writes this page from the docstrings in [codegen/description](../codegen/description).
"""


def reference() -> str:
    """The page: the whole file, then each part at the place where it is first met."""
    schema = robot_schema()
    parts = schema.pop("$defs")
    places: dict[str, list[str]] = {}
    _find(schema, "", parts, places)
    sections = [f"## Top level\n\n{_body(schema, parts)}"]
    for name, where in places.items():
        listed = ", ".join(f"`{place}`" for place in where)
        sections.append(f"## {name}\n\n{listed}\n\n{_body(parts[name], parts)}")
    return "\n".join([_HEAD, *sections])


def _find(schema: Schema, place: str, parts: Schema, places: dict[str, list[str]]) -> None:
    """Add the places of all parts below one, depth first."""
    for key, value in schema["properties"].items():
        for name, mark in _parts_in(value, parts):
            below = f"{place}.{key}{mark}".lstrip(".")
            places.setdefault(name, []).append(below)
            _find(parts[name], below, parts, places)


def _parts_in(value: Schema, parts: Schema, mark: str = "") -> Iterator[tuple[str, str]]:
    """The names of the parts that may stand under a key, with the mark of a list where in one."""
    if "properties" in parts.get(name := _name(value), {}):
        yield name, mark
    for choice in value.get("anyOf", ()):
        yield from _parts_in(choice, parts, mark)
    match value.get("items"):
        case dict(item):
            yield from _parts_in(item, parts, "[]")


def _body(schema: Schema, parts: Schema) -> str:
    """What is said of a part, and the table of its keys."""
    head = ["| key | value | default | meaning |", "| --- | --- | --- | --- |"]
    lines = [schema["description"], "", *head]
    for key, value in schema["properties"].items():
        default = "**required**" if key in schema.get("required", ()) else _default(value)
        meaning = value.get("description", "").replace("|", "\\|")
        lines.append(f"| `{key}` | {_kind(value, parts)} | {default} | {meaning} |")
    return "\n".join(lines) + "\n"


def _kind(value: Schema, parts: Schema) -> str:
    """What stands under a key, in words."""
    if name := _name(value):
        part = parts[name]
        return f"[{name}](#{name.lower()})" if "properties" in part else part["title"]
    match value:
        case {"title": str(title)}:
            return title
        case {"anyOf": choices}:
            return " or ".join(_kind(choice, parts) for choice in choices)
        case {"enum": words}:
            return ", ".join(f"`{word}`" for word in words)
        case {"items": list(items)}:
            return f"[{', '.join(_kind(item, parts) for item in items)}]"
        case {"items": item}:
            return f"list of {_kind(item, parts)}"
        case {"additionalProperties": item}:
            return f"{{name: {_kind(item, parts)}, ...}}"
    return {"boolean": "true or false", "string": "text"}[value["type"]]


def _default(value: Schema) -> str:
    match value.get("default"):
        case None | "":
            return ""
        case bool(truth):
            return f"`{truth}`".lower()
        case float(number):
            return f"`{number:g}`"
        case other:
            return f"`{other}`"


def _name(value: Schema) -> str:
    """Of what a value refers to; nothing where it refers to nothing."""
    return value.get("$ref", "").rpartition("/")[2]


if __name__ == "__main__":
    SCHEMA.write_text(schema_text(), encoding="utf-8")
    REFERENCE.write_text(reference(), encoding="utf-8")
