"""What docs/ has on robot files is what the code says, and models/ shows editors the way to it."""

import re

import pytest

from vgps.codegen.description.schema import robot_schema, schema_text
from vgps.codegen.folders import MODELS, SCHEMA
from vgps.report.new_robot import START
from vgps.report.robot_file import REFERENCE, reference

STALE = "make docs writes it anew"


def test_the_schema_is_the_codes():
    assert SCHEMA.read_text(encoding="utf-8") == schema_text(), STALE


def test_the_reference_is_the_codes():
    assert REFERENCE.read_text(encoding="utf-8") == reference(), STALE


def test_the_reference_has_a_section_for_each_part_and_a_row_for_each_key():
    schema = robot_schema()
    parts = {name: part for name, part in schema["$defs"].items() if "properties" in part}
    top, *sections = re.split(r"^## ", reference(), flags=re.MULTILINE)[1:]
    assert {section.split("\n")[0] for section in sections} == set(parts)
    for section in [top, *sections]:
        part = parts.get(section.split("\n")[0], schema)
        rows = [line.split(" | ") for line in section.splitlines() if line.startswith("| `")]
        assert [row[0] for row in rows] == [f"| `{key}`" for key in part["properties"]]
        assert all(len(row) == 4 and row[1] and row[3] for row in rows)
        required = [row[0][3:-1] for row in rows if row[2] == "**required**"]
        assert required == part.get("required", [])


def test_links_of_the_reference_lead_to_sections():
    headings = {name.lower() for name in re.findall(r"^## (\w+)$", reference(), re.MULTILINE)}
    assert set(re.findall(r"\(#(\w+)\)", reference())) <= headings


@pytest.mark.parametrize(
    "path", [*sorted(MODELS.glob("*.yaml")), START], ids=lambda path: path.stem
)
def test_the_first_line_leads_to_the_schema(path):
    first = path.read_text(encoding="utf-8").splitlines()[0]
    place = first.removeprefix("# yaml-language-server: $schema=")
    assert (path.parent / place).resolve() == SCHEMA.resolve()
