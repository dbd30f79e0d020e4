"""The README's own Python example, to the letter."""

import os
import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def test_the_python_example_runs_as_it_stands(tmp_path):
    (example,) = re.findall(
        r"^```python\n(.*?)^```", README.read_text(encoding="utf-8"), re.S | re.M
    )
    ran = subprocess.run(
        [sys.executable, "-c", example],
        cwd=tmp_path,
        env=os.environ | {"PYTHONWARNINGS": "error"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    first, *iterations = ran.stdout.splitlines()
    assert re.fullmatch(r"cost \d+, success \d+%", first)
    assert [line.split()[0] for line in iterations] == ["1", "2", "3", "4", "5"]
    assert not list(tmp_path.iterdir())
