"""Links that could be mistaken for each other lie at different depths; all others in front."""

from pathlib import Path

from codegen import load
from report.depth import link_depths

REPOSITORY = Path(__file__).parents[2]


def test_one_leg_of_a_walker_lies_behind_the_other():
    robot = load(REPOSITORY / "models/walker.yaml")
    legs = dict.fromkeys(("thigh_l", "shank_l", "foot_l"), 0.5)
    assert {
        link.name: depth
        for link, depth in zip(robot.links, link_depths(robot), strict=True)
        if depth > 0.0
    } == legs


def test_a_chain_has_no_depth(model):
    assert not link_depths(model.robot).any()
