"""The report page: one HTML file that holds everything it shows and works offline."""

import base64
from collections.abc import Sequence
from html import escape
from pathlib import Path

from vgps.codegen.files import write_atomically

_MEDIA_TYPES = {".png": "image/png", ".gif": "image/gif"}

# Pictures are drawn on white, so a dark page puts each on a white card.
_CSS = """
:root {
  color-scheme: light dark;
  --ink: #1f2933; --muted: #5f6b78; --hair: #dfe4e9; --paper: #fbfcfd; --accent: #1667d9;
}
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e8ec; --muted: #98a4b0; --hair: #333c46; --paper: #15191e; --accent: #6ea8fe }
}
* { box-sizing: border-box }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", sans-serif;
}
main { max-width: 64rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem }
h1 { margin: 0 0 1.5rem; font-size: 1.7rem; line-height: 1.2; overflow-wrap: anywhere }
h1::after {
  content: ""; display: block; width: 3rem; margin-top: .8rem; border-top: 3px solid var(--accent);
}
dl {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr));
  gap: 1rem 1.5rem; margin: 0 0 2rem;
}
dt { color: var(--muted); font-size: .8rem }
dd { margin: 0; font-weight: 600; font-variant-numeric: tabular-nums; overflow-wrap: anywhere }
.wide { overflow-x: auto; margin: 0 0 2.5rem }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th, td {
  padding: .45rem .8rem; border-bottom: 1px solid var(--hair);
  text-align: right; white-space: nowrap;
}
th { color: var(--muted); font-size: .8rem; font-weight: 600 }
th:first-child, td:first-child { padding-left: 0; text-align: left }
figure { margin: 0 0 2.5rem }
img {
  display: block; max-width: 100%; height: auto; margin: 0 auto;
  border: 1px solid var(--hair); border-radius: 8px; background: #fff;
}
figcaption { margin-top: .6rem; color: var(--muted); font-size: .9rem }
"""


def write_page(
    path: str | Path,
    title: str,
    facts: Sequence[tuple[str, str]],
    table: tuple[Sequence[str], Sequence[Sequence[str]]],
    pictures: Sequence[tuple[str, str | Path]],
) -> None:
    """Write one self-contained HTML file; every text is shown as it is, never read as HTML.

    Args:
        path: The file.
        title: Title and headline.
        facts: (name, value) pairs, shown above the table.
        table: (header, rows); the first column names the rows, the others are set as numbers.
        pictures: (caption, file) pairs of PNG or GIF files, which become part of the page.

    Raises:
        ValueError: for a picture of another type.
        FileNotFoundError: for a missing picture.
    """
    header, rows = table
    parts = [
        f"<h1>{escape(title)}</h1>",
        "<dl>",
        *(f"<div><dt>{escape(n)}</dt><dd>{escape(value)}</dd></div>" for n, value in facts),
        "</dl>",
        '<div class="wide"><table>',
        f"<thead>{_row('th', header)}</thead>",
        "<tbody>",
        *(_row("td", row) for row in rows),
        "</tbody></table></div>",
        *(_figure(caption, Path(file)) for caption, file in pictures),
    ]
    head = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_CSS}</style>\n</head>\n<body>\n<main>\n"
    )
    page = head + "\n".join(parts) + "\n</main>\n</body>\n</html>\n"

    def write(temporary: Path) -> None:
        temporary.write_text(page, encoding="utf-8")

    write_atomically(Path(path), write)


def _row(tag: str, cells: Sequence[str]) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"


def _figure(caption: str, file: Path) -> str:
    if file.suffix not in _MEDIA_TYPES:
        raise ValueError(f"a picture of a page is a PNG or a GIF, found {file.name!r}")
    data = base64.b64encode(file.read_bytes()).decode("ascii")
    source = f"data:{_MEDIA_TYPES[file.suffix]};base64,{data}"
    return (
        f'<figure><img src="{source}" alt="{escape(caption)}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )
