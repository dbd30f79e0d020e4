"""The index of a comparison leads to the page of each run that has one."""

import re

from finals import FAILURES, FINALS
from made_runs import made_run
from PIL import Image

from vgps.experiments.aggregate import ENOUGH, Comparison, aggregate
from vgps.experiments.plan import Member
from vgps.experiments.results import Row
from vgps.policy.settings import RunSettings
from vgps.report.page import comparison
from vgps.report.page.comparison import write_comparison_page, write_run_pages


def member(final):
    return Member(
        final.robot, final.hidden, final.method, final.seed, RunSettings(), "name: walker", {}
    )


def found():
    rows = [Row("walker", 5, "vgps", 0, 1, 1.0, 1.0, 1.0, 1.0, 1.0)]
    members = [member(final) for final in FINALS]
    return Comparison(members, rows, FINALS, FAILURES, aggregate(FINALS, FAILURES))


def index(out):
    Image.new("RGB", (30, 20)).save(out / "figure1.png")
    write_comparison_page(out, found())
    return (out / "index.html").read_text(encoding="utf-8")


def test_every_run_with_a_page_is_led_to(tmp_path):
    pages = [tmp_path / "runs" / member(final).name / "report.html" for final in FINALS]
    for page in pages[1:]:
        page.parent.mkdir(parents=True)
        page.write_text("", encoding="utf-8")
    links = re.findall(r'href="([^"#]*report.html)"', index(tmp_path))
    assert sorted(links) == sorted(page.relative_to(tmp_path).as_posix() for page in pages[1:])


def test_every_cell_leads_to_its_runs(tmp_path):
    page = index(tmp_path)
    assert '<a href="#walker-5-vgps">2 of 3</a>' in page and 'id="walker-5-vgps"' in page
    assert '<a href="#walker-5-gps">∞ (100,000 to ∞)</a>' in page
    assert page.count('title="seed') == len(FINALS) + len(FAILURES)


def test_with_a_page_or_without_a_seed_says_whether_it_succeeded(tmp_path):
    succeeded = sum(final.stochastic_success >= ENOUGH for final in FINALS)
    assert 0 < succeeded < len(FINALS)
    assert index(tmp_path).count('class="seed succeeded"') == succeeded
    for final in FINALS:
        page = tmp_path / "runs" / member(final).name / "report.html"
        page.parent.mkdir(parents=True)
        page.write_text("", encoding="utf-8")
    assert index(tmp_path).count('class="seed succeeded"') == succeeded


def test_figure_1_is_in_it_and_a_failure_is_text(tmp_path, monkeypatch):
    lost = FAILURES[0]._replace(error="<b>lost</b>")
    monkeypatch.setitem(globals(), "FAILURES", [lost])
    page = index(tmp_path)
    assert 'src="data:image/png;base64,' in page
    assert "<b>lost" not in page and "&lt;b&gt;lost" in page


def test_pages_are_written_for_runs_that_have_ended_since(swimmer, tmp_path, monkeypatch):
    folder = tmp_path / "runs" / "swimmer-vgps-3-seed0"
    run = made_run(swimmer, folder)
    (tmp_path / "runs" / "unfinished").mkdir()
    monkeypatch.setattr(comparison, "read_run", lambda path: run)
    write_run_pages(tmp_path)
    page = folder / "report.html"
    before = page.stat().st_mtime_ns
    write_run_pages(tmp_path)
    assert page.stat().st_mtime_ns == before
    run.folder.write_text("evaluation.json", (folder / "evaluation.json").read_text())
    write_run_pages(tmp_path)
    assert page.stat().st_mtime_ns > before


def test_a_damaged_run_keeps_no_other_from_its_page(tmp_path):
    folder = tmp_path / "runs" / "walker-vgps-5-seed0"
    folder.mkdir(parents=True)
    (folder / "evaluation.json").write_text("{", encoding="utf-8")
    write_run_pages(tmp_path)
    assert [path.name for path in folder.iterdir()] == ["evaluation.json"]
