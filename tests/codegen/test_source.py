"""YAML with positions: values, keys, and every way in which a file can be unreadable."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vgps.codegen.description.source import read
from vgps.codegen.errors import RobotFileError, joined

TEXT = """\
name: x
links:
  - name: a
    mass: 1e-5
    at: [0, 1.5]
  - {name: b, when: 2020-01-02}
on: yes
none: ~
cost: 'a + b'
folded: >
  a
  b
"""


@pytest.fixture
def write(tmp_path):
    def write_it(content):
        path = tmp_path / "file.yaml"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_it


def test_data(write):
    assert read(write(TEXT)).data == {
        "name": "x",
        "links": [
            {"name": "a", "mass": "1e-5", "at": [0, 1.5]},
            {"name": "b", "when": "2020-01-02"},
        ],
        "on": True,
        "none": None,
        "cost": "a + b",
        "folded": "a b\n",
    }


@pytest.mark.parametrize(
    ("loc", "options", "place"),
    [
        ((), {}, (1, 1)),
        (("name",), {}, (1, 7)),
        (("links", 0, "mass"), {}, (4, 11)),
        (("links", 0, "mass"), {"key": True}, (4, 5)),
        (("links", 0, "mass"), {"offset": 2}, (4, 13)),
        (("links", 0, "at", 1), {}, (5, 13)),
        (("links", 1, "name"), {}, (6, 12)),
        (("links", 1), {}, (6, 5)),
        (("links", 0, "masss"), {}, (3, 5)),
        (("links", 7, "mass"), {}, (3, 3)),
        (("name", "deeper", 0), {}, (1, 7)),
        (("cost",), {"offset": 4}, (9, 12)),
        (("folded",), {"offset": 2}, (10, 9)),
    ],
)
def test_positions(write, loc, options, place):
    assert read(write(TEXT)).position(loc, **options) == place


BOMB = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"{new}: &{new} [{', '.join(['*' + old] * 10)}]\n" for old, new in pairwise("abcdefgh")
)

MERGES = "{k: 1}"
for _name in "abcdefghijklmnop":
    MERGES = f"{{<<: [&{_name} {MERGES}, *{_name}]}}"


@pytest.mark.parametrize(
    ("content", "line", "column", "part"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, 1, "the key 'a' is given twice, first in line 1"),
        ("a: {b: 1, b: 2}\n", 1, 11, "'b' is given twice"),
        ("a: [1, 2\nb: 3\n", 2, 2, "not valid YAML"),
        ("a: b: c\n", 1, 5, "not valid YAML: mapping values are not allowed"),
        ("a: *missing\n", 1, 4, "undefined alias"),
        ("- 1\n", 1, 1, "must be a mapping"),
        ("just text\n", 1, 1, "must be a mapping"),
        ("", 1, 1, "empty"),
        ("# nothing\n", 1, 1, "empty"),
        ("a: 1\n---\nb: 2\n", 2, 1, "one document"),
        ("a: 1\n? [x, y]\n: 2\n", 2, 3, "a key must be plain text"),
        (b"a: 1\nb: \xff\n", 2, 4, "byte 0xFF is not valid UTF-8"),
        ("a: 1\nb: x\x07\n", 2, 5, "U+0007 is not allowed"),
        ("a: !!python/object:os.system x\n", 1, 4, "tag"),
        ("a: !!set {x}\n", 1, 4, "tag"),
        ("a: !!int many\n", 1, 4, "cannot be read as int"),
        ("a: &a [*a]\n", 1, 4, "contains it"),
        ("a: &a {b: *a}\n", 1, 4, "contains it"),
        ("a: " + "[" * 60 + "]" * 60, 1, 43, "nested too deeply"),
        ("a: " + "[" * 5000, 1, 1003, "nested too deeply"),
        (BOMB, None, None, "expands to more than 20000 values"),
        (f"a: {MERGES}\n", None, None, "expands to more than 20000 values"),
        ("a: {<<: {b: 1, b: 2}}\n", 1, 16, "'b' is given twice, first in line 1"),
        ("a: {<<: [{? [x] : 2}]}\n", 1, 13, "a key must be plain text"),
        ("a: &a {b: 1}\nc: {<<: *a, d: 1, d: 2}\n", 2, 19, "'d' is given twice, first in line 2"),
    ],
)
def test_unusable_files(write, content, line, column, part):
    path = write(content)
    with pytest.raises(RobotFileError) as caught:
        raise joined(read(path).mistakes)
    error = caught.value
    assert part in error.message
    if line is not None:
        assert (error.line, error.column) == (line, column)
    assert str(error) == f"{path}:{error.line}:{error.column}: {error.message}"


def test_missing_file_directory_and_size(tmp_path, write):
    with pytest.raises(RobotFileError, match="nowhere.yaml: cannot be read: No such file"):
        read(tmp_path / "nowhere.yaml")
    with pytest.raises(RobotFileError, match="directory"):
        read(tmp_path)
    with pytest.raises(RobotFileError, match="larger than 256 KiB"):
        read(write("#" * 300_000))
    with pytest.raises(RobotFileError, match="null"):
        read("a\0b")


def test_a_repeated_anchor_is_plain_data(write):
    assert read(write("a: &a {x: 1}\nb: *a\n")).data == {"a": {"x": 1}, "b": {"x": 1}}


PIECES = [
    "a",
    ": ",
    "- ",
    "\n",
    "  ",
    "[",
    "]",
    "{",
    "}",
    "&a ",
    "*a",
    "'",
    '"',
    "!",
    "!!int ",
    "---\n",
    "? ",
    "|",
    ">",
    "#",
    "\\ud800",
    "%",
    "\t",
    "1:30",
    "0o9",
    "<<: ",
    "0b",
    "2020-99-99",
    "\ufeff",
]


@given(
    st.binary(max_size=80)
    | st.text(max_size=80).map(lambda t: t.encode("utf-8", "replace"))
    | st.lists(st.sampled_from(PIECES), max_size=30).map(lambda p: "".join(p).encode())
)
def test_arbitrary_bytes_raise_nothing_but_robot_file_errors(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(content)
    try:
        read(path)
    except RobotFileError as error:
        assert error.line is None or (error.line >= 1 and error.column >= 1)
