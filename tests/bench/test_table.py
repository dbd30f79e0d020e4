"""What `run.py bench` prints, and what it leaves alone in README.md."""

import json

import pytest

from vgps import run
from vgps.bench import table
from vgps.bench.readme import BEGIN, END, Readme
from vgps.bench.rounds import Row
from vgps.report.section import MarkerError

FULL = Row("walker: step", 2e-6, 3e-5, "Peer", "s/step", 15.0, 12.5, 16.25)
ALONE = Row("walker: build", 2.0, None, None, "s", None, None, None)
KEYS = ["name", "ours", "peer", "peer_name", "unit", "ratio", "ratio_low", "ratio_high"]


@pytest.fixture
def two_rows(monkeypatch):
    monkeypatch.setattr(
        table, "parts", lambda long: [lambda rounds: [FULL], lambda rounds: [ALONE]]
    )


def test_json_is_a_list_of_rows(two_rows, capsys):
    run.bench_command(json=True)
    rows = json.loads(capsys.readouterr().out)
    assert [list(row) for row in rows] == [KEYS, KEYS]
    assert rows[0]["ratio"] == 15.0 and rows[1]["ratio"] is None


def test_the_table_shows_each_row(two_rows, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    run.bench_command()
    out = capsys.readouterr().out
    assert "15 (12.5 to 16.2)" in out and "2 µs/step" in out and "30 µs/step" in out
    assert "walker: build" in out


def test_the_readme_is_rewritten_between_its_comments_only(two_rows, tmp_path, monkeypatch):
    page = tmp_path / "README.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    monkeypatch.setattr(run, "README", page)
    for _ in range(2):
        run.bench_command(readme=True, json=True)
        text = page.read_text(encoding="utf-8")
        assert text.startswith(f"before\n{BEGIN}\n| work |") and text.endswith(f"\n{END}\nafter\n")
        assert "| walker: step | 2 µs/step | 30 µs/step | Peer | 15 (12.5 to 16.2) |" in text
        assert "old" not in text and text.count("walker: build") == 1


def test_a_readme_without_a_place_for_the_table_is_refused(tmp_path):
    page = tmp_path / "README.md"
    for text in ("nothing", f"{END}\n{BEGIN}", f"{BEGIN}\n{BEGIN}\n{END}"):
        page.write_text(text, encoding="utf-8")
        with pytest.raises(MarkerError, match="README.md needs"):
            Readme(page)


def test_no_rounds_are_a_mistake(two_rows):
    with pytest.raises(run.UsageError, match="--rounds"):
        run.bench_command(rounds=0)


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (2.5, "s", "2.5 s"),
        (0.0125, "s/iteration", "12.5 ms/iteration"),
        (6.6e-8, "s/state", "66 ns/state"),
        (2e-10, "s", "0.2 ns"),
        (1.75, "", "1.75"),
        (3.4e8, "B", "340 MB"),
        (4200.0, "evaluations", "4200 evaluations"),
    ],
)
def test_quantities_read_well(value, unit, expected):
    assert table.quantity(value, unit) == expected
