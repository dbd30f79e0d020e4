"""Tables say what their numbers alone would not."""

import math
from types import SimpleNamespace

import pytest

from vgps.report.console import Detail, progress, show_progress, show_pushes, show_table
from vgps.report.hints import say_next, say_which_policy


def test_survived_pushes(capsys):
    result = {"robot": "block", "method": "vgps", "hidden": 5, "seed": 0, "point": "hips"}
    result |= {"duration": 0.1, "instants": (2.0, 2.2), "recovery": 5.0, "success": "min(a.y) > 1"}
    result |= {"impulse_limit": 1000.0, "forward": {"worst": 12.0, "best": 1000.0}}
    result |= {"backward": {"worst": math.nan, "best": 3.0}}
    show_pushes(result)
    lines = capsys.readouterr().out.splitlines()
    forward = next(line for line in lines if "forward" in line)
    backward = next(line for line in lines if "backward" in line)
    assert " 12 " in forward and "1000 or more" in forward
    assert "fails unpushed" in backward and " 3 " in backward
    assert lines[-2:] == ["pushed after 2, 2.2 s, followed for 5 s", "success: min(a.y) > 1"]


def said(capsys, detail, total=40):
    show_progress(detail)
    try:
        with progress("step", total) as update:
            for done in range(1, total + 1):
                update(done, "on")
    finally:
        show_progress(Detail.TENTHS)
    return capsys.readouterr().err.splitlines()


def test_away_from_a_terminal_progress_is_a_line_every_tenth_of_the_way(capsys):
    lines = said(capsys, Detail.TENTHS)
    assert lines[0] == "step 1/40: on" and lines[-1] == "step 40/40: on"
    assert len(lines) == 11
    assert len(said(capsys, Detail.TENTHS, total=7)) == 7


def test_quiet_and_verbose(capsys):
    assert said(capsys, Detail.NOTHING) == []
    assert len(said(capsys, Detail.EVERYTHING)) == 40


def test_a_header_without_names_is_not_shown(capsys):
    show_table("results", ("", ""), [("cost", 1.0)])
    title, *table = capsys.readouterr().out.splitlines()
    assert title == "results" and len(table) == 3


def test_a_title_is_one_line(capsys):
    title = "a title that is longer than its table " * 3
    show_table(title, ("n",), [(1,)])
    assert capsys.readouterr().out.startswith(f"{title}\n")


def test_what_to_do_next_is_said_to_people(capsys, monkeypatch):
    say_next(("train", "a robot.yaml"))
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    say_next(("train", "a robot.yaml"), ("render", "runs/a"))
    expected = ["next: vgps train 'a robot.yaml'", "next: vgps render runs/a"]
    assert capsys.readouterr().err.splitlines() == expected


@pytest.mark.parametrize(
    ("best", "asked", "says"),
    [(2, None, True), (3, None, False), (2, "best", False), (None, None, False)],
)
def test_it_is_said_where_the_best_is_not_the_last(capsys, best, asked, says):
    say_which_policy(SimpleNamespace(metrics={"iteration": [1, 2, 3]}, iteration=best), asked)
    expected = (
        "the policy of iteration 2 of 3, the best in rollouts of its own; --iteration last for "
        "the last\n"
    )
    assert capsys.readouterr().err == (expected if says else "")
