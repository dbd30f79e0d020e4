"""The page of a run: one small file, whatever is in the robot's file, and news while it learns."""

import json
import re
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from made_runs import made_run

from vgps.codegen.errors import FolderError
from vgps.experiments.errors import RunFolderError
from vgps.experiments.evaluation import stored_evaluation
from vgps.report.page import live
from vgps.report.page import run as run_page
from vgps.report.page.live import drawn_live
from vgps.report.page.run import write_run_page
from vgps.report.page.verdict import verdict

EVIL = '</script><b onclick="x">{{ 7 * 7 }}&amp;'


def text_of(run, **options):
    return write_run_page(run, **options).read_text(encoding="utf-8")


def data_of(page):
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    return json.loads(text)


def heading_of(page):
    (heading,) = re.findall(r"<h1>(.*?)</h1>", page)
    return heading.replace("\u00a0", " ")


@pytest.fixture(scope="module")
def run(swimmer, tmp_path_factory):
    return made_run(swimmer, tmp_path_factory.mktemp("runs") / "swimmer")


def test_it_answers_first_with_what_was_measured(run):
    page = text_of(run)
    assert heading_of(page) == verdict(run.model.robot, stored_evaluation(run.folder))
    order = [page.index(part) for part in ("<h1>", "<canvas", 'id="curve"', 'id="states"')]
    order += [page.index(part) for part in ("of the noise</h2>", "made</h2>", "every iteration")]
    assert order == sorted(order)
    for fact in ("vgps", "numpy", "compiler", "processor"):
        assert f"<dt>{fact}</dt>" in page


def test_it_is_one_small_file_that_asks_for_nothing(run):
    page = text_of(run)
    assert len(page.encode()) < 300_000
    assert "default-src 'none'" in page
    assert not re.search(r"""(src|href)=["']?(?!data:)[\w./]""", page)
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", page)
    assert [path.name for path in run.folder.path.glob("report*")] == ["report.html"]


def test_text_of_the_robots_file_stays_text(build_text, tmp_path):
    quoted = json.dumps(EVIL)
    model = build_text(
        "name: puck\n"
        f"description: {quoted}\n"
        "base: fixed\n"
        "links: [{name: disc, mass: 1, length: 0.2}]\n"
        "joints: [{name: hub, parent: world, child: disc, actuated: true}]\n"
        "task: {dt: 0.02, horizon: 30, cost: hub.q**2, success: 'max(hub.q) < 1'}\n"
    )
    run = made_run(model, tmp_path / "run")
    run.folder.write_config(run.folder.read_config().replaced(demo=EVIL, overrides={EVIL: EVIL}))
    page = text_of(run)
    assert "<b onclick" not in page and "49&amp;" not in page
    assert page.count("{{ 7 * 7 }}") == 4  # description, demo, and the override with its place
    assert page.count("</script>") == page.count("<script")


def test_a_name_in_the_data_cannot_end_it(run, monkeypatch):
    """Names are identifiers today; what a page embeds does not rely on it."""
    monkeypatch.setattr(run_page, "_curve", lambda _: {"name": EVIL})
    page = text_of(run)
    assert EVIL not in page
    assert data_of(page)["curve"] == {"name": EVIL}


def test_numbers_that_are_not_finite_are_gaps(run):
    curve = data_of(text_of(run))["curve"]
    assert curve["stochastic"][1] is None and curve["stochastic"][0] == 900.0
    assert curve["finish"] == 7


def test_a_policy_that_diverges_is_shown_up_to_there(swimmer, tmp_path):
    run = made_run(swimmer, tmp_path / "run", evaluated=False)
    wild = np.full(run.policy.n_weights, 1e8)
    run = replace(run, policy=run.policy.with_theta([*wild, 0.0, 0.0]))
    data = data_of(text_of(run))
    lengths = [len(motion["frames"]["com"][0]) for motion in data["motions"]]
    assert 1 <= lengths[0] < lengths[1]


def test_before_the_end_it_says_how_far_it_is(swimmer, tmp_path):
    run = made_run(swimmer, tmp_path / "run", evaluated=False)
    page = text_of(run, live=True)
    said = heading_of(page)
    assert said == "round 2 of the finish: swims 10 of 10 rollouts, 9 of 10 with its noise"
    assert data_of(page)["live"] and "learning</span>" in page
    page = text_of(run)
    assert heading_of(page).startswith("after 8 iterations: swims 10 of 10 rollouts")
    assert data_of(page)["live"] is None


def test_a_damaged_evaluation_is_said(swimmer, tmp_path):
    run = made_run(swimmer, tmp_path / "run")
    run.folder.write_text("evaluation.json", '{"rollouts": "many"}')
    with pytest.raises(RunFolderError, match=r"evaluation\.json"):
        write_run_page(run)


def test_metrics_that_were_damaged_on_the_way_stop_nothing(swimmer, tmp_path):
    run = made_run(swimmer, tmp_path / "run", evaluated=False)
    for best, share in ((np.inf, np.nan), (-3.0, 1e300), (99.0, -1.0)):
        run.metrics["best"][-1], run.metrics["stochastic_success"][-1] = best, share
        assert "10 of 10 rollouts" in heading_of(text_of(run))


def test_it_is_not_written_beside_another_writer(run, monkeypatch):
    def locked(folder):
        raise FolderError("held")

    monkeypatch.setattr("vgps.report.page.run.locked", locked)
    with pytest.raises(FolderError):
        write_run_page(run)


def test_it_follows_what_is_learned(monkeypatch, tmp_path):
    """Written when the first iteration ends, and then not more often than it is worth."""
    written = []
    monkeypatch.setattr(live, "read_run", lambda folder: folder)
    monkeypatch.setattr(live, "write_run_page", lambda run, live: written.append((run, live)))
    now = [100.0]
    monkeypatch.setattr(live.time, "monotonic", lambda: now[0])
    seen = []

    @contextmanager
    def watch(what, total):
        yield lambda done, text: seen.append((what, done))

    with drawn_live(watch, tmp_path)("trajectory", 2) as update:
        update(1, "")
    assert not written
    with drawn_live(watch, tmp_path)("iteration", 9) as update:
        for done in range(1, 10):
            update(done, "")
            now[0] += 1.0
    assert written == [(tmp_path, True)] * 3  # after 0, 4 and 8 s
    assert seen == [("trajectory", 1), *(("iteration", done) for done in range(1, 10))]
