"""Where there is no README.md, as in an installed package, one sentence says so."""

from pathlib import Path

import pytest

from vgps.bench.readme import Readme
from vgps.report.section import MarkerError


def test_without_a_readme_one_sentence_says_that_only_a_checkout_has_one(tmp_path: Path) -> None:
    with pytest.raises(MarkerError, match="only a checkout of the project has a README.md") as said:
        Readme(tmp_path / "README.md")
    assert str(tmp_path) in str(said.value) and "\n" not in str(said.value)
