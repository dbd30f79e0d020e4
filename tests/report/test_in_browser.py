"""Pages in a real browser: they ask for nothing, fit every screen, move, stand still and are scrubbed.

Each view is also kept as a screenshot in the folder of the test: `pytest --basetemp=FOLDER`.
"""

import re
from itertools import pairwise

import pytest
from finals import FAILURES, FINALS
from made_runs import made_run
from PIL import Image

from vgps.codegen.description.robot import load
from vgps.codegen.folders import MODELS
from vgps.experiments.aggregate import Comparison, aggregate
from vgps.experiments.plan import Member
from vgps.experiments.results import Row
from vgps.policy.settings import RunSettings
from vgps.report.page.comparison import write_comparison_page
from vgps.report.page.run import write_run_page

WIDTHS, SCHEMES = (1280, 390), ("light", "dark")


@pytest.fixture
def view(chromium):
    """Open a page; what it says on the console and asks of the network fails the test at its end."""
    said, pages = [], []

    def asked(request):
        if not (request.is_navigation_request() or request.url.startswith("data:")):
            said.append(request.url)

    def opened(path, width=1280, scheme="light", motion="no-preference"):
        page = chromium.new_page(
            viewport={"width": width, "height": 850}, color_scheme=scheme, reduced_motion=motion
        )
        pages.append(page)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", asked)
        page.goto(path.as_uri())
        return page

    yield opened
    for page in pages:
        page.close()
    assert not said, said


@pytest.fixture(scope="module")
def pages(compiled, tmp_path_factory):
    """The page of a run of each robot, of which one has twelve links."""

    def write(name):
        model = compiled(load(MODELS / f"{name}.yaml"))
        return write_run_page(made_run(model, tmp_path_factory.mktemp("runs") / name))

    return {name: write(name) for name in ("swimmer", "walker", "snake")}


def picture(page, canvas="#policy"):
    return page.evaluate(f"document.querySelector('{canvas}').toDataURL()")


def seconds(page):
    return float(page.inner_text("#clock").removesuffix(" s"))


def scrub(page, t):
    page.locator("#time").evaluate(
        "(slider, t) => { slider.value = t; slider.dispatchEvent(new Event('input')) }", t
    )


def assert_fits(page, width):
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # What is wider scrolls inside its own card.
    beyond = """[...document.querySelectorAll('main > *, .card, .chart, canvas')]
      .filter((e) => e.getBoundingClientRect().right > innerWidth + 0.5).map((e) => e.className)"""
    assert page.evaluate(beyond) == []


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("robot", ["swimmer", "walker", "snake"])
def test_every_view(view, pages, tmp_path, robot, width, scheme):
    path = pages[robot]
    assert path.stat().st_size < 300_000
    page = view(path, width, scheme, motion="reduce")
    for summary in page.locator("summary").all():
        summary.click()
    assert_fits(page, width)
    scrub(page, 1.0)
    page.screenshot(path=tmp_path / f"{robot}-{width}-{scheme}.png", full_page=True)
    canvas = tmp_path / "canvas.png"
    page.locator("#policy").screenshot(path=canvas)
    with Image.open(canvas) as image:
        colours = image.convert("L").getcolors(256)
    common = max(colours)[1]
    assert common > 200 if scheme == "light" else common < 60  # the paper
    ink = sum(count for count, shade in colours if (shade < 90) == (scheme == "light"))
    assert ink > 200
    charts = page.locator(".chart svg path").count()
    assert charts > 2 * page.locator("#actions .chart").count() > 0


def test_it_plays_and_pauses(view, pages):
    page = view(pages["walker"])
    first = picture(page), picture(page, "#initial")
    page.wait_for_timeout(400)
    assert picture(page) != first[0] and picture(page, "#initial") != first[1]
    page.click("#play")
    assert page.inner_text("#play") == "Play"
    still, t = picture(page), seconds(page)
    page.wait_for_timeout(300)
    assert picture(page) == still and seconds(page) == t
    page.click("#play")
    page.wait_for_timeout(300)
    assert seconds(page) != t


def test_slow_motion_is_slow(view, pages):
    page = view(pages["swimmer"], motion="reduce")
    page.select_option("#speed", "0.1")
    page.click("#play")
    page.wait_for_timeout(600)
    page.click("#play")
    assert 0.0 < seconds(page) < 0.4


def test_who_wants_no_motion_gets_none_unasked(view, pages):
    page = view(pages["swimmer"], motion="reduce")
    still = picture(page)
    page.wait_for_timeout(300)
    assert picture(page) == still and page.inner_text("#play") == "Play"


