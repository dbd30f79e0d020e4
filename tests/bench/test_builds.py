"""Large robots are what their names say, and a build's memory is its own."""

import numpy as np
import pytest

from vgps.bench.builds import large_build_rows
from vgps.bench.robots import bare_robot


def test_a_tree_has_a_spine_and_two_legs_at_each_of_its_rods():
    robot = bare_robot("tree of 15")
    assert len(robot.links) == 15 and len(robot.u_names) == 14
    children = {link.name: 0 for link in robot.links}
    for joint in robot.joints:
        children[joint.parent] += 1
    spine = [children[f"rod{i}"] for i in range(3)]
    assert spine == [3, 3, 2]
    assert sum(children.values()) == 14


def test_seconds_and_memory_of_a_build_are_those_of_a_process_of_its_own():
    weight = np.ones(10**8, dtype=np.uint8)  # of this process
    seconds, memory = large_build_rows("chain of 2")
    assert seconds.name == "chain of 2: forced build" and seconds.ours > 0.0
    assert memory.unit == "B" and 1e7 < memory.ours < 1e9
    assert weight.all()
    with pytest.raises(ValueError):
        bare_robot("chain of two")
