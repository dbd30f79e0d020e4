"""Tables say what their numbers alone would not."""

import math

from vgps.report.console import show_pushes


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
