"""Links of the documentation that leave docs/, as pages of the site.

A page links to a file of the checkout as on any other host of Git, `[fit](../policy/mstep.py#fit)`.
In the site a source file is a page of its own, and the fragment the line of that function; the
README and its like are pages as they are.  `<!-- shows: docs/examples/NAME.py -->` stands for the
text of that file.  What does not exist fails a strict build.
"""

import ast
import logging
import re
from pathlib import Path, PurePosixPath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
PAGES = {
    name: f"{name[:-3].lower()}.md" for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
}
LANGUAGES = {".py": "python", ".c": "c", ".js": "javascript", ".yaml": "yaml", ".toml": "toml"}
_LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|!?\[[^\]]*\])*)\]\(\.\./([^)#\s]*)(?:#([^)\s]+))?\)")
_LINE = re.compile(r'data-line="(\d+)" href="([^"]*)"')
_SHOWN = re.compile(r"^<!-- shows: (\S+) -->$", re.M)
_OF_ROOT = re.compile(r"\]\((?!\w+:|#)(docs/(?!examples/))?")
_log = logging.getLogger("mkdocs.hooks")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of the root, and those of all source files that some page links to."""
    for name, page in PAGES.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        # Its links are relative to the root: into docs/, or to what a page of docs/ finds above.
        text = _OF_ROOT.sub(lambda match: "](" if match[1] else "](../", text)
        files.append(File.generated(config, page, content=text))
    linked = set()
    for page in files.documentation_pages():
        linked |= {match[2] for match in _LINK.finditer(page.content_string)}
    for name in sorted(linked):
        if _is_source(name):
            files.append(File.generated(config, f"source/{name}.md", content=_source_page(name)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lead the links to those pages."""
    own = PurePosixPath(page.file.src_uri)
    if own.parts[0] == "source":
        return markdown

    def led(match: re.Match[str]) -> str:
        text, name, fragment = match.groups()
        if name in PAGES:
            return f"[{text}]({PAGES[name]}{'#' + fragment if fragment else ''})"
        if (ROOT / name).is_dir():
            return text  # a folder has no page
        if not _is_source(name):
            _log.warning("%s links to %s, which is not there", own, name)
            return text
        line = None if fragment is None else _line_of(name, fragment)
        if fragment is not None and line is None:
            _log.warning("%s links to %s of %s, which is not there", own, fragment, name)
        return f"[{text}](source/{name}.md)" + ("" if line is None else f"{{data-line={line}}}")

    return _LINK.sub(led, _SHOWN.sub(lambda match: _shown(match[1]), markdown))


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lead them to the line; MkDocs, which checks fragments before, knows no anchors of lines."""
    return _LINE.sub(r'href="\2#__codelineno-0-\1"', html)


def _is_source(name: str) -> bool:
    return (ROOT / name).is_file() and Path(name).suffix in LANGUAGES


def _shown(name: str) -> str:
    """A whole file in a page."""
    if not _is_source(name):
        _log.warning("%s is to be shown, which is not there", name)
        return ""
    path = ROOT / name
    text = path.read_text(encoding="utf-8").rstrip()
    return f'````{LANGUAGES[path.suffix]} title="{path.name}"\n{text}\n````'


def _source_page(name: str) -> str:
    text = (ROOT / name).read_text(encoding="utf-8").rstrip()
    head = f"---\ntitle: {name}\nhide: [toc]\nsearch: {{exclude: true}}\n---\n\n# {name}\n\n"
    return f'{head}````{LANGUAGES[Path(name).suffix]} linenums="1"\n{text}\n````\n'


def _line_of(name: str, place: str) -> int | None:
    """Where a function, class or constant stands, `Policy.mean` inside another; None: nowhere."""
    body = ast.parse((ROOT / name).read_text(encoding="utf-8")).body
    found = None
    for part in place.split("."):
        found = next((node for node in body if part in _names(node)), None)
        if found is None:
            return None
        body = getattr(found, "body", [])
    return found.lineno


def _names(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return [target.id for target in targets if isinstance(target, ast.Name)]
