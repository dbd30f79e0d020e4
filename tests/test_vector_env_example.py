"""The example that sets walkers beside Gymnasium's runs, where MuJoCo's environments do."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[1] / "docs" / "examples" / "vector_env.py"
pytest.importorskip("imageio", reason="Gymnasium's MuJoCo environments need it")


@pytest.mark.slow
def test_it_says_how_many_steps_both_take_and_the_ratio_between():
    """No speed is asked for here; the rounds that the ratio is of enclose that of the medians."""
    ran = subprocess.run([sys.executable, EXAMPLE], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    ((ours, theirs),) = re.findall(r"walker (\d+), Walker2d-v5 (\d+)", ran.stdout)
    ((middle, low, high),) = re.findall(
        r"^ratio ([\d.]+) \(([\d.]+) to ([\d.]+)\)", ran.stdout, re.M
    )
    assert 0.0 < float(low) <= float(middle) <= float(high)
    assert 0.5 * float(low) < int(ours) / int(theirs) < 2.0 * float(high)
