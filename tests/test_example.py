"""The README's own Python examples, to the letter."""

import os
import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def output(number, folder):
    """The lines that one of the examples prints."""
    examples = re.findall(r"^```python\n(.*?)^```", README.read_text(encoding="utf-8"), re.S | re.M)
    assert len(examples) == 2
    ran = subprocess.run(
        [sys.executable, "-c", examples[number]],
        cwd=folder,
        env=os.environ | {"PYTHONWARNINGS": "error"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.splitlines()


def test_the_python_example_runs_as_it_stands(tmp_path):
    first, *iterations = output(0, tmp_path)
    assert re.fullmatch(r"cost \d+, success \d+%", first)
    assert [line.split()[0] for line in iterations] == ["1", "2", "3", "4", "5"]
    assert not list(tmp_path.iterdir())


def test_the_environments_run_as_they_stand(tmp_path):
    (line,) = output(1, tmp_path)
    assert re.fullmatch(r"return -\d+, success: False", line)
    assert not list(tmp_path.iterdir())
