"""The example that sets walkers beside Gymnasium's runs, where MuJoCo's environments do."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[1] / "docs" / "examples" / "vector_env.py"
pytest.importorskip("imageio", reason="Gymnasium's MuJoCo environments need it")


@pytest.mark.slow
def test_many_walkers_are_stepped_faster_than_many_of_gymnasium():
    ran = subprocess.run([sys.executable, EXAMPLE], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    (ratio,) = re.findall(r"^ratio ([\d.]+) ", ran.stdout, re.M)
    assert float(ratio) > 2.0
