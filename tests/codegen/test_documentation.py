"""Every key of a robot file is explained in the docstring of its part, in a table that can be read."""

import pytest

from vgps.codegen.description.blueprint import Blueprint
from vgps.codegen.description.documentation import documentation
from vgps.codegen.description.fields import Part
from vgps.codegen.description.keys import part_of


class Wheel(Part):
    """A wheel.  It turns.

    radius       m, to the
                 rim
    width, wear  m;  of the tread
    tread        what is worn
    What follows a table is prose.

    So is this:  two
    lines.
    """


class Driven(Wheel):
    """A wheel with a motor.

    wear   m in an hour
    power  W
    """


def parts(model=Blueprint):
    """A part and all that may stand below it."""
    below = [part for key in model.model_fields if (part := part_of(model, key))]
    return {model}.union(*map(parts, below))


def test_rows_and_prose():
    prose, meanings = documentation(Wheel)
    assert prose == "A wheel. It turns.\n\nWhat follows a table is prose.\n\nSo is this: two lines."
    assert meanings == {
        "radius": "m, to the rim",
        "width": "m; of the tread",
        "wear": "m; of the tread",
        "tread": "what is worn",
    }


def test_keys_are_inherited_and_explained_anew():
    prose, meanings = documentation(Driven)
    assert prose == "A wheel with a motor."
    assert meanings == documentation(Wheel).meanings | {"wear": "m in an hour", "power": "W"}


def test_without_docstrings(monkeypatch):
    """As under python -OO."""
    for part in (Wheel, Part):
        monkeypatch.setattr(part, "__doc__", None)
    assert documentation(Wheel) == ("", {})


@pytest.mark.parametrize("part", sorted(parts(), key=lambda part: part.__name__))
def test_every_key_is_explained_and_nothing_else(part):
    prose, meanings = documentation(part)
    assert set(meanings) == set(part.model_fields)
    assert prose and all(meanings.values())
