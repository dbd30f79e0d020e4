"""The page of a comparison, word for word where it counts."""

from finals import FAILURES, FINALS

from vgps.experiments.aggregate import aggregate
from vgps.report.comparison_table import markdown


def test_the_page():
    lines = markdown(aggregate(FINALS, FAILURES), FAILURES).splitlines()
    assert [line for line in lines if line.startswith("## ")] == [
        "## walker, 5 hidden units",
        "## walker, 10 hidden units",
    ]
    assert (
        "| vgps | 2 of 3 | 3 of 3 | 250 (240 to 300) | 125 (120 to 150) | 178 | 210 "
        "| 11.0 (10.0 to 12.0) | 800 |" in lines
    )
    assert (
        "| gps | 0 of 3 | 2 of 3 | ∞ (100,000 to ∞) | ∞ (50,000 to ∞) | 178 | 210 "
        "| 10.5 (10.0 to 11.0) | 800 |" in lines
    )
    assert "| gps | 0 of 1 | 0 of 1 | failed | failed | failed |  | failed |  |" in lines
    assert any("at least 80% of the rollouts" in line for line in lines)
    assert "- walker, 5 hidden units, gps, seed 2: FloatingPointError: lost" in lines


def test_without_failures_none_are_listed():
    assert "Failed" not in markdown(aggregate(FINALS, []), [])
