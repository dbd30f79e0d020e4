"""Links that could be mistaken for each other lie at different depths; all others in front."""

from vgps.codegen.description.robot import load
from vgps.codegen.folders import MODELS
from vgps.report.depth import link_depths


def test_one_leg_of_a_walker_lies_behind_the_other():
    robot = load(MODELS / "walker.yaml")
    legs = dict.fromkeys(("thigh_l", "shank_l", "foot_l"), 0.5)
    assert {
        link.name: depth
        for link, depth in zip(robot.links, link_depths(robot), strict=True)
        if depth > 0.0
    } == legs


def test_a_chain_has_no_depth(model):
    assert not link_depths(model.robot).any()