def test_keys_alone_do_everything(view, pages):
    page = view(pages["swimmer"], motion="reduce")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "play"
    page.keyboard.press("Space")
    assert page.inner_text("#play") == "Pause"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "time"
    page.keyboard.press("End")  # scrubbing pauses
    end = seconds(page)
    assert page.inner_text("#play") == "Play" and end > 5.9
    page.keyboard.press("ArrowLeft")
    assert 0.0 < end - seconds(page) < 0.1
    assert page.get_attribute("#time", "aria-valuetext") == page.inner_text("#clock")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "speed"


def test_scrubbing_shows_another_time_everywhere(view, pages):
    page = view(pages["walker"], motion="reduce")
    values = page.locator("#timeline output").all_inner_texts()
    before = picture(page)
    scrub(page, 1.5)
    assert seconds(page) == pytest.approx(1.5, abs=0.02)
    assert picture(page) != before
    assert page.locator("#timeline output").all_inner_texts() != values
    chart = page.locator("#timeline svg.scrubbed").first
    box = chart.bounding_box()
    page.mouse.click(box["x"] + 0.9 * box["width"], box["y"] + 0.5 * box["height"])
    assert seconds(page) > 3.5
    cursors = page.evaluate(
        "[...document.querySelectorAll('#timeline .cursor')].map((line) => line.getAttribute('x1'))"
    )
    assert len(set(cursors)) <= 2 and len(cursors) >= 1  # charts differ in the width of labels


def test_forces_can_be_left_out(view, pages):
    page = view(pages["walker"], motion="reduce")
    scrub(page, 0.3)
    shown = picture(page)
    page.uncheck("#forces")
    assert picture(page) != shown
    assert view(pages["swimmer"]).locator("#forces").count() == 0


def test_no_two_lines_of_a_chart_look_alike(view, pages):
    page = view(pages["snake"], motion="reduce")
    looks = page.evaluate("Array.from({length: 42}, (_, i) => Chart.look(i))")
    assert len({(look["colour"], look["dash"]) for look in looks}) == 42
    assert all(one["dash"] != other["dash"] for one, other in pairwise(looks))
    keys = page.locator("#timeline .key").all_inner_texts()
    assert len(keys) == 11 and all(re.match(r"bend\d+", key) for key in keys)


def test_while_it_learns_the_page_renews_itself_and_keeps_its_place(view, swimmer, tmp_path):
    run = made_run(swimmer, tmp_path / "run", evaluated=False)
    page = view(write_run_page(run, live=True), motion="reduce")
    scrub(page, 2.0)
    page.select_option("#speed", "0.25")
    t, heading = seconds(page), page.inner_text("h1")
    run.metrics["stochastic_success"][-1] = 0.5
    write_run_page(run, live=True)
    page.wait_for_function("old => document.querySelector('h1').innerText !== old", arg=heading)
    page.wait_for_timeout(100)
    assert "5 of 10 with its noise" in page.inner_text("h1").replace("\u00a0", " ")
    assert (seconds(page), page.input_value("#speed")) == (t, "0.25")
    with page.expect_navigation(timeout=20_000):
        write_run_page(run)
    assert page.locator(".live").count() == 0
    renewals = []
    page.on("framenavigated", lambda frame: renewals.append(frame.url))
    page.wait_for_timeout(6000)
    assert renewals == []  # the run has ended


def test_the_index_of_a_comparison_leads_to_its_runs(view, swimmer, tmp_path):
    rows = [Row("walker", 5, "vgps", 0, 1, 1.0, 1.0, 1.0, 1.0, 1.0)]
    members = [
        Member(f.robot, f.hidden, f.method, f.seed, RunSettings(), "name: walker", {})
        for f in FINALS
    ]
    Image.new("RGB", (1800, 700), "white").save(tmp_path / "figure1.png")
    write_run_page(made_run(swimmer, tmp_path / "runs" / members[0].name))
    table = aggregate(FINALS, FAILURES)
    write_comparison_page(tmp_path, Comparison(members, rows, FINALS, FAILURES, table))
    index = tmp_path / "index.html"
    for width in WIDTHS:
        for scheme in SCHEMES:
            page = view(index, width, scheme)
            assert_fits(page, width)
            page.screenshot(path=tmp_path / f"index-{width}-{scheme}.png", full_page=True)
    page.click("a.seed")
    page.wait_for_selector("#policy")
    assert page.inner_text("h1").startswith("swims")
