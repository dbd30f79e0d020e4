"""Pages from the templates beside this file: everything in one file, and no network.

Text is escaped wherever it comes from.  What scripts draw stands in the page as JSON without a "<",
so that no text in it can end the element that it stands in.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from vgps.codegen.files import write_atomically

_HERE = Path(__file__).parent


def write_page(path: Path, template: str, context: Mapping[str, Any]) -> None:
    """Write the page that a template of this folder makes of ``context``."""
    text = _environment().get_template(template).render(context)
    write_atomically(path, lambda place: place.write_text(text, encoding="utf-8"))


def embedded(data: Any) -> Markup:
    """Data as JSON for a script element.  There is no NaN in JSON: None stands for it."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False, ensure_ascii=False)
    return Markup(text.replace("<", "\\u003c"))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["file"] = _file
    return environment


def _file(name: str) -> Markup:
    """A style sheet or a script of this folder, as it stands."""
    return Markup((_HERE / name).read_text(encoding="utf-8"))
