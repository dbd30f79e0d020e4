"""The page holds all that it shows, and shows any text as text."""

import base64
from html.parser import HTMLParser

import pytest

from vgps.report.old_page import write_page

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp;</style>"
PNG, GIF = b"\x89PNG\r\n\x1a\nnot really", b"GIF89a neither"


class Reader(HTMLParser):
    """Tags, the pictures' attributes, and the text outside of the style sheet."""

    def __init__(self):
        super().__init__()
        self.tags, self.pictures, self.texts = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag == "img":
            self.pictures.append(dict(attrs))

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "curve.png").write_bytes(PNG)
    (folder / "gait.gif").write_bytes(GIF)
    return [(HOSTILE, folder / "curve.png"), ("the gait", str(folder / "gait.gif"))]


@pytest.fixture
def page(tmp_path, pictures):
    path = tmp_path / "report.html"
    write_page(path, HOSTILE, [(HOSTILE, HOSTILE)], ([HOSTILE, "b"], [[HOSTILE, "1"]]), pictures)
    return path.read_text(encoding="utf-8")


def test_hostile_text_stays_text(page):
    reader = Reader()
    reader.feed(page)
    assert "script" not in reader.tags
    assert reader.tags.count("img") == 2
    assert reader.pictures[0].keys() == {"src", "alt"}
    assert reader.pictures[0]["alt"] == HOSTILE
    # title, heading, fact's name and value, header, cell, caption
    assert reader.texts.count(HOSTILE) == 7


def test_every_picture_is_part_of_the_page(page):
    reader = Reader()
    reader.feed(page)
    for picture, kind, content in zip(reader.pictures, ("png", "gif"), (PNG, GIF), strict=True):
        start, data = picture["src"].split(",")
        assert start == f"data:image/{kind};base64"
        assert base64.b64decode(data) == content


def test_nothing_is_fetched(page):
    reader = Reader()
    reader.feed(page)
    assert not {"link", "script", "iframe"} & set(reader.tags)
    assert "http" not in page and "url(" not in page and "@import" not in page
    assert "prefers-color-scheme: dark" in page and "width=device-width" in page


def test_a_failure_leaves_the_old_page_alone(tmp_path):
    path = tmp_path / "report.html"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(FileNotFoundError):
        write_page(path, "t", [], ([], []), [("gone", tmp_path / "gone.png")])
    with pytest.raises(ValueError, match="found 'clip.mp4'"):
        write_page(path, "t", [], ([], []), [("clip", tmp_path / "clip.mp4")])
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_text(encoding="utf-8") == "old"
